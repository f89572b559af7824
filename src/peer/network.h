// The sockets of one connection: one for each address of this machine. Names of browsers' candidates are looked up
// beside them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/event_loop.h"
#include "io/host_resolver.h"
#include "io/mdns_resolver.h"
#include "io/udp_socket.h"
#include "tidewire/session.h"

namespace tidewire::peer {

// "stun:HOST[:PORT]" (RFC 7064 §3.1).
struct StunUrl {
  std::string host;  // a name or an address
  std::uint16_t port = 3478;
};
// Nothing for a URL of another kind, or one that is malformed.
std::optional<StunUrl> parse_stun_url(std::string_view url);

class Network {
 public:
  // `on_change` is called after something was given to the session, which outlives this.
  Network(io::EventLoop& loop, Session& session, UniqueFunction<void()> on_change);

  // Binds a socket on each address and gives it to the session. An error when there is not one that can be bound.
  // Servers that are names are looked up meanwhile.
  Result<> open(bool include_loopback, const std::vector<StunUrl>& servers);
  // Leaves in batches, at the latest at the end of the present turn of the loop.
  void send(Datagram datagram);
  // Multicast DNS for the names of browsers; the session gets the answer.
  void resolve(const std::string& name);

 private:
  void handle_batch(std::span<Datagram> batch);
  void look_up(const StunUrl& server);
  void settle();

  io::EventLoop& loop_;
  Session& session_;
  UniqueFunction<void()> on_change_;
  std::map<SocketAddress, io::UdpSocket> sockets_;
  std::size_t sent_ = 0;
  std::unique_ptr<io::MdnsResolver> mdns_;
  io::HostResolver resolver_;
  std::size_t unresolved_servers_ = 0;
};

}  // namespace tidewire::peer
