#include "congestion/google/probe_estimator.h"

#include <gtest/gtest.h>

namespace tidewire::congestion::google {
namespace {

using namespace std::chrono_literals;

constexpr ProbeCluster kCluster{.id = 3, .bitrate = 4'000'000, .min_packets = 5, .min_bytes = 5'000};

// Packets of 1000 bytes; the last answer.
std::optional<double> run(ProbeEstimator& estimator, int packets, Duration apart_sent, Duration apart_arrived,
                          int id = 3) {
  std::optional<double> last;
  for (int i = 0; i < packets; ++i) {
    last = estimator.add({.number = i,
                          .sent = Timestamp{1s + apart_sent * i},
                          .size = 1000,
                          .arrival = 9s + apart_arrived * i,
                          .probe = id});
  }
  return last;
}

struct Case {
  const char* name;
  int packets;
  Duration sent;
  Duration arrived;
  double expected;  // 0: no answer
};

TEST(ProbeEstimator, MeasuresTheLesserOfSendingAndArriving) {
  for (const Case& c : {
           Case{"as fast as it left", 5, 2ms, 2ms, 4e6},
           Case{"a little slower", 5, 2000us, 2100us, 8e3 / 2.1e-3},
           Case{"the link was full", 5, 2ms, 4ms, 0.95 * 2e6},
           Case{"a little faster", 5, 2ms, 1500us, 4e6},
           Case{"too much faster", 5, 2ms, 900us, 0},
           Case{"most of it", 4, 2ms, 2ms, 4e6},
           Case{"too little of it", 3, 2ms, 2ms, 0},
           Case{"all at once", 5, 2ms, 0ms, 0},
           Case{"over too long a time", 5, 2ms, 300ms, 0},
       }) {
    ProbeEstimator estimator;
    estimator.expect(kCluster);
    EXPECT_NEAR(run(estimator, c.packets, c.sent, c.arrived).value_or(0), c.expected, 1) << c.name;
  }
}

TEST(ProbeEstimator, IgnoresPacketsOfNoClusterThatItExpects) {
  ProbeEstimator estimator;
  EXPECT_FALSE(run(estimator, 10, 2ms, 2ms));
  estimator.expect(kCluster);
  EXPECT_FALSE(run(estimator, 10, 2ms, 2ms, 0));
  EXPECT_FALSE(run(estimator, 10, 2ms, 2ms, -1));
  EXPECT_FALSE(run(estimator, 10, 2ms, 2ms, 3 + static_cast<int>(ProbeEstimator::kClusters)));
  EXPECT_TRUE(run(estimator, 10, 2ms, 2ms));
}

TEST(ProbeEstimator, DoesNotCountLostPackets) {
  ProbeEstimator estimator;
  estimator.expect(kCluster);
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(estimator.add({.number = i, .sent = Timestamp{2ms * i}, .size = 1000, .probe = 3}));
  }
}

}  // namespace
}  // namespace tidewire::congestion::google
