// What `tidewire serve` is told, by flags and by its file.
#pragma once

#include <string>
#include <vector>

#include "tidewire/time.h"

namespace tidewire::app {

// The flags of the STUN and TURN service, as they were written.
struct ServeTurnOptions {
  std::vector<std::string> listen;      // ADDR or ADDR:PORT, UDP and TCP
  std::vector<std::string> tls_listen;  // likewise
  std::string tls_certificate;          // files, PEM
  std::string tls_key;
  std::vector<std::string> users;  // NAME:PASSWORD
  std::vector<std::string> secrets;
  std::string realm = "tidewire";
  std::string host;  // in the URLs that callers are told
  std::vector<std::string> relay_ips;
  std::vector<std::string> public_ips;
  std::string relay_ports = "49152-65535";
  std::vector<std::string> allow_peers;  // CIDR
  std::vector<std::string> deny_peers;
  std::size_t max_allocations = 10'000;
  std::size_t max_allocations_per_user = 100;
  std::size_t max_kbps = 0;  // of an allocation; 0: no limit
  std::size_t threads = 0;   // 0: one for each core
  Duration credential_lifetime = std::chrono::hours(12);

  // Has anything been said that only a service that runs can mean?
  bool asked_for() const {
    return !listen.empty() || !tls_listen.empty() || !tls_certificate.empty() || !tls_key.empty() || !users.empty() ||
           !secrets.empty() || !host.empty() || !relay_ips.empty() || !public_ips.empty() || !allow_peers.empty();
  }
};

struct ServeOptions {
  std::string config_file;
  std::string only;  // turn, signaling; empty: both
  std::string listen = "127.0.0.1:8080";
  // What everybody who joins is told to use besides; the credentials go with each turn: and turns: URL.
  std::vector<std::string> ice_urls;
  std::string ice_username;
  std::string ice_credential;
  ServeTurnOptions turn;
  std::string metrics_listen;
  std::string log_format = "text";
  std::string log_level = "info";
  bool log_addresses = false;
  Duration drain_timeout = std::chrono::seconds(10);
  bool json = false;
};

}  // namespace tidewire::app
