// Every pair of NATs, by mapping and filtering: the call takes the path that expected_path.h foresees, and without a
// relay those that need one say so.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "expected_path.h"
#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

constexpr std::array kBehaviours{sim::NatBehaviour::kEndpointIndependent, sim::NatBehaviour::kAddressDependent,
                                 sim::NatBehaviour::kAddressAndPortDependent};

NatType nat_type(int number) {
  return {kBehaviours.at(static_cast<std::size_t>(number / 3)), kBehaviours.at(static_cast<std::size_t>(number % 3))};
}

std::string name_of(NatType type) {
  constexpr std::array kNames{"Endpoint", "Address", "Port"};
  return std::string("Map") + kNames.at(static_cast<std::size_t>(type.mapping)) + "Filter" +
         kNames.at(static_cast<std::size_t>(type.filtering));
}

CallOptions between(NatType a, NatType b) {
  return {
      .media = false,
      .alice =
          {.nats = {{.mapping = a.mapping, .filtering = a.filtering, .external = IpAddress::v4({203, 0, 113, 1})}}},
      .bob = {.nats = {{.mapping = b.mapping, .filtering = b.filtering, .external = IpAddress::v4({203, 0, 113, 2})}}},
      .stun_server = true};
}

ExpectedPath path_of(const Peer& peer) {
  if (peer.is_relayed()) return ExpectedPath::kRelay;
  return peer.path().find("prflx") == std::string::npos ? ExpectedPath::kSignalled : ExpectedPath::kPeerReflexive;
}

// One row of the table: Alice's NAT is the row's, and Bob has every one in turn.
class NatTable : public testing::TestWithParam<int> {};

TEST_P(NatTable, EveryPairTakesTheBestPathThereIs) {
  const NatType a = nat_type(GetParam());
  for (int column = 0; column < 9; ++column) {
    const NatType b = nat_type(column);
    SCOPED_TRACE(name_of(a) + " to " + name_of(b));
    CallOptions options = between(a, b);
    options.turn_server = true;
    SimulatedCall call(options);
    call.click();
    ASSERT_TRUE(call.run_until_established()) << call.describe();
    // A relay may be there first; what is better is found while it serves.
    call.simulation.run_for(3s);
    const ExpectedPath found = std::max(path_of(call.alice), path_of(call.bob));
    EXPECT_EQ(found, expected_path(a, b)) << call.describe();
    EXPECT_EQ(call.alice.is_relayed(), call.bob.is_relayed());
  }
}

TEST_P(NatTable, WithoutARelayWhatNeedsOneSaysSo) {
  const NatType a = nat_type(GetParam());
  for (int column = 0; column < 9; ++column) {
    const NatType b = nat_type(column);
    SCOPED_TRACE(name_of(a) + " to " + name_of(b));
    SimulatedCall call(between(a, b));
    call.click();
    if (expected_path(a, b) != ExpectedPath::kRelay) {
      EXPECT_TRUE(call.run_until_established()) << call.describe();
      continue;
    }
    ASSERT_TRUE(call.run_until([&] { return call.alice.moments.failed && call.bob.moments.failed; }, 40s));
    for (const Peer* peer : {&call.alice, &call.bob}) {
      EXPECT_EQ(peer->session.failure()->cause, FailureCause::kRelayNeeded);
      EXPECT_NE(peer->failure.find("TURN server"), std::string::npos) << peer->failure;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, NatTable, testing::Range(0, 9),
                         [](const auto& row) { return name_of(nat_type(row.param)); });

}  // namespace
}  // namespace tidewire::scenario
