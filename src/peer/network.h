// The sockets of one connection: one for each address of this machine. Names of browsers' candidates are looked up
// beside them.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "io/event_loop.h"
#include "io/mdns_resolver.h"
#include "io/udp_socket.h"
#include "tidewire/session.h"

namespace tidewire::peer {

class Network {
 public:
  // `on_change` is called after something was given to the session, which outlives this.
  Network(io::EventLoop& loop, Session& session, UniqueFunction<void()> on_change);

  // Binds a socket on each address and gives it to the session. An error when there is not one that can be bound.
  Result<> open(bool include_loopback);
  void send(Datagram datagram);
  // Multicast DNS for the names of browsers; the session gets the answer.
  void resolve(const std::string& name);

 private:
  void handle_batch(std::span<Datagram> batch);

  io::EventLoop& loop_;
  Session& session_;
  UniqueFunction<void()> on_change_;
  std::map<SocketAddress, io::UdpSocket> sockets_;
  std::unique_ptr<io::MdnsResolver> mdns_;
};

}  // namespace tidewire::peer
