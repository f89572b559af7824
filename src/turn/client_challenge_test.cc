// The long-term credential mechanism as the client uses it: realms, nonces, algorithms, and what is believed.
#include <gtest/gtest.h>

#include <algorithm>

#include "turn/scripted_server_for_test.h"

namespace tidewire::turn {
namespace {

using namespace std::chrono_literals;
using stun::Method;

TEST(TurnChallenge, NeedsOneRoundTripWhenTheRealmIsKnown) {
  ClientPair first;
  first.allocate();
  ClientConfig config = ClientPair::default_config();
  config.known_realm = first.client.known_realm();
  ASSERT_TRUE(config.known_realm);
  ClientPair second(config);
  second.allocate();
  EXPECT_EQ(second.server.seen.size(), 1U);
}

TEST(TurnChallenge, TakesTheNewNonceWhenTheKnownOneIsStale) {
  for (const bool by_401 : {false, true}) {
    ClientConfig config = ClientPair::default_config();
    config.known_realm = KnownRealm{.realm = "example.org", .nonce = "of yesterday"};
    ClientPair pair(config);
    pair.client.start(pair.now);
    const auto request = pair.client.poll_transmit();
    ASSERT_TRUE(request);
    const auto view = *stun::MessageView::parse(request->packet.bytes());
    pair.deliver(pair.server.challenge(view, by_401 ? 401 : 438));
    pair.settle();
    EXPECT_EQ(pair.client.state(), ClientState::kAllocated) << by_401;
  }
}

TEST(TurnChallenge, FollowsARealmThatHasChanged) {
  ClientConfig config = ClientPair::default_config();
  config.known_realm = KnownRealm{.realm = "elsewhere", .nonce = "nonce-1"};
  ClientPair pair(config);
  pair.allocate();
  EXPECT_EQ(pair.client.known_realm()->realm, "example.org");
  EXPECT_EQ(pair.server.seen.size(), 2U);
}

TEST(TurnChallenge, UsesThePasswordAlgorithmThatTheServerOffers) {
  struct Case {
    Bytes offer;
    PasswordAlgorithm algorithm;
  };
  const Case cases[] = {{{0, 2, 0, 0, 0, 1, 0, 0}, PasswordAlgorithm::kSha256},
                        {{0, 1, 0, 0, 0, 2, 0, 0}, PasswordAlgorithm::kMd5},
                        {{0, 7, 0, 0, 0, 2, 0, 0}, PasswordAlgorithm::kSha256}};
  for (const Case& c : cases) {
    ClientPair pair;
    pair.server.password_algorithms = c.offer;
    pair.server.algorithm = c.algorithm;
    pair.server.nonce = nonce_cookie({.password_algorithms = true}) + "n";
    pair.allocate();
    pair.run_for(30min);
    EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
    EXPECT_EQ(pair.client.known_realm()->algorithm, c.algorithm);
  }
}

TEST(TurnChallenge, RefusesAChallengeFromWhichTheAlgorithmsWereTaken) {
  ClientPair pair;
  pair.server.nonce = nonce_cookie({.password_algorithms = true}) + "n";
  pair.client.start(pair.now);
  pair.settle();
  EXPECT_EQ(pair.server.seen.size(), 1U);
  ASSERT_NE(pair.last<event::Failed>(), nullptr);
  EXPECT_EQ(pair.last<event::Failed>()->cause, Cause::kCredentials);
}

TEST(TurnChallenge, RefusesAlgorithmsThatItDoesNotKnow) {
  ClientPair pair;
  pair.server.password_algorithms = {0, 9, 0, 0};
  pair.client.start(pair.now);
  pair.settle();
  EXPECT_EQ(pair.server.seen.size(), 1U);
  EXPECT_EQ(pair.client.state(), ClientState::kFailed);
}

TEST(TurnChallenge, DoesNotTryAWrongPasswordTwice) {
  ClientPair pair;
  pair.server.password = "another";
  pair.client.start(pair.now);
  pair.run_for(2min);
  EXPECT_EQ(pair.server.seen.size(), 2U);
  ASSERT_EQ(pair.events.size(), 1U);
  const auto* failed = pair.last<event::Failed>();
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->code, 401);
  EXPECT_EQ(failed->cause, Cause::kCredentials);
  EXPECT_EQ(pair.client.next_timeout(), kNever);
}

TEST(TurnChallenge, AnswersAStaleNonceWithTheNewOne) {
  ClientPair pair;
  pair.allocate();
  pair.server.nonce = "nonce-2";
  pair.run_for(9min + 30s);
  EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
  EXPECT_EQ(pair.server.count(Method::kRefresh), 2U);  // the stale one and the good one
  EXPECT_EQ(pair.client.known_realm()->nonce, "nonce-2");
}

TEST(TurnChallenge, AnswersOnlySoManyStaleNonces) {
  ClientPair pair;
  pair.client.start(pair.now);
  int requests = 0;
  for (auto request = pair.client.poll_transmit(); request; request = pair.client.poll_transmit()) {
    ASSERT_LT(++requests, 20);
    pair.server.nonce = "nonce-" + std::to_string(requests);
    const auto view = *stun::MessageView::parse(request->packet.bytes());
    pair.deliver(pair.server.challenge(view, requests == 1 ? 401 : 438));
  }
  pair.settle();
  EXPECT_EQ(requests, 1 + Client::kMaxChallenges);
  EXPECT_EQ(pair.client.state(), ClientState::kFailed);
  EXPECT_EQ(pair.last<event::Failed>()->code, 438);
}

TEST(TurnChallenge, DoesNotRepeatANonceThatWasCalledStale) {
  ClientPair pair;
  pair.client.start(pair.now);
  pair.to_server(*pair.client.poll_transmit());
  const auto request = pair.client.poll_transmit();
  pair.deliver(pair.server.challenge(*stun::MessageView::parse(request->packet.bytes()), 438));
  EXPECT_FALSE(pair.client.poll_transmit());
  EXPECT_EQ(pair.client.state(), ClientState::kFailed);
}

TEST(TurnChallenge, BelievesOnlyChallengesWithoutIntegrity) {
  for (const int code : {300, 400, 403, 437, 486, 508}) {
    ClientPair pair;
    pair.client.start(pair.now);
    pair.to_server(*pair.client.poll_transmit());
    const auto request = pair.client.poll_transmit();  // with credentials
    const auto view = *stun::MessageView::parse(request->packet.bytes());
    pair.deliver(pair.server.error(view, code, false));
    EXPECT_EQ(pair.client.state(), ClientState::kAllocating) << code;
    EXPECT_EQ(pair.client.stats().unauthentic, 1U);
    pair.to_server(*request);  // the true answer comes later
    EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
  }
}

TEST(TurnChallenge, BelievesNoSuccessWithoutIntegrity) {
  ClientPair pair;
  pair.server.leave_out_integrity = true;
  pair.client.start(pair.now);
  pair.run_for(1s);
  EXPECT_EQ(pair.client.state(), ClientState::kAllocating);
  EXPECT_GT(pair.client.stats().unauthentic, 0U);
  pair.server.leave_out_integrity = false;
  pair.run_for(2s);
  EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
}

TEST(TurnChallenge, SaysWhenTheCredentialsFitNoRequest) {
  ClientConfig config = ClientPair::default_config();
  config.username = std::string(3000, 'u');
  ClientPair pair(config);
  pair.client.start(pair.now);
  pair.settle();
  ASSERT_NE(pair.last<event::Failed>(), nullptr);
  EXPECT_EQ(pair.last<event::Failed>()->cause, Cause::kCredentials);
}

}  // namespace
}  // namespace tidewire::turn
