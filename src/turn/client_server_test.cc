// Our client and our server, hours of virtual time, networks that lose.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sim/simulation.h"
#include "turn/client.h"
#include "turn/server.h"

namespace tidewire::turn {
namespace {

SocketAddress address(std::string_view text) { return *SocketAddress::parse(text); }

const SocketAddress kServer = address("192.0.2.1:3478");
const SocketAddress kServerV6 = address("[2001:db8::1]:3478");
const SocketAddress kPeer = address("198.51.100.7:5000");
const SocketAddress kPeerV6 = address("[2001:db8:7::7]:5000");
constexpr UnixTime kToday{std::chrono::seconds(1'800'000'000)};

class ServerHost : public sim::Endpoint {
 public:
  ServerHost(const ServerConfig& config, sim::Simulation& simulation)
      : server(config, crypto::Random::from_test_seed(1), {simulation.now(), kToday}, simulation.network().pool()) {}

  void handle_input(Datagram datagram, Timestamp now) override { server.handle_input(std::move(datagram), now); }
  void handle_timeout(Timestamp now) override { server.handle_timeout(now); }
  std::optional<Datagram> poll_transmit(Timestamp) override { return server.poll_transmit(); }
  void handle_events(Timestamp now) override {
    while (const auto event = server.poll_event()) {
      if (const auto* open = std::get_if<OpenRelay>(&*event)) server.relay_opened(open->address, now);
    }
  }
  Timestamp next_timeout() const override { return server.next_timeout(); }

  Server server;
};

class ClientHost : public sim::Endpoint {
 public:
  ClientHost(ClientConfig config, sim::Simulation& simulation)
      : client(std::move(config), crypto::Random::from_test_seed(2), simulation.network().pool()) {}

  void handle_input(Datagram datagram, Timestamp now) override {
    if (!client.wants(datagram)) return;
    if (auto data = client.handle_input(std::move(datagram), now)) received.push_back(std::move(*data));
  }
  void handle_timeout(Timestamp now) override { client.handle_timeout(now); }
  std::optional<Datagram> poll_transmit(Timestamp) override { return client.poll_transmit(); }
  void handle_events(Timestamp) override {
    while (auto event = client.poll_event()) events.push_back(std::move(*event));
  }
  Timestamp next_timeout() const override { return client.next_timeout(); }

  bool failed() const {
    return std::any_of(events.begin(), events.end(),
                       [](const Event& event) { return !std::holds_alternative<event::Allocated>(event); });
  }

  Client client;
  std::vector<Datagram> received;
  std::vector<Event> events;
};

// Sends everything back where it came from.
class EchoHost : public sim::Endpoint {
 public:
  void handle_input(Datagram datagram, Timestamp) override {
    seen.push_back(datagram.remote);
    waiting_.push_back(std::move(datagram));
  }
  void handle_timeout(Timestamp) override {}
  std::optional<Datagram> poll_transmit(Timestamp) override {
    if (waiting_.empty()) return std::nullopt;
    Datagram datagram = std::move(waiting_.back());
    waiting_.pop_back();
    return datagram;
  }
  void handle_events(Timestamp) override {}
  Timestamp next_timeout() const override { return kNever; }

  std::vector<SocketAddress> seen;

 private:
  std::vector<Datagram> waiting_;
};

class ClientAndServer {
 public:
  explicit ClientAndServer(double loss, ServerConfig config = server_config(), ClientConfig client_config = {})
      : simulation(11), server(std::move(config), simulation), client(with_addresses(client_config), simulation) {
    const sim::LinkConfig link{.delay = std::chrono::milliseconds(20), .loss = loss, .duplicate = loss / 4};
    sim::Network& network = simulation.network();
    const std::size_t nat = network.add_nat({.external = *IpAddress::parse("203.0.113.5")});
    simulation.attach(
        network.add_host({.name = "server", .addresses = {kServer.ip, kServerV6.ip}, .up = link, .down = link}),
        server);
    client_id = network.add_host(
        {.name = "client", .addresses = {*IpAddress::parse("10.0.0.2")}, .up = link, .down = link, .nat = nat});
    simulation.attach(client_id, client);
    simulation.attach(network.add_host({.name = "peer", .addresses = {kPeer.ip, kPeerV6.ip}}), peer);
  }

  static ServerConfig server_config() {
    return {.listen = {kServer}, .relay_v4 = kServer.ip, .users = {{"alice", "wonderland"}}, .software = "Tidewire"};
  }
  static ClientConfig with_addresses(ClientConfig config) {
    config.local = address("10.0.0.2:6000");
    config.server = kServer;
    if (config.username.empty()) {
      config.username = "alice";
      config.password = "wonderland";
    }
    return config;
  }

  bool allocate() {
    client.client.start(simulation.now());
    return simulation.run_until([this] { return client.client.state() == ClientState::kAllocated; },
                                std::chrono::seconds(30));
  }
  // Sends so many datagrams to the peer, one each `interval`.
  void talk(int count, Duration interval, const SocketAddress& to = kPeer) {
    for (int i = 0; i < count; ++i) {
      Packet packet = simulation.network().pool().copy_of(as_bytes("datagram " + std::to_string(i)));
      if (auto out = client.client.wrap(std::move(packet), to, simulation.now())) {
        simulation.network().send(client_id, std::move(*out), simulation.now());
      }
      simulation.run_for(interval);
    }
  }

  sim::Simulation simulation;
  ServerHost server;
  ClientHost client;
  EchoHost peer;
  sim::HostId client_id = 0;
};

TEST(TurnClientAndServer, TalkForHoursWithoutLoss) {
  ClientAndServer net(0);
  ASSERT_TRUE(net.allocate());
  net.client.client.allow(kPeer, net.simulation.now());
  net.simulation.run_for(std::chrono::seconds(1));
  net.talk(3 * 3600, std::chrono::seconds(1));
  EXPECT_FALSE(net.client.failed());
  ASSERT_EQ(net.client.received.size(), 3U * 3600U);
  EXPECT_EQ(as_text(net.client.received.back().packet.bytes()), "datagram 10799");
  EXPECT_EQ(net.client.received.back().remote, kPeer);
  EXPECT_EQ(net.client.received.back().local, net.client.client.relayed_address());
  for (const SocketAddress& from : net.peer.seen) ASSERT_EQ(from, net.client.client.relayed_address());
  const ServerStats stats = net.server.server.stats();
  EXPECT_EQ(stats.allocations, 1U);
  EXPECT_EQ(stats.allocations_made, 1U);
  EXPECT_EQ(stats.dropped_from_peers, 0U);
  EXPECT_EQ(stats.wrong_credentials, 0U);
  EXPECT_EQ(net.client.client.stats().channel_data_sent, 3U * 3600U);
}

TEST(TurnClientAndServer, TalkToPeersOfBothFamiliesForHours) {
  ServerConfig config = ClientAndServer::server_config();
  config.relay_v6 = kServerV6.ip;
  ClientAndServer net(0, config, {.family = RelayedFamily::kBoth});
  ASSERT_TRUE(net.allocate());
  ASSERT_TRUE(net.client.client.relayed_v6_address());
  for (const SocketAddress& to : {kPeer, kPeerV6}) net.client.client.allow(to, net.simulation.now());
  net.simulation.run_for(std::chrono::seconds(1));
  for (int i = 0; i < 360; ++i) {
    net.talk(1, std::chrono::seconds(20), kPeer);
    net.talk(1, std::chrono::seconds(20), kPeerV6);
  }
  EXPECT_FALSE(net.client.failed());
  ASSERT_EQ(net.client.received.size(), 720U);
  for (const Datagram& datagram : net.client.received) {
    ASSERT_EQ(datagram.local, datagram.remote == kPeerV6 ? net.client.client.relayed_v6_address()
                                                         : net.client.client.relayed_address());
  }
  EXPECT_EQ(net.server.server.stats().allocations_made, 1U);
  EXPECT_EQ(std::ranges::count(net.peer.seen, *net.client.client.relayed_v6_address()), 360);
  net.client.client.close(net.simulation.now());
  net.simulation.run_for(std::chrono::seconds(1));
  EXPECT_EQ(net.server.server.stats().allocations, 0U);
}

TEST(TurnClientAndServer, AgreeOnTheOneFamilyThatTheServerHas) {
  for (const bool v6 : {false, true}) {
    ServerConfig config = ClientAndServer::server_config();
    if (v6) config.relay_v4.reset();
    if (v6) config.relay_v6 = kServerV6.ip;
    ClientAndServer net(0, config, {.family = RelayedFamily::kBoth});
    ASSERT_TRUE(net.allocate());
    EXPECT_EQ(net.client.client.relayed_address()->ip, v6 ? kServerV6.ip : kServer.ip);
    EXPECT_FALSE(net.client.client.relayed_v6_address());
    for (const SocketAddress& to : {kPeer, kPeerV6}) net.client.client.allow(to, net.simulation.now());
    net.simulation.run_for(std::chrono::seconds(1));
    net.talk(10, std::chrono::seconds(1), v6 ? kPeer : kPeerV6);
    EXPECT_TRUE(net.client.received.empty());
    net.talk(10, std::chrono::seconds(1), v6 ? kPeerV6 : kPeer);
    EXPECT_EQ(net.client.received.size(), 10U);
    EXPECT_FALSE(net.client.failed());
  }
}

TEST(TurnClientAndServer, StayTogetherThroughLossAndNewNonces) {
  ServerConfig config = ClientAndServer::server_config();
  config.nonce_lifetime = std::chrono::minutes(7);
  ClientAndServer net(0.15, config);
  ASSERT_TRUE(net.allocate());
  constexpr int kDatagrams = 4 * 720;
  net.talk(kDatagrams, std::chrono::seconds(5));
  EXPECT_FALSE(net.client.failed());
  EXPECT_EQ(net.client.client.state(), ClientState::kAllocated);
  const ServerStats stats = net.server.server.stats();
  EXPECT_EQ(stats.allocations_made, 1U);
  // At least one for each nonce that went stale.
  EXPECT_GT(stats.challenges, 4U * 60U / 7U);
  // Three links lose on the way there and back: (1 - 0.15)^4 comes back, the peer's own link loses nothing. Duplicates
  // come on top; permissions that a lost request left open for a moment are not much.
  EXPECT_GT(net.client.received.size(), kDatagrams * 2U / 5U);
}

TEST(TurnClientAndServer, EndTogether) {
  ClientAndServer net(0.1);
  ASSERT_TRUE(net.allocate());
  net.talk(10, std::chrono::seconds(1));
  EXPECT_EQ(net.server.server.stats().allocations, 1U);
  net.client.client.close(net.simulation.now());
  EXPECT_TRUE(net.simulation.run_until([&] { return net.client.client.state() == ClientState::kClosed; },
                                       std::chrono::seconds(60)));
  EXPECT_EQ(net.server.server.stats().allocations, 0U);
  const std::size_t before = net.peer.seen.size();
  net.talk(5, std::chrono::seconds(1));
  EXPECT_EQ(net.peer.seen.size(), before);
}

TEST(TurnClientAndServer, AClientThatVanishesLeavesNothingBehind) {
  ClientAndServer net(0);
  ASSERT_TRUE(net.allocate());
  net.simulation.network().up(net.client_id).config().loss = 1;
  net.simulation.run_for(std::chrono::minutes(20));
  EXPECT_EQ(net.server.server.stats().allocations, 0U);
  EXPECT_EQ(net.server.server.stats().users, 0U);
  EXPECT_EQ(net.server.server.next_timeout(), kNever);
}

TEST(TurnClientAndServer, TimeLimitedCredentialsCarryACallBeyondTheirEnd) {
  ServerConfig config = ClientAndServer::server_config();
  config.shared_secrets = {"north"};
  const std::string name = time_limited_name({kToday.since_epoch + std::chrono::minutes(5)}, "dave");
  ClientAndServer net(0.05, config, {.username = name, .password = time_limited_password("north", name)});
  ASSERT_TRUE(net.allocate());
  net.talk(360, std::chrono::seconds(10));
  EXPECT_FALSE(net.client.failed());
  EXPECT_GT(net.client.received.size(), 200U);
}

TEST(TurnClientAndServer, AWrongPasswordIsToldAtOnce) {
  ClientAndServer net(0, ClientAndServer::server_config(), {.username = "alice", .password = "looking-glass"});
  EXPECT_FALSE(net.allocate());
  ASSERT_EQ(net.client.events.size(), 1U);
  const auto* failed = std::get_if<event::Failed>(&net.client.events[0]);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->cause, Cause::kCredentials);
  EXPECT_EQ(failed->code, 401);
}

TEST(TurnClientAndServer, ARefusedPeerHarmsNothing) {
  ClientAndServer net(0);
  ASSERT_TRUE(net.allocate());
  net.client.client.allow(address("10.1.1.1:80"), net.simulation.now());
  net.client.client.allow(kPeer, net.simulation.now());
  net.simulation.run_for(std::chrono::seconds(5));
  net.talk(100, std::chrono::seconds(10));
  EXPECT_EQ(net.client.received.size(), 100U);
  ASSERT_GE(net.client.events.size(), 2U);
  const auto* refused = std::get_if<event::PermissionRefused>(&net.client.events[1]);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, 403);
}

}  // namespace
}  // namespace tidewire::turn
