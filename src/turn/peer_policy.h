// Whom a TURN server relays to: not to whatever only it can reach (RFC 8656 §21.1.4, §21.2).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tidewire/address.h"
#include "turn/five_tuple.h"

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
//
// The server's own relay addresses are an exception where they are global: two clients that both have nothing but their
// relays must reach each other. Then only ports of the relay range count. That cannot make data run in a circle
// (RFC 8656 §21.1.7): whatever arrives at a relayed port goes to the client whose port it is, and is never sent on to a
// peer by the server itself. A circle would need a client who is a relayed port, but requests from there are dropped,
// and what listening sockets send is not taken in at a relayed port; or a peer who is a listening socket, which none
// is.
class PeerPolicy {
 public:
  explicit PeerPolicy(const ServerConfig& config);

  // May there be a permission for this address?
  bool allows(const IpAddress& peer) const;
  // The same for an address as a client writes it. RFC 8656 §9: the port does not count, and is 0 with some clients;
  // but one of the server's own that no relay has betrays what the permission is for.
  bool allows_permission(const SocketAddress& peer) const;
  // May data go there, given a permission for the address? Listening sockets are out, whatever the lists say:
  // a server that sends to itself could be made to send for ever (RFC 8656 §21.1.7).
  bool allows_port(const SocketAddress& peer) const {
    for (const std::uint16_t port : special_ports_) {
      if (port == peer.port) return allows_special_port(peer);
    }
    return !is_limited(peer.ip) || in_range(peer.port);
  }

 private:
  bool is_own(const IpAddress& peer) const;
  bool allows_special_port(const SocketAddress& peer) const;
  bool in_range(std::uint16_t port) const { return port >= first_relay_port_ && port <= last_relay_port_; }
  bool is_limited(const IpAddress& peer) const {
    for (const IpAddress& ip : limited_) {
      if (same(ip, peer)) return true;
    }
    return false;
  }

  std::vector<Cidr> allow_;
  std::vector<Cidr> deny_;
  std::vector<IpAddress> own_;
  std::vector<IpAddress> relays_;   // of them: where relayed ports are, or seem to be
  std::vector<IpAddress> limited_;  // of those: which the allow list does not name; ports of the range only
  std::vector<SocketAddress> listening_;
  std::vector<std::uint16_t> special_ports_;  // those of listening_, and 0: only these need a closer look
  std::uint16_t first_relay_port_;
  std::uint16_t last_relay_port_;
};

}  // namespace tidewire::turn
