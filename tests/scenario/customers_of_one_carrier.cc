// Two homes whose carrier gives both the same public address.
#include <gtest/gtest.h>

#include "places.h"

namespace tidewire::scenario {
namespace {

CallOptions two_homes(bool hairpinning) {
  sim::NatConfig carrier = home_nat("203.0.113.9");
  carrier.hairpinning = hairpinning;
  return {.alice = behind(home_nat("100.64.0.1")),
          .bob = behind(home_nat("100.64.0.2")),
          .carrier_nat = carrier,
          .stun_server = true,
          .turn_server = true};
}

TEST(CustomersOfOneCarrier, MeetWithinIt) {
  SimulatedCall call(two_homes(true));
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_TRUE(call.media_flows(3s));
  EXPECT_FALSE(call.alice.is_relayed()) << call.describe();
}

TEST(CustomersOfOneCarrier, RelayWhenItLetsNothingTurnBack) {
  SimulatedCall call(two_homes(false));
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_TRUE(call.media_flows(3s));
  EXPECT_TRUE(call.alice.is_relayed()) << call.describe();
}

TEST(CustomersOfOneCarrier, HousematesMeetAtHome) {
  SimulatedCall call({.carrier_nat = symmetric_nat("203.0.113.9"), .stun_server = true});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_EQ(call.alice.path(), "host/udp - host/udp");
}

}  // namespace
}  // namespace tidewire::scenario
