// Relay servers that send elsewhere, refuse, are full, are not there, or whose names are slow.
#include <gtest/gtest.h>

#include "places.h"

namespace tidewire::scenario {
namespace {

constexpr std::string_view kNobody = "192.0.2.77";

void run_until_failed(SimulatedCall& call) {
  call.click();
  ASSERT_TRUE(call.run_until([&] { return call.alice.moments.failed && call.bob.moments.failed; }, 60s))
      << call.describe();
}

TEST(ServersThatDoNotHelp, OneThatSendsElsewhereIsFollowed) {
  CallOptions options = only_a_relay_helps({RelayServer::at("192.0.2.9")});
  SimulatedCall call(options);
  RedirectingServer redirecting(call.simulation, "192.0.2.9", RelayServer::stun("192.0.2.1"));
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_EQ(redirecting.redirected, 1);
  EXPECT_TRUE(call.alice.is_relayed());
  EXPECT_TRUE(call.alice.server_errors.empty());
}

TEST(ServersThatDoNotHelp, AnEndlessChainOfThemIsGivenUp) {
  SimulatedCall call(only_a_relay_helps({RelayServer::at("192.0.2.9")}));
  RedirectingServer redirecting(call.simulation, "192.0.2.9", RelayServer::stun("192.0.2.9"));
  run_until_failed(call);
  EXPECT_LE(redirecting.redirected, 5);
  ASSERT_EQ(call.alice.server_errors.size(), 1U);
  EXPECT_EQ(call.alice.server_errors.front().error_code, 300);
}

TEST(ServersThatDoNotHelp, WrongCredentialsAreNamed) {
  TurnServer server = RelayServer::at();
  server.credential = "wrong";
  SimulatedCall call(only_a_relay_helps({server}));
  run_until_failed(call);
  EXPECT_EQ(call.alice.session.failure()->cause, FailureCause::kCredentialsRefused) << call.alice.failure;
  EXPECT_NE(call.alice.failure.find("turn:192.0.2.1:3478"), std::string::npos) << call.alice.failure;
  ASSERT_EQ(call.alice.server_errors.size(), 1U);
  EXPECT_EQ(call.alice.server_errors.front().error_code, 401);
  EXPECT_EQ(call.bob.session.failure()->cause, FailureCause::kRelayNeeded);
}

TEST(ServersThatDoNotHelp, AQuotaThatIsReachedIsNamed) {
  CallOptions options = only_a_relay_helps({RelayServer::at()});
  options.servers = {{.max_allocations_per_user = 0}};
  SimulatedCall call(options);
  run_until_failed(call);
  EXPECT_EQ(call.alice.session.failure()->cause, FailureCause::kQuotaReached) << call.alice.failure;
  ASSERT_EQ(call.alice.server_errors.size(), 1U);
  EXPECT_EQ(call.alice.server_errors.front().error_code, 486);
}

TEST(ServersThatDoNotHelp, OneThatIsNotThereIsNamed) {
  for (const TurnTransport transport : {TurnTransport::kUdp, TurnTransport::kTcp, TurnTransport::kTls}) {
    SimulatedCall call(only_a_relay_helps({RelayServer::at(kNobody, transport)}));
    run_until_failed(call);
    EXPECT_EQ(call.alice.session.failure()->cause, FailureCause::kServersUnreachable) << call.alice.failure;
    EXPECT_NE(call.alice.failure.find(std::string(kNobody)), std::string::npos) << call.alice.failure;
    ASSERT_EQ(call.alice.server_errors.size(), 1U);
    EXPECT_EQ(call.alice.server_errors.front().error_code, 701);
  }
}

// How long the call takes when Alice has these servers.
Duration time_to_connect(std::vector<TurnServer> servers) {
  SimulatedCall call(only_a_relay_helps(std::move(servers)));
  call.click();
  EXPECT_TRUE(call.run_until_established()) << call.describe();
  return call.now() - call.clicked;
}

TEST(ServersThatDoNotHelp, ADeadOneBesidesAGoodOneDelaysNothing) {
  const Duration alone = time_to_connect({RelayServer::at()});
  for (const TurnTransport transport : {TurnTransport::kUdp, TurnTransport::kTcp, TurnTransport::kTls}) {
    EXPECT_LE(time_to_connect({RelayServer::at(kNobody, transport), RelayServer::at()}), alone + 1ms);
  }
}

TEST(ServersThatDoNotHelp, ANameThatIsSlowComesLate) {
  CallOptions options = only_a_relay_helps({});
  options.alice.peer.named_servers = {{.name = std::string(RelayServer::kName), .server = RelayServer::at()}};
  options.names = {{std::string(RelayServer::kName), {.addresses = {ip("192.0.2.1")}, .delay = 4s}}};
  SimulatedCall call(options);
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_GT(call.now() - call.clicked, 3s);
  EXPECT_LT(call.now() - call.clicked, 5s);
}

TEST(ServersThatDoNotHelp, ANameThatDoesNotExistIsNamed) {
  CallOptions options = only_a_relay_helps({});
  options.alice.peer.named_servers = {{.name = "no.example", .server = RelayServer::at()}};
  options.alice.peer.named_servers.front().server.url = "turn:no.example";
  SimulatedCall call(options);
  run_until_failed(call);
  EXPECT_EQ(call.alice.session.failure()->cause, FailureCause::kServersUnreachable) << call.alice.failure;
  EXPECT_NE(call.alice.failure.find("turn:no.example"), std::string::npos) << call.alice.failure;
}

}  // namespace
}  // namespace tidewire::scenario
