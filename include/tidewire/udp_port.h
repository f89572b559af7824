// One UDP port that many connections share: what a server opens in its firewall.
#pragma once

#include <cstdint>
#include <memory>

#include "tidewire/event_loop.h"
#include "tidewire/result.h"

namespace tidewire {

namespace peer {
class Network;
}

// Given to each connection in Configuration::udp_port. Connections are told apart by the ICE credentials and addresses
// of their peers. Used on its loop's thread; the connections that use it are on the same loop.
class UdpPort {
 public:
  // Opens the port on every address of this host. Network: no address could be bound; the sentence says why.
  static Result<std::shared_ptr<UdpPort>> open(EventLoop& loop, std::uint16_t port, bool include_loopback = false);
  ~UdpPort();
  UdpPort(const UdpPort&) = delete;
  UdpPort& operator=(const UdpPort&) = delete;

  std::uint16_t port() const;

 private:
  friend class peer::Network;
  struct Impl;
  explicit UdpPort(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire
