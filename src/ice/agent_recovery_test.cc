// A call whose network changes under it: how soon packets flow again, both ways. The times are those of the protocol,
// in virtual time.
#include <gtest/gtest.h>

#include "ice/agent_test_wire.h"

namespace tidewire::ice {
namespace {

const SocketAddress kA = address("10.0.0.1:5000");
const SocketAddress kA2 = address("10.0.1.1:5001");
const SocketAddress kB = address("10.0.0.2:6000");
const SocketAddress kB2 = address("10.0.1.2:6001");
const SocketAddress kPublicB = address("198.51.100.2:6000");
const SocketAddress kStun = address("192.0.2.53:3478");
const IpAddress kNatA = *IpAddress::parse("203.0.113.1");
const IpAddress kNatB = *IpAddress::parse("203.0.113.2");
const IpAddress kNewNatA = *IpAddress::parse("203.0.113.77");

constexpr Duration kOneWay = milliseconds(50);
constexpr Duration kRecovered = seconds(2);

bool touches(const SocketAddress& socket, const SocketAddress& from, const SocketAddress& to) {
  return from == socket || to == socket;
}

class IceRecovery : public ::testing::TestWithParam<Role> {
 protected:
  IceRecovery() {
    wire.delay = kOneWay;
    wire.stun_server = kStun;
  }

  void connect(std::vector<SocketAddress> sockets_a, std::vector<SocketAddress> sockets_b, bool end = true) {
    wire.open(a, std::move(sockets_a));
    wire.open(b, std::move(sockets_b));
    wire.connect_both();
    ASSERT_TRUE(wire.run_until([&] { return nominated(); }, seconds(5)));
    if (end) {
      a.agent.end_of_remote_candidates(wire.now);
      b.agent.end_of_remote_candidates(wire.now);
    }
    wire.run_for(seconds(3));
  }
  void talk() {
    wire.start_media();
    wire.run_for(seconds(7));
    for (Peer* peer : {&a, &b}) {
      peer->events.clear();
      peer->longest_gap = {};
    }
  }
  bool nominated() const {
    return a.connected() && b.connected() && a.agent.selected_pair()->nominated && b.agent.selected_pair()->nominated;
  }
  // How long it takes until both sides have had packets on the path that they use, after it became true that `moved`.
  Duration time_to_recover(const std::function<bool()>& moved) {
    const Timestamp start = wire.now;
    if (!wire.run_until([&] { return a.agent.selected_pair() && b.agent.selected_pair() && moved(); }, seconds(40))) {
      return Duration::max();
    }
    const auto before = std::pair(a.media_on_path, b.media_on_path);
    const bool flows =
        wire.run_until([&] { return a.media_on_path > before.first && b.media_on_path > before.second; }, seconds(40));
    const Duration took = flows ? wire.now - start : Duration::max();
    record(took);
    return took;
  }
  static void record(Duration took) {
    const auto count = std::chrono::duration_cast<milliseconds>(took).count();
    ::testing::Test::RecordProperty("recovered_after_ms", static_cast<int>(count));
  }
  // What an application would notice. That all checks are done is no event for it.
  static std::size_t disturbances(const Peer& peer) {
    const auto states = peer.states();
    const auto calm = static_cast<std::size_t>(std::count(states.begin(), states.end(), State::kCompleted));
    return states.size() - calm + peer.count<SelectedPairChanged>();
  }
  // Nothing changes any more.
  void expect_calm() {
    wire.run_for(seconds(5));
    a.events.clear();
    b.events.clear();
    wire.run_for(seconds(60));
    for (const Peer* peer : {&a, &b}) {
      EXPECT_EQ(disturbances(*peer), 0U);
      EXPECT_TRUE(peer->connected());
      EXPECT_TRUE(peer->agent.selected_pair()->nominated);
    }
  }

