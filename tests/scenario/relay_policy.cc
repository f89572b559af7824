// The application allows relayed paths only: nothing else leaks out or is used.
#include <gtest/gtest.h>

#include "places.h"

namespace tidewire::scenario {
namespace {

TEST(RelayPolicy, OffersRelaysAlone) {
  SimulatedCall call({.alice = {.peer = {.policy = IceTransportPolicy::kRelay}},
                      .bob = {.peer = {.tcp = true}},
                      .stun_server = true,
                      .turn_server = true});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_TRUE(call.media_flows(2s));
  EXPECT_EQ(call.alice.path(), "relay/udp - host/udp");
  ASSERT_FALSE(call.alice.candidates.empty());
  for (const std::string& candidate : call.alice.candidates) {
    EXPECT_TRUE(candidate.empty() || candidate.find(" typ relay ") != std::string::npos) << candidate;
  }
  EXPECT_EQ(call.alice.session.local_description()->sdp.find("typ host"), std::string::npos);
}

TEST(RelayPolicy, BothSidesMayHaveIt) {
  const SideOptions hidden{.peer = {.policy = IceTransportPolicy::kRelay}};
  SimulatedCall call({.alice = hidden, .bob = hidden, .turn_server = true});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_EQ(call.alice.path(), "relay/udp - relay/udp");
}

TEST(RelayPolicy, WithoutARelayItSaysThatOneIsNeeded) {
  SimulatedCall call({.media = false, .alice = {.peer = {.policy = IceTransportPolicy::kRelay}}});
  call.click();
  ASSERT_TRUE(call.run_until([&] { return call.alice.moments.failed.has_value(); }, 40s));
  EXPECT_EQ(call.alice.session.failure()->cause, FailureCause::kRelayNeeded);
  EXPECT_NE(call.alice.failure.find("TURN server"), std::string::npos) << call.alice.failure;
}

}  // namespace
}  // namespace tidewire::scenario
