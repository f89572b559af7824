// Lite agents (RFC 8445 §2.5): they answer, and ask for nothing.
#include <gtest/gtest.h>

#include "ice/agent_test_wire.h"

namespace tidewire::ice {
namespace {

const SocketAddress kA = address("10.0.0.1:5000");
const SocketAddress kA2 = address("10.0.1.1:5001");
const SocketAddress kLite = address("198.51.100.2:6000");

class IceLite : public ::testing::Test {
 protected:
  void connect(std::vector<SocketAddress> sockets_a = {kA}) {
    wire.open(full, std::move(sockets_a));
    wire.open(lite, {kLite});
    full.agent.set_remote_lite(wire.now);
    wire.connect_both();
    ASSERT_TRUE(wire.run_until([&] { return nominated(); }, seconds(2)));
  }
  bool nominated() const {
    return full.connected() && lite.connected() && full.agent.selected_pair()->nominated &&
           lite.agent.selected_pair()->nominated;
  }

  Peer full{Role::kControlled, 1};
  Peer lite{AgentConfig{.role = Role::kControlling, .lite = true}, 2};
  Wire wire{full, lite};
};

TEST_F(IceLite, ConnectsToAFullAgentWithoutAnyRequest) {
  const Timestamp start = wire.now;
  connect();
  EXPECT_LE(wire.now - start, milliseconds(40));
  EXPECT_EQ(full.agent.role(), Role::kControlling);
  EXPECT_EQ(lite.agent.role(), Role::kControlled);
  EXPECT_EQ(lite.agent.selected_pair()->local.address, kLite);
  EXPECT_EQ(lite.agent.selected_pair()->remote_address, kA);
  wire.run_for(seconds(600));
  EXPECT_EQ(lite.agent.stats().requests_sent, 0U);
  EXPECT_EQ(lite.states(), (std::vector<State>{State::kChecking, State::kConnected}));
  EXPECT_EQ(full.states(), (std::vector<State>{State::kChecking, State::kConnected}));
  EXPECT_EQ(lite.count<SelectedPairChanged>(), 1U);
}

TEST_F(IceLite, CrossesTheNatOfAFullPeerWhoseCandidatesAreOfNoUse) {
  full.nat = Nat{.public_ip = *IpAddress::parse("203.0.113.1")};
  connect();
  EXPECT_EQ(lite.agent.selected_pair()->remote.type, CandidateType::kPeerReflexive);
  EXPECT_EQ(lite.agent.selected_pair()->remote_address, address("203.0.113.1:40000"));
  EXPECT_EQ(full.agent.selected_pair()->local.address, address("203.0.113.1:40000"));
}

TEST_F(IceLite, SelectsAPairWhenItIsNominatedAndNotBefore) {
  wire.open(lite, {kLite});
  const Credentials& keys = lite.agent.local_credentials();
  ASSERT_TRUE(lite.agent.set_remote_credentials({"peer", "peerpassword0123456789x"}, wire.now));
  const std::string username = keys.ufrag + ":peer";
  CheckRequest request{.id = {1},
                       .username = username,
                       .remote_pwd = keys.pwd,
                       .role = Role::kControlling,
                       .tie_breaker = 1,
                       .priority = 7};
  lite.agent.handle_input(kLite, kA, build_check(lite.pool, request).bytes(), wire.now);
  EXPECT_FALSE(lite.agent.selected_pair());
  EXPECT_EQ(lite.agent.state(), State::kChecking);
  request.id = {2};
  request.use_candidate = true;
  lite.agent.handle_input(kLite, kA, build_check(lite.pool, request).bytes(), wire.now);
  ASSERT_TRUE(lite.agent.selected_pair());
  EXPECT_EQ(lite.agent.selected_pair()->remote_address, kA);
  EXPECT_EQ(lite.agent.state(), State::kConnected);
  EXPECT_EQ(lite.agent.stats().responses_sent, 2U);
}

TEST_F(IceLite, NoticesThatItsPeerHasVanished) {
  connect();
  wire.passes = [](auto&, auto&) { return false; };
  const Timestamp gone = wire.now;
  ASSERT_TRUE(wire.run_until([&] { return lite.agent.state() == State::kDisconnected; }, seconds(30)));
  EXPECT_GE(wire.now - gone, seconds(9));  // fifteen after the last request
  EXPECT_LE(wire.now - gone, seconds(15));
  ASSERT_TRUE(wire.run_until([&] { return lite.agent.state() == State::kFailed; }, seconds(30)));
  EXPECT_GE(wire.now - gone, seconds(24));
  EXPECT_LE(wire.now - gone, seconds(30));
  EXPECT_EQ(lite.agent.stats().requests_sent, 0U);
  const std::uint64_t before = wire.datagrams;
  wire.run_for(seconds(60));
  EXPECT_EQ(lite.agent.stats().requests_sent, 0U);
  EXPECT_LE(wire.datagrams - before, 40U);  // of the full one, which has had some seconds left
}

TEST_F(IceLite, FollowsItsPeerToAnotherPath) {
  connect({kA, kA2});
  wire.run_for(seconds(2));
  wire.start_media();
  wire.run_for(seconds(5));
  ASSERT_EQ(lite.agent.selected_pair()->remote_address, kA);
  wire.passes = [](const SocketAddress& from, const SocketAddress& to) { return from != kA && to != kA; };
  const Timestamp cut = wire.now;
  ASSERT_TRUE(wire.run_until(
      [&] {
        return full.agent.selected_pair()->local_address == kA2 && lite.agent.selected_pair()->remote_address == kA2;
      },
      seconds(20)));
  EXPECT_LE(wire.now - cut, seconds(2));
  wire.run_for(seconds(60));
  EXPECT_EQ(lite.agent.selected_pair()->remote_address, kA2);
  EXPECT_TRUE(lite.connected() && full.connected());
}

TEST_F(IceLite, StaysControlledWhateverTheDescriptionsSay) {
  EXPECT_TRUE(lite.agent.set_role(Role::kControlling, wire.now));
  EXPECT_EQ(lite.agent.role(), Role::kControlled);
  connect();
  EXPECT_EQ(lite.agent.role(), Role::kControlled);
  EXPECT_EQ(lite.count<RoleChanged>(), 0U);
}

TEST_F(IceLite, ShowsItsPublicAddressInPlaceOfTheHostAddress) {
  const LocalSocket socket{.bound = address("172.31.0.5:6000"), .public_ip = kLite.ip};
  ASSERT_TRUE(lite.agent.add_local_socket(socket, wire.now));
  const auto candidates = lite.agent.local_candidates();
  ASSERT_EQ(candidates.size(), 1U);
  EXPECT_EQ(candidates[0].type, CandidateType::kHost);
  EXPECT_EQ(candidates[0].address, kLite);
  EXPECT_FALSE(candidates[0].related_address);
  EXPECT_EQ(to_string(candidates[0]).find("172.31"), std::string::npos);
}

TEST_F(IceLite, MakesNoConnections) {
  ASSERT_TRUE(lite.agent.add_tcp_active({.bound = kLite, .preference = 1}, wire.now));
  EXPECT_TRUE(lite.agent.local_candidates().empty());
}

TEST(IceLitePair, TwoLiteAgentsFailAtOnceAndSayWhy) {
  Peer a(AgentConfig{.lite = true}, 1);
  Peer b(AgentConfig{.lite = true}, 2);
  Wire wire(a, b);
  wire.open(a, {kA});
  wire.open(b, {kLite});
  a.agent.set_remote_lite(wire.now);
  b.agent.set_remote_lite(wire.now);
  wire.connect_both();
  EXPECT_EQ(a.agent.state(), State::kFailed);
  EXPECT_EQ(b.agent.state(), State::kFailed);
  const auto* failed = std::get_if<StateChanged>(&a.events.back());
  ASSERT_TRUE(failed);
  EXPECT_NE(failed->reason.find("lite"), std::string::npos) << failed->reason;
  wire.run_for(seconds(60));
  EXPECT_EQ(wire.datagrams, 0U);
}

}  // namespace
}  // namespace tidewire::ice
