// A simulated net with our own STUN and TURN servers in it, and a host that runs one machine.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/simulation.h"
#include "stun/builder.h"
#include "turn/server.h"

namespace tidewire::doctor {

inline SocketAddress address(std::string_view text) { return *SocketAddress::parse(text); }
inline IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

inline const SocketAddress kServerAddress = address("192.0.2.1:3478");
inline const SocketAddress kAlternate = address("192.0.2.9:3479");

// How a server listens.
enum ServerKind { kOneAddress, kTwoPorts, kTwoAddresses, kDeafSecondAddress };

template <typename M>
class MachineEndpoint final : public sim::Endpoint {
 public:
  explicit MachineEndpoint(M made) : machine(std::move(made)) {}
  void handle_input(Datagram datagram, Timestamp now) override { machine.handle_input(std::move(datagram), now); }
  void handle_timeout(Timestamp now) override { machine.handle_timeout(now); }
  std::optional<Datagram> poll_transmit(Timestamp) override { return machine.poll_transmit(); }
  void handle_events(Timestamp) override {}
  Timestamp next_timeout() const override { return machine.next_timeout(); }

  M machine;
};

class ServerEndpoint final : public sim::Endpoint {
 public:
  ServerEndpoint(const turn::ServerConfig& config, std::vector<SocketAddress> sockets, PacketPool& pool)
      : sockets_(std::move(sockets)),
        server_(config, crypto::Random::from_test_seed(7),
                {.monotonic = Timestamp{std::chrono::hours(1)}, .wall = {std::chrono::seconds(1'800'000'000)}}, pool) {}

  void handle_input(Datagram datagram, Timestamp now) override {
    // A relay without its ports: their firewall is closed.
    if (close_relay_ports && !is_listening(datagram.local)) return;
    if (is_listening(datagram.local) || is_open(datagram.local)) server_.handle_input(std::move(datagram), now);
  }
  void handle_timeout(Timestamp now) override { server_.handle_timeout(now); }
  std::optional<Datagram> poll_transmit(Timestamp) override { return server_.poll_transmit(); }
  void handle_events(Timestamp now) override {
    while (auto event = server_.poll_event()) {
      if (const auto* open = std::get_if<turn::OpenRelay>(&*event)) {
        relays_.push_back(open->address);
        server_.relay_opened(open->address, now);
      } else if (const auto* close = std::get_if<turn::CloseRelay>(&*event)) {
        std::erase(relays_, close->address);
      }
    }
  }
  Timestamp next_timeout() const override { return server_.next_timeout(); }

  const turn::Server& server() const { return server_; }
  bool close_relay_ports = false;

 private:
  bool is_listening(const SocketAddress& local) const { return std::ranges::count(sockets_, local) > 0; }
  bool is_open(const SocketAddress& local) const { return std::ranges::count(relays_, local) > 0; }

  std::vector<SocketAddress> sockets_;
  std::vector<SocketAddress> relays_;
  turn::Server server_;
};

class TestNet {
 public:
  sim::Simulation simulation{7};
  sim::Network& network = simulation.network();

  ServerEndpoint& add_server(ServerKind kind, const SocketAddress& at, turn::ServerConfig config = {}) {
    config.listen = {at};
    const SocketAddress next{at.ip, static_cast<std::uint16_t>(at.port + 1)};
    std::vector<SocketAddress> sockets{at};
    std::vector<IpAddress> addresses{at.ip};
    if (kind == kTwoPorts) sockets.push_back(next);
    if (kind == kTwoAddresses || kind == kDeafSecondAddress) {
      config.alternate = kAlternate;
      addresses.push_back(kAlternate.ip);
    }
    if (kind == kTwoAddresses) sockets = {at, {at.ip, kAlternate.port}, {kAlternate.ip, at.port}, kAlternate};
    if (kind == kDeafSecondAddress) addresses.pop_back();
    const auto host = network.add_host({"server", addresses, {.delay = kDelay}, {.delay = kDelay}, {}, {}, {}});
    servers_.push_back(std::make_unique<ServerEndpoint>(config, std::move(sockets), network.pool()));
    simulation.attach(host, *servers_.back());
    return *servers_.back();
  }
  ServerEndpoint& add_server(ServerKind kind, std::string_view at = "192.0.2.1:3478") {
    return add_server(kind, address(at));
  }
  sim::HostId add_client(const char* inside, std::optional<sim::NatId> nat = std::nullopt,
                         const sim::FirewallConfig& firewall = {}) {
    return network.add_host({inside, {ip(inside)}, {.delay = kDelay}, {.delay = kDelay}, nat, firewall, {}});
  }

 private:
  static constexpr Duration kDelay = std::chrono::milliseconds(5);
  std::deque<std::unique_ptr<ServerEndpoint>> servers_;
};

}  // namespace tidewire::doctor
