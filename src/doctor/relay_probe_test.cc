// The relay probe against our own TURN server, in virtual time.
#include "doctor/relay_probe.h"

#include <gtest/gtest.h>

#include <functional>

#include "doctor/probe_for_test.h"

namespace tidewire::doctor {
namespace {

using namespace std::chrono_literals;

const SocketAddress kFirst = address("198.51.100.2:40001");
const SocketAddress kSecond = address("198.51.100.2:40002");
const SocketAddress kPeerSocket = address("198.51.100.2:40003");

turn::ServerConfig relay_config() {
  turn::ServerConfig config;
  config.relay_v4 = ip("192.0.2.1");
  config.users = {{"alice", "wonderland"}};
  // The addresses of these nets are for documentation, and two allocations of one server are to meet.
  for (const char* net : {"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"})
    config.allow.push_back(*turn::Cidr::parse(net));
  return config;
}

struct Wanted {
  turn::ServerConfig server = relay_config();
  sim::NatBehaviour mapping = sim::NatBehaviour::kEndpointIndependent;
  bool behind_nat = false;
  bool with_peer = true;
  bool relay_ports_closed = false;
  double loss = 0;
  std::string password = "wonderland";
  SocketAddress server_address = kServerAddress;
};

RelayFindings probe(const Wanted& wanted, std::size_t* left = nullptr) {
  TestNet net;
  ServerEndpoint& server = net.add_server(kOneAddress, kServerAddress, wanted.server);
  server.close_relay_ports = wanted.relay_ports_closed;
  std::optional<sim::NatId> nat;
  if (wanted.behind_nat) nat = net.network.add_nat({.mapping = wanted.mapping, .external = ip("203.0.113.1")});
  const auto host = net.add_client("198.51.100.2", nat);
  net.network.down(host).config().loss = wanted.loss;
  RelayProbeConfig config;
  config.first = {.local = kFirst, .server = wanted.server_address, .username = "alice", .password = wanted.password};
  config.second = config.first;
  config.second.local = kSecond;
  if (wanted.with_peer) {
    config.peer_local = kPeerSocket;
    config.peer_seen_as = wanted.behind_nat ? address("203.0.113.1:40000") : kPeerSocket;
  }
  MachineEndpoint<RelayProbe> client(RelayProbe(config, crypto::Random::from_test_seed(5), net.network.pool()));
  net.simulation.attach(host, client);
  client.machine.start(net.simulation.now());
  std::optional<RelayFindings> found;
  EXPECT_TRUE(net.simulation.run_until([&] { return (found = client.machine.poll_event()).has_value(); }, 60s));
  EXPECT_FALSE(client.machine.poll_event());
  EXPECT_EQ(client.machine.next_timeout(), kNever);
  if (left) *left = server.server().stats().allocations;
  return found.value_or(RelayFindings{});
}

TEST(RelayProbe, SendsThroughTheRelayFromASecondSocket) {
  std::size_t left = 9;
  const RelayFindings found = probe({}, &left);
  EXPECT_TRUE(found.allocated);
  EXPECT_EQ(found.allocate_time, 40ms);  // a challenge, and the answer to it
  EXPECT_EQ(found.path, RelayPath::kPeerSocket);
  EXPECT_TRUE(found.relays());
  EXPECT_EQ(found.sent, RelayProbe::kDatagrams);
  EXPECT_EQ(found.received, RelayProbe::kDatagrams);
  EXPECT_EQ(found.round_trip, 40ms);
  EXPECT_FALSE(found.failure);
  EXPECT_EQ(left, 0U);  // it has been given back
}

TEST(RelayProbe, FindsThePortThatANatGaveThePeer) {
  for (const auto mapping : {sim::NatBehaviour::kEndpointIndependent, sim::NatBehaviour::kAddressAndPortDependent}) {
    const RelayFindings found = probe({.mapping = mapping, .behind_nat = true});
    EXPECT_EQ(found.path, RelayPath::kPeerSocket);
    EXPECT_EQ(found.received, RelayProbe::kDatagrams);
  }
}

TEST(RelayProbe, WithoutAPeerLetsTwoAllocationsMeet) {
  std::size_t left = 9;
  const RelayFindings found = probe({.with_peer = false}, &left);
  EXPECT_FALSE(found.peer_tried);
  EXPECT_EQ(found.path, RelayPath::kSecondAllocation);
  EXPECT_EQ(found.received, RelayProbe::kDatagrams);
  EXPECT_EQ(found.round_trip, 60ms);  // this net lets the server's links carry what it sends to itself
  EXPECT_EQ(left, 0U);
}

TEST(RelayProbe, SeesThatTheServerRefusesThePeer) {
  Wanted wanted;
  wanted.server.deny = {*turn::Cidr::parse("198.51.100.0/24")};
  const RelayFindings found = probe(wanted);
  ASSERT_TRUE(found.peer_refused);
  EXPECT_EQ(found.peer_refused->code, 403);
  EXPECT_EQ(found.path, RelayPath::kSecondAllocation);
  EXPECT_TRUE(found.relays());
}

TEST(RelayProbe, SeesThatTheRelayKeepsItsPortsClosed) {
  std::size_t left = 9;
  const RelayFindings found = probe({.relay_ports_closed = true}, &left);
  EXPECT_TRUE(found.allocated);
  EXPECT_TRUE(found.peer_tried);
  EXPECT_EQ(found.path, RelayPath::kNone);
  EXPECT_FALSE(found.relays());
  EXPECT_FALSE(found.failure);
  EXPECT_EQ(left, 0U);
}

TEST(RelayProbe, CountsWhatIsLost) {
  const RelayFindings found = probe({.loss = 0.2});
  EXPECT_TRUE(found.relays());
  EXPECT_EQ(found.sent, RelayProbe::kDatagrams);
  EXPECT_LT(found.received, found.sent);
  EXPECT_GT(found.received, found.sent / 4);
}

TEST(RelayProbe, SaysWhyThereIsNoAllocation) {
  const RelayFindings wrong_password = probe({.password = "looking-glass"});
  ASSERT_TRUE(wrong_password.failure);
  EXPECT_EQ(wrong_password.failure->cause, turn::Cause::kCredentials);
  EXPECT_EQ(wrong_password.failure->code, 401);
  EXPECT_FALSE(wrong_password.allocated);

  Wanted full;
  full.server.max_allocations_per_user = 0;
  const RelayFindings no_room = probe(full);
  ASSERT_TRUE(no_room.failure);
  EXPECT_EQ(no_room.failure->cause, turn::Cause::kQuota);

  const RelayFindings nobody = probe({.server_address = address("192.0.2.200:3478")});
  ASSERT_TRUE(nobody.failure);
  EXPECT_EQ(nobody.failure->cause, turn::Cause::kTimeout);
}

TEST(RelayProbe, SaysThatThereIsNoSecondAllocation) {
  Wanted wanted{.with_peer = false};
  wanted.server.max_allocations_per_user = 1;
  const RelayFindings found = probe(wanted);
  EXPECT_TRUE(found.allocated);
  EXPECT_FALSE(found.relays());
  ASSERT_TRUE(found.failure);
  EXPECT_EQ(found.failure->cause, turn::Cause::kQuota);
}

TEST(RelayProbe, EndsWithItsStream) {
  PacketPool pool;
  RelayProbeConfig config;
  config.first = {.local = kFirst, .server = kServerAddress, .stream = StreamId(1), .username = "a", .password = "b"};
  config.second = config.first;
  config.second.stream = StreamId(2);
  RelayProbe probe(config, crypto::Random::from_test_seed(1), pool);
  Timestamp now{1h};
  probe.start(now);
  EXPECT_TRUE(probe.poll_transmit());
  probe.handle_stream_closed(StreamId(2), now);
  EXPECT_FALSE(probe.poll_event());
  probe.handle_stream_closed(StreamId(1), now);
  while (probe.next_timeout() != kNever) probe.handle_timeout(now = probe.next_timeout());
  const auto found = probe.poll_event();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->failure);
}

TEST(RelayProbe, DropsWhatIsNotItsOwn) {
  PacketPool pool;
  RelayProbeConfig config;
  config.first = {.local = kFirst, .server = kServerAddress};
  config.second = {.local = kSecond, .server = kServerAddress};
  config.peer_local = kPeerSocket;
  RelayProbe probe(config, crypto::Random::from_test_seed(1), pool);
  const Timestamp now{1h};
  probe.start(now);
  while (probe.poll_transmit()) {
  }
  for (const SocketAddress& local : {kFirst, kSecond, kPeerSocket, kAlternate}) {
    for (const std::size_t size : {0UL, 4UL, 20UL, RelayProbe::kPayload, 1500UL}) {
      for (const std::uint8_t byte : Bytes{0x00, 0x40, 0xff})
        probe.handle_input({local, kServerAddress, pool.copy_of(Bytes(size, byte)), {}}, now);
    }
  }
  EXPECT_FALSE(probe.poll_transmit());
  EXPECT_FALSE(probe.poll_event());
}

}  // namespace
}  // namespace tidewire::doctor
