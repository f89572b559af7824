// Whom a TURN server relays to: not to whatever only it can reach (RFC 8656 §21.1.4, §21.2).
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tidewire/address.h"

namespace tidewire::turn {

// A run of addresses, "10.0.0.0/8".
struct Cidr {
  IpAddress address;
  unsigned prefix_size = 0;

  // An address alone is a run of one. Nothing when malformed.
  static std::optional<Cidr> parse(std::string_view text);
  bool contains(const IpAddress& ip) const;
};

struct ServerConfig;

// The deny list goes before the allow list, and that before what is refused by itself: every address that is not a
// global unicast one, and the server's own. Addresses that carry an IPv4 address inside (mapped, compatible, NAT64,
// 6to4, Teredo, ISATAP) are refused with it.
class PeerPolicy {
 public:
  explicit PeerPolicy(const ServerConfig& config);

  // May there be a permission for this address?
  bool allows(const IpAddress& peer) const;
  // May data go there, given a permission for the address? Listening sockets are out, whatever the lists say:
  // a server that sends to itself could be made to send for ever (RFC 8656 §21.1.7).
  bool allows_port(const SocketAddress& peer) const;

 private:
  bool is_own(const IpAddress& peer) const;

  std::vector<Cidr> allow_;
  std::vector<Cidr> deny_;
  std::vector<IpAddress> own_;
  std::vector<SocketAddress> listening_;
};

}  // namespace tidewire::turn
