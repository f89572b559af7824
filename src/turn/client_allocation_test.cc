// Allocate, Refresh, refusals, loss.
#include <gtest/gtest.h>

#include <algorithm>

#include "turn/scripted_server_for_test.h"

namespace tidewire::turn {
namespace {

using namespace std::chrono_literals;
using stun::AttributeType;
using stun::Method;

TEST(TurnAllocation, AnswersTheChallengeAndTellsTheRelayedAddress) {
  ClientPair pair;
  EXPECT_EQ(pair.client.state(), ClientState::kNew);
  pair.allocate();
  ASSERT_EQ(pair.server.seen.size(), 2U);
  EXPECT_FALSE(pair.server.seen[0].authenticated);
  EXPECT_TRUE(pair.server.seen[1].authenticated);
  EXPECT_NE(pair.server.seen[0].id, pair.server.seen[1].id);
  ASSERT_EQ(pair.events.size(), 1U);
  const auto* allocated = pair.last<event::Allocated>();
  ASSERT_NE(allocated, nullptr);
  EXPECT_EQ(allocated->relayed, pair.server.relayed);
  EXPECT_EQ(allocated->mapped, pair.server.mapped);
  EXPECT_EQ(allocated->lifetime, 600s);
  EXPECT_EQ(pair.client.relayed_address(), pair.server.relayed);
  EXPECT_EQ(pair.client.mapped_address(), pair.server.mapped);
}

TEST(TurnAllocation, AsksForUdpAndForIpv6OnlyWhenWanted) {
  for (const bool ipv6 : {false, true}) {
    ClientConfig config = ClientPair::default_config();
    if (ipv6) config.family = RelayedFamily::kIpv6;
    ClientPair pair(config);
    if (ipv6) pair.server.relayed = address("[2001:db8::1]:50000");
    pair.allocate();
    const auto request = stun::MessageView::parse(pair.server.seen[1].bytes);
    EXPECT_EQ(request->find_u32(AttributeType::kRequestedTransport), 0x11000000U);
    EXPECT_EQ(request->has(AttributeType::kRequestedAddressFamily), ipv6);
    if (ipv6) {
      EXPECT_EQ(request->find_u32(AttributeType::kRequestedAddressFamily), 0x02000000U);
    }
  }
}

TEST(TurnAllocation, ReportsRefusalsByTheirCause) {
  struct Case {
    int code;
    Cause cause;
  };
  const Case cases[] = {{300, Cause::kRedirect},    {400, Cause::kRefused},     {403, Cause::kRefused},
                        {420, Cause::kUnsupported}, {437, Cause::kInUse},       {440, Cause::kUnsupported},
                        {441, Cause::kCredentials}, {442, Cause::kUnsupported}, {486, Cause::kQuota},
                        {500, Cause::kRefused},     {508, Cause::kQuota}};
  for (const Case& c : cases) {
    ClientPair pair;
    pair.server.errors[Method::kAllocate] = c.code;
    pair.client.start(pair.now);
    pair.run_for(2min);
    ASSERT_EQ(pair.events.size(), 1U) << c.code;
    const auto* failed = pair.last<event::Failed>();
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(failed->code, c.code);
    EXPECT_EQ(failed->cause, c.cause) << c.code;
    EXPECT_FALSE(failed->reason.empty());
    EXPECT_EQ(pair.server.count(Method::kAllocate), 2U) << c.code;
  }
}

TEST(TurnAllocation, TellsTheAlternateServer) {
  for (const bool before_the_challenge : {false, true}) {
    ClientPair pair;
    pair.server.extra = [](stun::MessageBuilder& builder) {
      builder.add_address(AttributeType::kAlternateServer, address("192.0.2.77:3478"));
      builder.add_text(AttributeType::kAlternateDomain, "other.example");
    };
    pair.client.start(pair.now);
    if (before_the_challenge) {
      const auto request = pair.client.poll_transmit();
      pair.deliver(pair.server.error(*stun::MessageView::parse(request->packet.bytes()), 300, false));
    } else {
      pair.server.errors[Method::kAllocate] = 300;
    }
    pair.settle();
    const auto* failed = pair.last<event::Failed>();
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(failed->cause, Cause::kRedirect);
    EXPECT_EQ(failed->alternate_server, address("192.0.2.77:3478"));
    EXPECT_EQ(failed->alternate_domain, "other.example");
  }
}

// Runs up to the authentic answer to Allocate, and gives that.
Bytes allocate_answer(ClientPair& pair) {
  pair.client.start(pair.now);
  pair.to_server(*pair.client.poll_transmit());
  return *pair.server.receive(pair.client.poll_transmit()->packet.bytes(), pair.now);
}

TEST(TurnAllocation, DropsAnAnswerThatWasCutAnywhere) {
  ClientPair pair;
  const Bytes answer = allocate_answer(pair);
  for (std::size_t size = 0; size < answer.size(); ++size) {
    EXPECT_FALSE(pair.deliver(ByteView(answer).first(size)));
    ASSERT_EQ(pair.client.state(), ClientState::kAllocating) << size;
    // The same with a length that fits.
    if (size < 20 || size % 4 != 0) continue;
    Bytes cut(answer.begin(), answer.begin() + static_cast<std::ptrdiff_t>(size));
    cut[2] = static_cast<std::uint8_t>((size - 20) >> 8);
    cut[3] = static_cast<std::uint8_t>(size - 20);
    EXPECT_FALSE(pair.deliver(cut));
    ASSERT_EQ(pair.client.state(), ClientState::kAllocating) << size;
  }
  pair.deliver(answer);
  EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
}

TEST(TurnAllocation, DropsAnAnswerThatWasChangedAnywhere) {
  ClientPair pair;
  const Bytes answer = allocate_answer(pair);
  for (std::size_t i = 0; i < answer.size(); ++i) {
    Bytes changed = answer;
    changed[i] ^= 0x04;
    EXPECT_FALSE(pair.deliver(changed));
    ASSERT_EQ(pair.client.state(), ClientState::kAllocating) << i;
  }
  pair.deliver(answer);
  EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
}

TEST(TurnAllocation, FailsOnAnAnswerThatMakesNoSense) {
  const std::function<void(ScriptedServer&)> cases[] = {
      [](ScriptedServer& s) { s.relayed = address("[2001:db8::1]:5000"); },  // not the family that was asked for
      [](ScriptedServer& s) { s.relayed.port = 0; },
      [](ScriptedServer& s) { s.relayed = address("0.0.0.0:5000"); },
      [](ScriptedServer& s) { s.lifetime = 0; },
      // RFC 8489 §6.3.3: an attribute that must be understood and is not.
      [](ScriptedServer& s) {
        s.extra = [](stun::MessageBuilder& b) { b.add_u32(static_cast<AttributeType>(0x7123), 1); };
      },
  };
  for (const auto& spoil : cases) {
    ClientPair pair;
    pair.client.start(pair.now);
    pair.to_server(*pair.client.poll_transmit());
    spoil(pair.server);
    pair.settle();
    ASSERT_EQ(pair.events.size(), 1U);
    ASSERT_NE(pair.last<event::Failed>(), nullptr);
    EXPECT_EQ(pair.last<event::Failed>()->code, 0);
  }
}

TEST(TurnAllocation, SkipsAttributesThatNeedNotBeUnderstood) {
  ClientPair pair;
  pair.server.extra = [](stun::MessageBuilder& b) { b.add_u32(static_cast<AttributeType>(0xf123), 1); };
  pair.allocate();
}

TEST(TurnAllocation, SendsAgainByTheRfcsTimesAndGivesUp) {
  ClientPair pair;
  pair.lose = [](std::size_t) { return true; };
  std::vector<Duration> times;
  const Timestamp start = pair.now;
  pair.client.start(pair.now);
  while (pair.client.state() == ClientState::kAllocating) {
    while (pair.client.poll_transmit()) times.push_back(pair.now - start);
    pair.now = pair.client.next_timeout();
    pair.client.handle_timeout(pair.now);
  }
  // RFC 8489 §6.2.1, with its own numbers.
  EXPECT_EQ(times, (std::vector<Duration>{0ms, 500ms, 1500ms, 3500ms, 7500ms, 15500ms, 31500ms}));
  EXPECT_EQ(pair.now - start, 39500ms);
  pair.settle();
  const auto* failed = pair.last<event::Failed>();
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->cause, Cause::kTimeout);
  EXPECT_EQ(failed->code, event::Failed::kUnreachable);
}

TEST(TurnAllocation, SendsTheSameBytesAgain) {
  ClientPair pair;
  pair.client.start(pair.now);
  const auto first = pair.client.poll_transmit();
  pair.now = pair.client.next_timeout();
  pair.client.handle_timeout(pair.now);
  const auto second = pair.client.poll_transmit();
  EXPECT_TRUE(std::equal(first->packet.bytes().begin(), first->packet.bytes().end(), second->packet.bytes().begin(),
                         second->packet.bytes().end()));
  EXPECT_EQ(pair.client.stats().retransmissions, 1U);
}

TEST(TurnAllocation, SendsOnceOverAStream) {
  ClientConfig config = ClientPair::default_config();
  config.stream = StreamId{5};
  ClientPair pair(config);
  pair.lose = [](std::size_t) { return true; };
  const Timestamp start = pair.now;
  pair.client.start(pair.now);
  pair.run_for(39s);
  EXPECT_EQ(pair.sent, 1U);
  EXPECT_EQ(pair.client.state(), ClientState::kAllocating);
  EXPECT_EQ(pair.client.next_timeout() - start, 39500ms);
  pair.run_for(1s);
  EXPECT_EQ(pair.sent, 1U);
  EXPECT_EQ(pair.client.state(), ClientState::kFailed);
}

TEST(TurnAllocation, SurvivesTheLossOfAnyRequest) {
  for (std::size_t lost = 0; lost < 6; ++lost) {
    ClientPair pair;
    pair.lose = [&](std::size_t n) { return n == lost; };
    pair.client.allow(address("203.0.113.50:7000"), pair.now);
    pair.client.start(pair.now);
    pair.run_for(20min);
    EXPECT_EQ(pair.client.state(), ClientState::kAllocated) << lost;
    EXPECT_EQ(pair.client.stats().retransmissions, 1U) << lost;
  }
}

TEST(TurnAllocation, IsRefreshedBeforeItEnds) {
  for (const std::uint32_t lifetime : {10U, 60U, 100U, 600U, 3600U, 100'000U, 0xffffffffU}) {
    ClientPair pair;
    pair.server.lifetime = lifetime;
    pair.allocate();
    const Timestamp start = pair.now;
    pair.run_for(3h);
    EXPECT_EQ(pair.client.state(), ClientState::kAllocated) << lifetime;
    EXPECT_GT(pair.server.allocated_until, pair.now) << lifetime;
    // Not more often than needed either.
    const auto interval = std::chrono::seconds(std::min(lifetime, 3600U)) / 2;
    EXPECT_LE(pair.server.count(Method::kRefresh), 1 + (pair.now - start) / interval);
  }
}

TEST(TurnAllocation, IsLostWhenTheServerForgetsIt) {
  ClientPair pair;
  pair.allocate();
  pair.server.allocated = false;
  pair.run_for(10min);
  ASSERT_NE(pair.last<event::Failed>(), nullptr);
  EXPECT_EQ(pair.last<event::Failed>()->cause, Cause::kLost);
  EXPECT_EQ(pair.last<event::Failed>()->code, 437);
  EXPECT_FALSE(pair.client.relayed_address());
}

TEST(TurnAllocation, IsAskedForWhenItsOwnerHasDoubts) {
  ClientPair pair;
  pair.client.refresh(pair.now);  // there is none
  pair.allocate();
  const std::size_t before = pair.server.count(Method::kRefresh);
  pair.client.refresh(pair.now);
  pair.client.refresh(pair.now);  // one question at a time
  pair.run_for(1s);
  EXPECT_EQ(pair.server.count(Method::kRefresh), before + 1);
  EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
  pair.server.allocated = false;
  pair.client.refresh(pair.now);
  pair.run_for(1s);
  ASSERT_NE(pair.last<event::Failed>(), nullptr);
  EXPECT_EQ(pair.last<event::Failed>()->cause, Cause::kLost);
}

TEST(TurnAllocation, IsLostWhenRefreshesAreNotAnswered) {
  ClientPair pair;
  pair.allocate();
  pair.lose = [](std::size_t) { return true; };
  pair.run_for(10min);
  ASSERT_NE(pair.last<event::Failed>(), nullptr);
  EXPECT_EQ(pair.last<event::Failed>()->cause, Cause::kLost);
  EXPECT_EQ(pair.last<event::Failed>()->code, event::Failed::kUnreachable);
}

TEST(TurnAllocation, TriesToRefreshUntilItsTimeIsOver) {
  ClientPair pair;
  pair.allocate();
  pair.server.errors[Method::kRefresh] = 500;
  pair.run_for(9min + 45s);
  EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
  const std::size_t attempts = pair.server.count(Method::kRefresh);
  EXPECT_GE(attempts, 2U);
  EXPECT_LE(attempts, 10U);
  pair.server.errors.clear();
  pair.run_for(1h);
  EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
  pair.server.errors[Method::kRefresh] = 500;
  pair.run_for(11min);
  ASSERT_NE(pair.last<event::Failed>(), nullptr);
  EXPECT_EQ(pair.last<event::Failed>()->cause, Cause::kLost);
}

TEST(TurnAllocation, IsGivenBackWhenClosed) {
  ClientPair pair;
  pair.allocate();
  pair.server.nonce = "nonce-2";  // even then
  pair.lose = [](std::size_t n) { return n == 0; };
  pair.client.close(pair.now);
  EXPECT_EQ(pair.client.state(), ClientState::kClosing);
  pair.run_for(5s);
  EXPECT_EQ(pair.client.state(), ClientState::kClosed);
  EXPECT_FALSE(pair.server.allocated);
  EXPECT_EQ(pair.server.seen.back().lifetime, 0U);
  EXPECT_EQ(pair.events.size(), 1U);
  EXPECT_EQ(pair.client.next_timeout(), kNever);
}

TEST(TurnAllocation, IsGivenBackWhenClosedBeforeTheAnswer) {
  ClientPair pair;
  allocate_answer(pair);
  ASSERT_TRUE(pair.server.allocated);
  pair.client.close(pair.now);
  pair.settle();
  EXPECT_FALSE(pair.server.allocated);
  EXPECT_EQ(pair.client.state(), ClientState::kClosed);
  EXPECT_TRUE(pair.events.empty());
}

TEST(TurnAllocation, ClosesAtOnceWhenThereIsNothingToGiveBack) {
  ClientPair pair;
  pair.client.start(pair.now);
  pair.client.close(pair.now);
  EXPECT_EQ(pair.client.state(), ClientState::kClosed);
  EXPECT_EQ(pair.client.next_timeout(), kNever);
  ClientPair unanswered;
  unanswered.allocate();
  unanswered.lose = [](std::size_t) { return true; };
  unanswered.client.close(unanswered.now);
  unanswered.run_for(1min);
  EXPECT_EQ(unanswered.client.state(), ClientState::kClosed);
}

TEST(TurnAllocation, EndsWithItsStream) {
  struct Case {
    int answers;  // 401 and success
    Cause cause;
  };
  for (const Case& c : {Case{0, Cause::kTimeout}, Case{1, Cause::kTimeout}, Case{2, Cause::kLost}}) {
    ClientConfig config = ClientPair::default_config();
    config.stream = StreamId{5};
    ClientPair pair(config);
    pair.client.start(pair.now);
    for (int i = 0; i < c.answers; ++i) pair.to_server(*pair.client.poll_transmit());
    pair.client.handle_stream_closed(pair.now);
    pair.settle();
    ASSERT_NE(pair.last<event::Failed>(), nullptr);
    EXPECT_EQ(pair.last<event::Failed>()->cause, c.cause) << c.answers;
  }
}

TEST(TurnAllocation, IgnoresAnswersThatFitNoRequest) {
  ClientPair pair;
  const Bytes answer = allocate_answer(pair);
  Bytes of_another_method = answer;
  of_another_method[1] = 0x04;  // a Refresh success
  EXPECT_FALSE(pair.deliver(of_another_method));
  pair.deliver(answer);
  ASSERT_EQ(pair.client.state(), ClientState::kAllocated);
  const std::uint64_t dropped = pair.client.stats().input_dropped;
  pair.deliver(answer);  // once more
  EXPECT_EQ(pair.client.stats().input_dropped, dropped + 1);
  pair.settle();
  EXPECT_EQ(pair.events.size(), 1U);
}

}  // namespace
}  // namespace tidewire::turn
