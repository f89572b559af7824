#include "sctp/path_mtu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace tidewire::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using State = PathMtu::State;

constexpr std::size_t kBase = 1188;
constexpr std::size_t kMax = 1428;

// A path that carries packets up to `passes`, and always something small.
struct Prober {
  explicit Prober(std::size_t passes_) : passes(passes_) {
    mtu.start();
    mtu.want();
  }

  // Sends the probe that is due, and answers it or lets it time out. False: none was due.
  bool step() {
    const auto size = mtu.probe_due(now);
    if (!size) return false;
    probes.push_back(*size);
    mtu.on_probe_sent(now, milliseconds(400));
    EXPECT_EQ(mtu.probe_due(now), std::nullopt) << "one at a time";
    if (alive) mtu.on_acked(0, now);
    if (*size <= passes) {
      now += milliseconds(50);
      mtu.on_probe_acked(now);
    } else {
      now = mtu.next_timeout();
      mtu.handle_timeout(now);
    }
    return true;
  }
  void run() {
    for (int i = 0; i < 100 && step(); ++i) {
    }
  }

  std::size_t passes;
  bool alive = true;
  PathMtu mtu{kBase, kMax};
  Timestamp now = Timestamp{} + seconds(1000);
  std::vector<std::size_t> probes;
};

TEST(PathMtu, FindsWhatPassesWithFewProbes) {
  const struct {
    std::size_t passes;
    std::size_t found;
    std::size_t most_probes;
  } table[] = {
      {1500, 1428, 2},  {1428, 1428, 2},  {1427, 1408, 5},  {1408, 1408, 5},  {1400, 1380, 14},
      {1340, 1324, 14}, {1220, 1212, 14}, {1200, 1188, 16}, {1188, 1188, 16},
  };
  for (const auto& row : table) {
    Prober prober(row.passes);
    prober.run();
    EXPECT_EQ(prober.mtu.state(), State::kSearchComplete) << row.passes;
    EXPECT_LE(prober.mtu.mtu(), row.passes);
    EXPECT_EQ(prober.mtu.mtu(), row.found) << row.passes;
    EXPECT_LE(prober.probes.size(), row.most_probes) << row.passes;
    EXPECT_EQ(prober.probes.front(), kBase);
  }
}

TEST(PathMtu, TriesWhatEthernetLeavesFirst) {
  Prober prober(1408);  // with IPv6
  prober.run();
  ASSERT_GE(prober.probes.size(), 5U);
  EXPECT_EQ((std::vector(prober.probes.begin(), prober.probes.begin() + 5)),
            (std::vector<std::size_t>{kBase, kMax, kMax, kMax, 1408}));
}

TEST(PathMtu, IsNotProbedUntilItWouldBeOfUse) {
  PathMtu mtu(kBase, kMax);
  const Timestamp now = Timestamp{} + seconds(5);
  mtu.want();
  EXPECT_EQ(mtu.probe_due(now), std::nullopt) << "not connected";
  mtu = PathMtu(kBase, kMax);
  mtu.start();
  EXPECT_EQ(mtu.state(), State::kBase);
  EXPECT_EQ(mtu.probe_due(now), std::nullopt);
  EXPECT_EQ(mtu.next_timeout(), kNever);
  mtu.want();
  EXPECT_EQ(mtu.probe_due(now), kBase);
}

TEST(PathMtu, IsDisabledWithoutALargerSize) {
  for (const unsigned max : {0U, 1000U, 1188U, 1191U}) {
    PathMtu mtu(1191, max);
    mtu.start();
    mtu.want();
    EXPECT_EQ(mtu.state(), State::kDisabled);
    EXPECT_EQ(mtu.probe_due(Timestamp{} + seconds(1)), std::nullopt);
    mtu.path_changed();
    EXPECT_EQ(mtu.state(), State::kDisabled);
    EXPECT_EQ(mtu.mtu(), 1188U);
  }
}

TEST(PathMtu, ASilentPathSaysNothingOfASize) {
  Prober prober(kMax);
  prober.step();
  prober.passes = 0;
  prober.alive = false;
  ASSERT_TRUE(prober.step());
  // Nothing comes back at all: there is no use in asking on.
  EXPECT_FALSE(prober.step());
  for (int i = 0; i < 10; ++i) {
    prober.mtu.on_acked(0, prober.now);
    EXPECT_TRUE(prober.step());
  }
  EXPECT_EQ(prober.mtu.state(), State::kSearching);
  prober.mtu.on_acked(0, prober.now);
  prober.passes = kMax;
  prober.run();
  EXPECT_EQ(prober.mtu.mtu(), kMax);
}

TEST(PathMtu, ASingleLossDoesNotMatter) {
  Prober prober(kBase);
  prober.step();
  prober.step();
  prober.step();
  prober.passes = kMax;
  prober.run();
  EXPECT_EQ(prober.mtu.mtu(), kMax);
  EXPECT_EQ(prober.probes, (std::vector<std::size_t>{kBase, kMax, kMax, kMax}));
}

TEST(PathMtu, ALateAnswerIsNone) {
  Prober prober(0);
  prober.step();
  prober.mtu.on_probe_acked(prober.now);
  EXPECT_EQ(prober.mtu.state(), State::kBase);
}

