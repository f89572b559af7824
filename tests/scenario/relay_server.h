// A STUN and TURN server on a simulated host, and one that only sends elsewhere.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "sim/simulation.h"
#include "tidewire/turn_server.h"
#include "turn/server.h"

namespace tidewire::scenario {

struct RelayServerOptions {
  std::string_view address = "192.0.2.1";
  std::string_view address_v6{};  // empty: none
  sim::LinkConfig link{};
  bool relays = true;  // or answers Binding requests only
  std::size_t max_allocations_per_user = 100;
};

class RelayServer final : public sim::Endpoint {
 public:
  static constexpr std::uint16_t kPort = 3478;    // UDP and TCP
  static constexpr std::uint16_t kTlsPort = 443;  // TLS
  static constexpr std::string_view kName = "relay.example";
  static constexpr std::string_view kUser = "caller";
  static constexpr std::string_view kPassword = "let me through";

  RelayServer(sim::Simulation& simulation, const RelayServerOptions& options);

  // How a client with the right credentials names the server at an address.
  static TurnServer at(std::string_view address = "192.0.2.1", TurnTransport transport = TurnTransport::kUdp);
  static SocketAddress stun(std::string_view address = "192.0.2.1");

  void handle_input(Datagram datagram, Timestamp now) override { server.handle_input(std::move(datagram), now); }
  void handle_timeout(Timestamp now) override { server.handle_timeout(now); }
  std::optional<Datagram> poll_transmit(Timestamp) override { return server.poll_transmit(); }
  void handle_events(Timestamp now) override;
  Timestamp next_timeout() const override { return server.next_timeout(); }
  void stream_accepted(StreamId stream, SocketAddress local, SocketAddress remote, Timestamp now) override;
  void stream_closed(StreamId stream, sim::StreamCloseReason reason, Timestamp now) override;

  turn::Server server;
  sim::HostId host;

 private:
  std::map<StreamId, std::pair<SocketAddress, SocketAddress>> clients_;  // local, remote
};

// Answers every Allocate request with 300: try that other server (RFC 8489 §10).
class RedirectingServer final : public sim::Endpoint {
 public:
  RedirectingServer(sim::Simulation& simulation, std::string_view address, SocketAddress elsewhere);

  void handle_input(Datagram datagram, Timestamp now) override;
  void handle_timeout(Timestamp) override {}
  std::optional<Datagram> poll_transmit(Timestamp) override;
  void handle_events(Timestamp) override {}
  Timestamp next_timeout() const override { return kNever; }

  int redirected = 0;

 private:
  PacketPool& pool_;
  SocketAddress elsewhere_;
  std::deque<Datagram> answers_;
};

}  // namespace tidewire::scenario
