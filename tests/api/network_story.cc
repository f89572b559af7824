// How a connection uses the network, as its configuration says.
#include <algorithm>
#include <regex>
#include <sstream>

#include "two_peers.h"

namespace tidewire::api {
namespace {

// A caller and a callee of their own configurations, with a channel between them.
struct Pair {
  Pair(EventLoop& loop, Configuration a, Configuration b) : alice(loop, std::move(a)), bob(loop, std::move(b)) {
    alice.on_ice_candidate = [this](const IceCandidateInit& candidate) { pass(candidate, bob); };
    bob.on_ice_candidate = [this](const IceCandidateInit& candidate) { pass(candidate, alice); };
    channel = alice.create_data_channel("story").value();
    bob.on_data_channel = [this](std::shared_ptr<DataChannel> incoming) { other = std::move(incoming); };
  }

  void negotiate() {
    alice.set_local_description().value();
    bob.set_remote_description(filtered(*alice.local_description())).value();
    bob.set_local_description().value();
    alice.set_remote_description(filtered(*bob.local_description())).value();
  }

  // Candidates that do not match are lost on the way.
  void pass(const IceCandidateInit& candidate, PeerConnection& to) {
    seen.push_back(candidate.candidate);
    if (candidate.candidate.empty() || std::regex_search(candidate.candidate, let_through)) {
      to.add_ice_candidate(candidate).value();
    }
  }
  SessionDescription filtered(SessionDescription description) {
    std::istringstream lines(description.sdp);
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("a=candidate:") || std::regex_search(line, let_through)) kept += line + "\n";
    }
    description.sdp = kept;
    return description;
  }

  std::regex let_through{""};
  std::vector<std::string> seen;
  PeerConnection alice;
  PeerConnection bob;
  std::shared_ptr<DataChannel> channel;
  std::shared_ptr<DataChannel> other;
};

bool run(EventLoop& loop, UniqueFunction<bool()> done) {
  bool is_done = false;
  const Timestamp end = EventLoop::now() + 20s;
  UniqueFunction<void()> look = [&] {
    is_done = done();
    if (is_done || EventLoop::now() > end) return loop.stop();
    loop.post_after(5ms, [&] { look(); });
  };
  loop.post([&] { look(); });
  loop.run();
  return is_done;
}

TEST(NetworkStory, ManyConnectionsShareOnePort) {
  EventLoop loop;
  const auto port = UdpPort::open(loop, 0, true).value();
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 4; ++i) {
    pairs.push_back(
        std::make_unique<Pair>(loop, Configuration{.include_loopback = true},
                               Configuration{.include_loopback = true, .udp_port = port, .tcp_candidates = false}));
    pairs.back()->negotiate();
  }
  const auto is_open = [](const auto& pair) { return pair->other != nullptr; };
  ASSERT_TRUE(run(loop, [&] { return std::ranges::all_of(pairs, is_open); }));
  for (const auto& pair : pairs) {
    const auto used = pair->alice.get_stats().selected_candidate_pair;
    ASSERT_TRUE(used);
    EXPECT_EQ(used->remote.address.port, port->port());
  }
}

TEST(NetworkStory, ARestartOnASharedPortFindsItsWay) {
  EventLoop loop;
  Pair pair(loop, {.include_loopback = true},
            {.include_loopback = true, .udp_port = UdpPort::open(loop, 0, true).value(), .tcp_candidates = false});
  pair.negotiate();
  // A loop that was stopped does not run again: everything happens in one run.
  int restarts = 0;
  std::uint32_t before = 0;
  EXPECT_TRUE(run(loop, [&] {
    const std::uint32_t changes = pair.alice.get_stats().transport.selected_candidate_pair_changes;
    if (pair.other == nullptr || changes <= before) return false;
    if (restarts == 3) return true;
    ++restarts;
    before = changes;
    pair.alice.restart_ice();
    pair.negotiate();
    return false;
  })) << restarts;
}