  Peer a{AgentConfig{.role = GetParam(), .stun_servers = {kStun}}, 1};
  Peer b{AgentConfig{.role = GetParam() == Role::kControlling ? Role::kControlled : Role::kControlling,
                     .stun_servers = {kStun}},
         2};
  Wire wire{a, b};
};

INSTANTIATE_TEST_SUITE_P(SideA, IceRecovery, ::testing::Values(Role::kControlling, Role::kControlled),
                         [](const auto& suite) { return std::string(to_string(suite.param)); });

TEST_P(IceRecovery, ACutPathIsLeftForASecondOne) {
  connect({kA, kA2}, {kB});
  talk();
  ASSERT_EQ(a.agent.selected_pair()->local_address, kA);
  wire.passes = [](const SocketAddress& from, const SocketAddress& to) { return !touches(kA, from, to); };
  const Duration took = time_to_recover(
      [&] { return a.agent.selected_pair()->local_address == kA2 && b.agent.selected_pair()->remote_address == kA2; });
  EXPECT_LE(took, kRecovered);
  expect_calm();
}

// Nothing but the packets themselves says that they have begun to flow.
TEST_P(IceRecovery, ACallThatHasJustBegunToTalkIsWatchedToo) {
  connect({kA, kA2}, {kB});
  wire.run_for(seconds(30));
  wire.start_media();
  wire.run_for(milliseconds(2200));
  wire.passes = [](const SocketAddress& from, const SocketAddress& to) { return !touches(kA, from, to); };
  EXPECT_LE(time_to_recover([&] {
              return a.agent.selected_pair()->local_address == kA2 && b.agent.selected_pair()->remote_address == kA2;
            }),
            kRecovered);
}

TEST_P(IceRecovery, APathThatIsCutInOneDirectionIsLeftByBothSides) {
  for (const bool from_a : {true, false}) {
    wire.passes = [](auto&, auto&) { return true; };
    if (from_a) {
      connect({kA, kA2}, {kB}, false);
      talk();
    }
    ASSERT_TRUE(
        wire.run_until([&] { return nominated() && a.agent.selected_pair()->local_address == kA; }, seconds(60)));
    wire.run_for(seconds(5));
    wire.passes = [from_a](const SocketAddress& from, const SocketAddress& to) {
      return from_a ? from != kA : to != kA;
    };
    const Duration took = time_to_recover([&] {
      return a.agent.selected_pair()->local_address == kA2 && b.agent.selected_pair()->remote_address == kA2;
    });
    EXPECT_LE(took, kRecovered) << from_a;
    expect_calm();
  }
}

TEST_P(IceRecovery, APathOnWhichOnlyOneSideSpeaksIsLeftTooWhenItDies) {
  connect({kA, kA2}, {kB}, false);
  wire.speaks = [&](const Peer& peer) { return &peer == &a; };
  talk();
  wire.passes = [](const SocketAddress& from, const SocketAddress& to) { return !touches(kA, from, to); };
  const Timestamp cut = wire.now;
  ASSERT_TRUE(wire.run_until(
      [&] { return a.agent.selected_pair()->local_address == kA2 && b.agent.selected_pair()->remote_address == kA2; },
      seconds(40)));
  record(wire.now - cut);
  EXPECT_LE(wire.now - cut, kRecovered);
}

TEST_P(IceRecovery, ANatThatForgetsItsBindingsIsFollowedByAPublicPeer) {
  for (const IpAddress& new_ip : {kNatA, kNewNatA}) {
    SCOPED_TRACE(new_ip.to_string());
    Peer from(AgentConfig{.role = GetParam(), .stun_servers = {kStun}}, 3);
    Peer to(AgentConfig{.role = b.agent.role()}, 4);
    Wire line(from, to);
    line.delay = kOneWay;
    line.stun_server = kStun;
    from.nat = Nat{.public_ip = kNatA};
    line.open(from, {kA});
    line.open(to, {kPublicB});
    line.connect_both();
    line.start_media();
    line.run_for(seconds(10));
    ASSERT_EQ(to.agent.selected_pair()->remote_address, SocketAddress(kNatA, 40000));
    from.nat->rebind(new_ip);
    from.longest_gap = to.longest_gap = {};
    const Timestamp start = line.now;
    const auto moved = [&] {
      return to.agent.selected_pair() && to.agent.selected_pair()->remote_address == SocketAddress(new_ip, 40001) &&
             from.connected();
    };
    ASSERT_TRUE(line.run_until(moved, seconds(40)));
    const auto before = std::pair(from.media_on_path, to.media_on_path);
    ASSERT_TRUE(line.run_until([&] { return from.media_on_path > before.first && to.media_on_path > before.second; },
                               seconds(10)));
    record(line.now - start);
    EXPECT_LE(line.now - start, kRecovered);
    EXPECT_LE(from.longest_gap, kRecovered);
    EXPECT_LE(to.longest_gap, kRecovered);
    line.run_for(seconds(10));
    EXPECT_TRUE(from.agent.selected_pair()->nominated && to.agent.selected_pair()->nominated);
  }
}

TEST_P(IceRecovery, ANewAddressBehindTwoStrictNatsIsSignalledAndUsed) {
  wire.signalling_delay = milliseconds(100);
  a.nat = Nat{.public_ip = kNatA};
  b.nat = Nat{.public_ip = kNatB};
  connect({kA}, {address("192.168.1.2:6000")});
  talk();
  a.nat->rebind(kNewNatA);
  const Duration took = time_to_recover([&] {
    return b.agent.selected_pair()->remote_address == SocketAddress(kNewNatA, 40001) && a.connected() && b.connected();
  });
  EXPECT_LE(took, kRecovered);
  EXPECT_LE(a.longest_gap, kRecovered);
  EXPECT_LE(b.longest_gap, kRecovered);
  EXPECT_EQ(disturbances(a), 0U);  // the pair of its socket is the same as before
  EXPECT_EQ(disturbances(b), 1U);
  expect_calm();
}

TEST_P(IceRecovery, ASocketThatIsReplacedAtOnce) {
  for (const bool ended : {true, false}) {
    if (ended) {
      connect({kA}, {kB});
      talk();
    }
    const SocketAddress old = ended ? kA : kA2;
    const SocketAddress fresh = ended ? kA2 : kA;
    wire.add(a, {.bound = fresh, .preference = 60000});
    wire.remove(a, old);
    const Duration took = time_to_recover([&] {
      return a.agent.selected_pair()->local_address == fresh && b.agent.selected_pair()->remote_address == fresh;
    });
    EXPECT_LE(took, kRecovered);
    EXPECT_EQ(a.agent.local_candidates().size(), 1U);
    expect_calm();
  }
}

TEST_P(IceRecovery, ASocketThatIsReplacedHalfASecondLater) {
  connect({kA}, {kB}, false);
  talk();
  wire.remove(a, kA);
  EXPECT_EQ(a.agent.state(), State::kDisconnected);
  EXPECT_FALSE(a.agent.selected_pair());
  wire.run_for(milliseconds(500));
  wire.add(a, {.bound = kA2, .preference = 60000});
  const Duration took = time_to_recover(
      [&] { return a.agent.selected_pair()->local_address == kA2 && b.agent.selected_pair()->remote_address == kA2; });
  EXPECT_LE(took, kRecovered);
  EXPECT_EQ(a.states(), (std::vector<State>{State::kDisconnected, State::kConnected}));
  EXPECT_TRUE(b.states().empty());
  expect_calm();
}

TEST_P(IceRecovery, ASocketThatIsReplacedInASilentCall) {
  connect({kA}, {kB}, false);
  wire.remove(a, kA);
  wire.add(a, {.bound = kA2, .preference = 60000});
  const Timestamp start = wire.now;
  ASSERT_TRUE(wire.run_until(
      [&] {
        return a.agent.selected_pair() && a.agent.selected_pair()->local_address == kA2 &&
               b.agent.selected_pair()->remote_address == kA2;
      },
      seconds(40)));
  record(wire.now - start);
  EXPECT_LE(wire.now - start, kRecovered);
}

TEST_P(IceRecovery, ANetworkThatIsGoneForALongTimeIsTakenUpAgain) {
  connect({kA}, {kB});
  talk();
  wire.passes = [](auto&, auto&) { return false; };
  wire.run_for(seconds(20));
  EXPECT_EQ(a.states(), std::vector<State>{State::kDisconnected});
  wire.passes = [](auto&, auto&) { return true; };
  const Duration took = time_to_recover([&] { return nominated(); });
  EXPECT_LE(took, seconds(6));
  EXPECT_EQ(a.count<SelectedPairChanged>(), 0U);
  EXPECT_EQ(b.count<SelectedPairChanged>(), 0U);
}

TEST_P(IceRecovery, WithNoNetworkLeftItFailsAfterHalfAMinuteAndIsSilent) {
  connect({kA, kA2}, {kB});
  wire.passes = [](auto&, auto&) { return false; };
  wire.remove(a, kA);
  const Timestamp start = wire.now;
  ASSERT_TRUE(wire.run_until([&] { return a.agent.state() == State::kFailed; }, seconds(60)));
  EXPECT_EQ(wire.now - start, seconds(30));
  wire.run_for(seconds(30));
  EXPECT_EQ(b.agent.state(), State::kFailed);
  const std::uint64_t before = wire.datagrams;
  wire.run_for(seconds(60));
  EXPECT_EQ(wire.datagrams, before);
  // A socket gives another chance to one side at least.
  wire.passes = [](auto&, auto&) { return true; };
  wire.add(a, {.bound = kA, .preference = 60000});
  EXPECT_TRUE(wire.run_until([&] { return a.agent.state() == State::kChecking || a.connected(); }, seconds(1)));
}

// --- No false alarms ---------------------------------------------------------------------------------------------

TEST_P(IceRecovery, ASilentCallIsAskedNoMoreOftenThanConsentWants) {
  connect({kA, kA2}, {kB});
  a.events.clear();
  b.events.clear();
  const std::uint64_t before = wire.datagrams;
  wire.run_for(seconds(300));
  // Each side asks every 4 s at the most, and is answered.
  EXPECT_LE(wire.datagrams - before, 2U * 2U * 300U / 4U);
  EXPECT_GE(wire.datagrams - before, 2U * 2U * 300U / 6U);
  EXPECT_EQ(disturbances(a) + disturbances(b), 0U);
}

TEST_P(IceRecovery, ACallThatFallsSilentIsAskedOnce) {
  connect({kA, kA2}, {kB});
  talk();
  wire.speaks = [](const Peer&) { return false; };
  const std::uint64_t before = a.agent.stats().requests_sent + b.agent.stats().requests_sent;
  wire.run_for(seconds(2));
  EXPECT_LE(a.agent.stats().requests_sent + b.agent.stats().requests_sent - before, 4U);
  wire.run_for(seconds(298));
  EXPECT_LE(a.agent.stats().requests_sent + b.agent.stats().requests_sent - before, 4U + 2U * 300U / 4U);
  EXPECT_EQ(disturbances(a) + disturbances(b), 0U);
}

TEST_P(IceRecovery, LossAndLongRoundTripsDoNotLookLikeADeadPath) {
  struct Case {
    double loss;
    Duration delay;
    bool media;
  };
  for (const Case& c :
       {Case{0.2, kOneWay, true}, Case{0, milliseconds(150), true}, Case{0.1, milliseconds(150), true},
        Case{0, milliseconds(400), true}, Case{0.2, kOneWay, false}, Case{0, milliseconds(400), false}}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(testing::Message() << c.loss << " lost, media " << c.media << ", one way "
                                      << std::chrono::duration_cast<milliseconds>(c.delay).count() << ", seed "
                                      << seed);
      Peer from(GetParam(), seed);
      Peer to(b.agent.role(), seed + 100);
      Wire line(from, to, seed);
      line.delay = c.delay;
      line.loss = c.loss;
      line.open(from, {kA, kA2});
      line.open(to, {kB, kB2});
      line.connect_both();
      if (c.media) line.start_media();
      line.run_for(seconds(20));
      from.events.clear();
      to.events.clear();
      line.run_for(seconds(300));
      EXPECT_EQ(disturbances(from) + disturbances(to), 0U);
    }
  }
}

TEST_P(IceRecovery, ARoundTripThatBecomesVeryLongIsFollowed) {
  connect({kA, kA2}, {kB, kB2});
  talk();
  wire.delay = milliseconds(900);
  wire.run_for(seconds(120));
  EXPECT_LE(disturbances(a) + disturbances(b), 4U);
  EXPECT_EQ(a.states(), std::vector<State>{});
  EXPECT_EQ(b.states(), std::vector<State>{});
  expect_calm();
}

TEST_P(IceRecovery, SpeechThatComesAndGoesDoesNotLookLikeADeadPath) {
  connect({kA, kA2}, {kB, kB2});
  wire.delay = milliseconds(300);
  bool speaking = true;
  wire.speaks = [&](const Peer&) { return speaking; };
  talk();
  for (int i = 0; i < 60; ++i) {
    speaking = !speaking;
    wire.run_for(milliseconds(1700 + 130 * (i % 7)));
  }
  EXPECT_EQ(disturbances(a) + disturbances(b), 0U);
}

TEST_P(IceRecovery, TheBetterPathIsUsedAgainWhenItIsBack) {
  connect({kA, kA2}, {kB});
  talk();
  for (const Duration away : {Duration(seconds(10)), Duration(seconds(300))}) {
    SCOPED_TRACE(std::chrono::duration_cast<seconds>(away).count());
    a.events.clear();
    b.events.clear();
    wire.passes = [](const SocketAddress& from, const SocketAddress& to) { return !touches(kA, from, to); };
    wire.run_for(away);
    ASSERT_EQ(a.agent.selected_pair()->local_address, kA2);
    ASSERT_EQ(b.agent.selected_pair()->remote_address, kA2);
    wire.passes = [](auto&, auto&) { return true; };
    const Duration took = time_to_recover(
        [&] { return a.agent.selected_pair()->local_address == kA && b.agent.selected_pair()->remote_address == kA; });
    EXPECT_LE(took, seconds(40));
    EXPECT_EQ(a.count<SelectedPairChanged>(), 2U);
    EXPECT_EQ(b.count<SelectedPairChanged>(), 2U);
    expect_calm();
  }
}

TEST_P(IceRecovery, APathThatComesAndGoesDoesNotMakeTheCallFlap) {
  connect({kA, kA2}, {kB});
  talk();
  // Two seconds of every four, for two minutes.
  const Timestamp start = wire.now;
  wire.passes = [&](const SocketAddress& from, const SocketAddress& to) {
    return !touches(kA, from, to) || (wire.now - start) / seconds(2) % 2 == 0;
  };
  wire.run_for(seconds(120));
  ::testing::Test::RecordProperty("changes", static_cast<int>(a.count<SelectedPairChanged>()));
  EXPECT_LE(a.count<SelectedPairChanged>(), 120U / 4U * 2U);
  EXPECT_EQ(a.count<StateChanged>(), 0U);
  EXPECT_LE(a.longest_gap, kRecovered);
  EXPECT_LE(b.longest_gap, kRecovered);
}

}  // namespace
}  // namespace tidewire::ice