TEST(PathMtu, AProbeWaitsAsLongAsARetransmissionButASecondAtLeast) {
  PathMtu mtu(kBase, kMax);
  const Timestamp now = Timestamp{} + seconds(5);
  mtu.start();
  mtu.want();
  mtu.on_probe_sent(now, milliseconds(400));
  EXPECT_EQ(mtu.next_timeout(), now + seconds(1));
  mtu.handle_timeout(now + seconds(1));
  mtu.on_probe_sent(now + seconds(1), seconds(3));
  EXPECT_EQ(mtu.next_timeout(), now + seconds(4));
}

TEST(PathMtu, LooksForMoreAfterTenMinutesOfUse) {
  Prober prober(1408);
  prober.run();
  const std::size_t before = prober.probes.size();
  prober.passes = kMax;
  prober.mtu.want();
  EXPECT_FALSE(prober.step());
  prober.now += seconds(599);
  EXPECT_FALSE(prober.step());
  prober.now += seconds(1);
  prober.run();
  EXPECT_EQ(prober.mtu.mtu(), kMax);
  // First what is in use.
  EXPECT_EQ((std::vector(prober.probes.begin() + static_cast<std::ptrdiff_t>(before), prober.probes.end())),
            (std::vector<std::size_t>{1408, kMax}));
  prober.now += seconds(601);
  EXPECT_FALSE(prober.step()) << "nobody used it";
  prober.mtu.want();
  EXPECT_TRUE(prober.step());
  EXPECT_FALSE(prober.step()) << "there is no more to be found";
}

TEST(PathMtu, FindsWithTheNextSearchThatThePathHasShrunk) {
  Prober prober(kMax);
  prober.run();
  prober.passes = 1300;
  prober.now += seconds(600);
  prober.mtu.want();
  prober.run();
  EXPECT_LE(prober.mtu.mtu(), 1300U);
  EXPECT_GT(prober.mtu.mtu(), 1300 - 2 * PathMtu::kGranularity);
}

TEST(PathMtu, TwoTimeoutsInARowAreABlackHole) {
  Prober prober(kMax);
  prober.run();
  prober.mtu.on_data_timeout(prober.now);
  prober.mtu.on_acked(0, prober.now);
  prober.mtu.on_data_timeout(prober.now);
  EXPECT_EQ(prober.mtu.mtu(), kMax);
  prober.mtu.on_data_timeout(prober.now);
  EXPECT_EQ(prober.mtu.mtu(), kBase);
  EXPECT_EQ(prober.mtu.state(), State::kBase);
  // The size that failed is left alone in the search that follows.
  prober.probes.clear();
  prober.mtu.want();
  prober.run();
  EXPECT_EQ(std::count(prober.probes.begin(), prober.probes.end(), kMax), 0);
  EXPECT_GE(prober.mtu.mtu(), kMax - 2 * PathMtu::kGranularity);
}

TEST(PathMtu, AChunkThatIsSentAgainAndAgainIsABlackHole) {
  Prober prober(kMax);
  prober.run();
  const auto resend = [&](std::size_t packet, int transmissions) {
    prober.mtu.on_data_resent(
        {.packet = packet, .transmissions = transmissions, .rtt = milliseconds(50), .now = prober.now});
  };
  resend(kMax, 3);
  resend(kBase, 10);
  EXPECT_EQ(prober.mtu.mtu(), kMax);
  // On a path that loses much it happens to one while others arrive.
  prober.mtu.on_acked(kMax, prober.now);
  prober.now += milliseconds(199);
  resend(kMax, 5);
  EXPECT_EQ(prober.mtu.mtu(), kMax);
  prober.now += milliseconds(1);
  resend(kMax, 4);
  EXPECT_EQ(prober.mtu.mtu(), kBase);
}

TEST(PathMtu, AnotherPathBeginsAtTheBase) {
  Prober prober(kMax);
  prober.run();
  prober.mtu.path_changed();
  EXPECT_EQ(prober.mtu.mtu(), kBase);
  EXPECT_FALSE(prober.step());
  prober.mtu.want();
  prober.run();
  EXPECT_EQ(prober.mtu.mtu(), kMax);
}

TEST(PathMtu, TimeoutsAtTheBaseSizeLetFragmentsGo) {
  Prober prober(kMax);
  prober.mtu.on_data_timeout(prober.now);
  EXPECT_EQ(prober.mtu.state(), State::kBase);
  prober.mtu.on_data_timeout(prober.now);
  EXPECT_EQ(prober.mtu.state(), State::kError);
  prober.now += PathMtu::kErrorInterval;
  prober.run();
  EXPECT_EQ(prober.mtu.mtu(), kMax);
}

TEST(PathMtu, APathBelowTheBaseIsAnErrorThatIsAskedAboutNowAndThen) {
  Prober prober(600);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(prober.step());
  EXPECT_EQ(prober.mtu.state(), State::kError);
  EXPECT_EQ(prober.mtu.mtu(), kBase);
  EXPECT_FALSE(prober.step());
  prober.now += PathMtu::kErrorInterval;
  prober.passes = kMax;
  prober.run();
  EXPECT_EQ(prober.mtu.mtu(), kMax);
}

}  // namespace
}  // namespace tidewire::sctp