TEST(NetworkStory, AServerOfOnePortMayBeLite) {
  EventLoop loop;
  Pair pair(loop, {.include_loopback = true},
            {.include_loopback = true,
             .udp_port = UdpPort::open(loop, 0, true).value(),
             .tcp_candidates = false,
             .ice_lite = true});
  pair.negotiate();
  EXPECT_NE(pair.bob.local_description()->sdp.find("a=ice-lite\r\n"), std::string::npos);
  ASSERT_TRUE(run(loop, [&] { return pair.other != nullptr; }));
  EXPECT_EQ(pair.alice.get_stats().transport.ice_role, "controlling");
  EXPECT_EQ(pair.bob.get_stats().selected_candidate_pair->requests_sent, 0U);
}

TEST(NetworkStory, SocketsAreBoundInTheRange) {
  EventLoop loop;
  const PortRange range{41000, 41099};
  Pair pair(loop, {.include_loopback = true, .port_range = range},
            {.include_loopback = true, .port_range = range, .tcp_candidates = false});
  pair.negotiate();
  ASSERT_TRUE(run(loop, [&] { return pair.other != nullptr; }));
  const auto used = pair.alice.get_stats().selected_candidate_pair;
  ASSERT_TRUE(used);
  for (const auto& end : {used->local, used->remote}) {
    EXPECT_GE(end.address.port, range.first);
    EXPECT_LE(end.address.port, range.last);
  }
}

TEST(NetworkStory, WithoutUdpTheyConnectOverTcp) {
  EventLoop loop;
  Pair pair(loop, {.include_loopback = true}, {.include_loopback = true});
  pair.let_through = std::regex(" tcp ");
  pair.negotiate();
  ASSERT_TRUE(run(loop, [&] { return pair.other != nullptr; }));
  const auto used = pair.bob.get_stats().selected_candidate_pair;
  ASSERT_TRUE(used);
  EXPECT_EQ(used->local.protocol, "tcp");
  EXPECT_EQ(used->remote.protocol, "tcp");
}

TEST(NetworkStory, HiddenAddressesAreNotInTheCandidates) {
  EventLoop loop;
  Pair pair(loop, {.hide_host_addresses = true}, {});
  bool gathered = false;
  pair.alice.on_ice_gathering_state_change = [&] {
    gathered = pair.alice.ice_gathering_state() == IceGatheringState::kComplete;
  };
  pair.negotiate();
  ASSERT_TRUE(run(loop, [&] { return gathered; }));
  const std::string sdp = pair.alice.local_description()->sdp;
  const std::regex host_line("a=candidate:[^\r]* ([^ ]+) \\d+ typ host");
  int hosts = 0;
  for (std::sregex_iterator line(sdp.begin(), sdp.end(), host_line), end; line != end; ++line) {
    const std::string address = (*line)[1];
    // Where there is nothing but loopback, that is shown: it tells nothing.
    EXPECT_TRUE(address.ends_with(".local") || address.starts_with("127.") || address == "::1") << address;
    ++hosts;
  }
  EXPECT_GT(hosts, 0);
}

TEST(NetworkStory, AServerUrlThatIsWrongIsNamedAtOnce) {
  EventLoop loop;
  const auto error_for = [&](IceServer server) {
    PeerConnection connection(loop, {.ice_servers = {std::move(server)}});
    (void)connection.create_data_channel("x").value();
    return connection.set_local_description().error();
  };
  const Error syntax = error_for({.urls = {"stun:"}});
  EXPECT_EQ(syntax.code, ErrorCode::kSyntax) << syntax.message;
  const Error access = error_for({.urls = {"turn:relay.example"}});
  EXPECT_EQ(access.code, ErrorCode::kInvalidAccess);
  EXPECT_NE(access.message.find("turn:relay.example"), std::string::npos) << access.message;
}

TEST(NetworkStory, AServerWithoutAnAddressIsToldAndTheCallGoesOn) {
  EventLoop loop;
  Pair pair(loop, {.ice_servers = {{.urls = {"stun:nowhere.invalid"}}}, .include_loopback = true},
            {.include_loopback = true});
  std::vector<IceCandidateError> errors;
  pair.alice.on_ice_candidate_error = [&](const IceCandidateError& error) { errors.push_back(error); };
  pair.negotiate();
  ASSERT_TRUE(run(loop, [&] { return pair.other != nullptr && !errors.empty(); }));
  EXPECT_EQ(errors.front().url, "stun:nowhere.invalid");
  EXPECT_EQ(errors.front().error_code, 701);
  EXPECT_FALSE(pair.alice.failure());
}

}  // namespace
}  // namespace tidewire::api
