// The table of expected_path.h agrees with what checks through simulated NATs find.
#include "expected_path.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <vector>

namespace tidewire::scenario {
namespace {

using namespace std::chrono_literals;
using sim::Nat;
using sim::NatBehaviour;

constexpr Timestamp kNow{1h};
constexpr NatBehaviour kBehaviours[] = {NatBehaviour::kEndpointIndependent, NatBehaviour::kAddressDependent,
                                        NatBehaviour::kAddressAndPortDependent};

std::vector<NatType> all_types() {
  std::vector<NatType> types;
  for (const NatBehaviour mapping : kBehaviours) {
    for (const NatBehaviour filtering : kBehaviours) types.push_back({mapping, filtering});
  }
  return types;
}

// A peer behind NATs, the innermost first.
class Checker {
 public:
  Checker(const std::vector<NatType>& types, std::uint8_t number) : base_{IpAddress::v4({10, 0, 0, number}), 1000} {
    for (const NatType& type : types) {
      const auto level = static_cast<std::uint8_t>(nats_.size());
      nats_.emplace_back(sim::NatConfig{
          .mapping = type.mapping, .filtering = type.filtering, .external = IpAddress::v4({203, 0, number, level})});
    }
    signalled = out(*SocketAddress::parse("198.51.100.1:3478"));
  }

  SocketAddress out(const SocketAddress& remote) {
    SocketAddress source = base_;
    for (Nat& nat : nats_) source = nat.outbound(source, remote, kNow).value();
    return source;
  }
  bool lets_in(SocketAddress target, const SocketAddress& source) {
    for (auto nat = nats_.rbegin(); nat != nats_.rend(); ++nat) {
      const auto inside = nat->inbound(target, source, kNow);
      if (!inside) return false;
      target = *inside;
    }
    return target == base_;
  }

  SocketAddress signalled;
  std::set<SocketAddress> remotes;

 private:
  SocketAddress base_;
  std::vector<Nat> nats_;
};

std::optional<ExpectedPath> check(Checker& from, Checker& to, const SocketAddress& remote) {
  const SocketAddress source = from.out(remote);
  if (!to.lets_in(remote, source)) return std::nullopt;
  to.remotes.insert(source);
  const SocketAddress answerer = to.out(source);
  if (!from.lets_in(source, answerer) || answerer != remote) return std::nullopt;
  return source == from.signalled && remote == to.signalled ? ExpectedPath::kSignalled : ExpectedPath::kPeerReflexive;
}

ExpectedPath found_path(const std::vector<NatType>& nats_of_a, const std::vector<NatType>& nats_of_b) {
  Checker a(nats_of_a, 1);
  Checker b(nats_of_b, 2);
  a.remotes.insert(b.signalled);
  b.remotes.insert(a.signalled);
  ExpectedPath best = ExpectedPath::kRelay;
  for (int round = 0; round < 6; ++round) {
    for (const SocketAddress& remote : std::set(a.remotes)) best = std::min(best, check(a, b, remote).value_or(best));
    for (const SocketAddress& remote : std::set(b.remotes)) best = std::min(best, check(b, a, remote).value_or(best));
  }
  return best;
}

testing::Message describe(NatType a, NatType b) {
  return testing::Message() << "A maps " << static_cast<int>(a.mapping) << " filters " << static_cast<int>(a.filtering)
                            << ", B maps " << static_cast<int>(b.mapping) << " filters "
                            << static_cast<int>(b.filtering);
}

TEST(ExpectedPath, IsWhatChecksFindForEveryPairOfNats) {
  for (const NatType a : all_types()) {
    EXPECT_EQ(expected_path(a, kNoNat), found_path({a}, {})) << describe(a, kNoNat);
    for (const NatType b : all_types()) {
      EXPECT_EQ(expected_path(a, b), found_path({a}, {b})) << describe(a, b);
      EXPECT_EQ(expected_path(a, b), expected_path(b, a)) << describe(a, b);
    }
  }
}

TEST(ExpectedPath, TakesANatBehindANatAsTheStricterOfThem) {
  using enum NatBehaviour;
  int better = 0;
  for (const NatType inner : all_types()) {
    for (const NatType outer : all_types()) {
      const bool is_exception = inner.mapping == kEndpointIndependent && inner.filtering == kAddressDependent &&
                                outer.mapping != kEndpointIndependent && outer.filtering == kEndpointIndependent;
      for (const NatType b : all_types()) {
        const ExpectedPath expected = expected_path(behind(inner, outer), b);
        const ExpectedPath found = found_path({inner, outer}, {b});
        if (is_exception && found < expected) {
          ++better;
          continue;
        }
        EXPECT_EQ(expected, found) << describe(inner, b) << ", A's outer maps " << static_cast<int>(outer.mapping)
                                   << " filters " << static_cast<int>(outer.filtering);
      }
    }
  }
  EXPECT_EQ(better, 3);
}

TEST(ExpectedPath, KnowsTheOldNames) {
  using enum NatBehaviour;
  constexpr NatType kFullCone{kEndpointIndependent, kEndpointIndependent};
  constexpr NatType kRestrictedCone{kEndpointIndependent, kAddressDependent};
  constexpr NatType kPortRestrictedCone{kEndpointIndependent, kAddressAndPortDependent};
  constexpr NatType kSymmetric{kAddressAndPortDependent, kAddressAndPortDependent};
  EXPECT_EQ(expected_path(kPortRestrictedCone, kPortRestrictedCone), ExpectedPath::kSignalled);
  EXPECT_EQ(expected_path(kSymmetric, kFullCone), ExpectedPath::kPeerReflexive);
  EXPECT_EQ(expected_path(kSymmetric, kRestrictedCone), ExpectedPath::kPeerReflexive);
  EXPECT_EQ(expected_path(kSymmetric, kPortRestrictedCone), ExpectedPath::kRelay);
  EXPECT_EQ(expected_path(kSymmetric, kSymmetric), ExpectedPath::kRelay);
  EXPECT_EQ(expected_path(kSymmetric, kNoNat), ExpectedPath::kPeerReflexive);
  EXPECT_EQ(expected_path(kSymmetric, kOnlyFirewall), ExpectedPath::kRelay);
}

}  // namespace
}  // namespace tidewire::scenario
