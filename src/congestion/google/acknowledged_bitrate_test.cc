#include "congestion/google/acknowledged_bitrate.h"

#include <gtest/gtest.h>

namespace tidewire::congestion::google {
namespace {

using namespace std::chrono_literals;

class Arrivals {
 public:
  void add(double rate, Duration time, bool limited = false) {
    const Duration apart{static_cast<Duration::rep>(1000 * 8 / rate * 1e9)};
    for (const Duration end = now_ + time; now_ < end; now_ += apart) rate_.add(now_, 1000, limited);
  }
  AcknowledgedBitrate& operator*() { return rate_; }
  void pause(Duration d) { now_ += d; }
  double kbps() const { return rate_.rate().value_or(0) / 1000; }

 private:
  AcknowledgedBitrate rate_;
  Duration now_{7s};
};

TEST(AcknowledgedBitrate, IsUnknownForHalfASecond) {
  Arrivals arrivals;
  arrivals.add(1e6, 480ms);
  EXPECT_FALSE((*arrivals).rate());
  arrivals.add(1e6, 100ms);
  EXPECT_NEAR(arrivals.kbps(), 1000, 20);
}

TEST(AcknowledgedBitrate, FollowsALastingChangeInAboutASecond) {
  Arrivals arrivals;
  arrivals.add(1e6, 3s);
  arrivals.add(5e5, 1500ms);
  EXPECT_NEAR(arrivals.kbps(), 500, 100);
}

TEST(AcknowledgedBitrate, IsSlowerToBelieveWhileTheApplicationIsLimited) {
  Arrivals believing;
  Arrivals doubting;
  believing.add(1e6, 3s);
  doubting.add(1e6, 3s);
  believing.add(2e5, 300ms, false);
  doubting.add(2e5, 300ms, true);
  EXPECT_LT(believing.kbps(), doubting.kbps());
}

TEST(AcknowledgedBitrate, IsQuickerAfterBeingToldOfASuddenChange) {
  Arrivals told;
  Arrivals untold;
  told.add(1e6, 3s);
  untold.add(1e6, 3s);
  (*told).expect_sudden_change();
  told.add(3e6, 300ms);
  untold.add(3e6, 300ms);
  EXPECT_GT(told.kbps(), untold.kbps() + 50);
}

TEST(AcknowledgedBitrate, APauseIsNotALowRate) {
  Arrivals arrivals;
  arrivals.add(1e6, 3s);
  arrivals.pause(5s);
  arrivals.add(1e6, 1s);
  EXPECT_NEAR(arrivals.kbps(), 1000, 100);
}

TEST(AcknowledgedBitrate, SurvivesAClockThatWasSet) {
  AcknowledgedBitrate rate;
  for (Duration t = 10s; t < 11s; t += 8ms) rate.add(t, 1000, false);
  for (Duration t = 1s; t < 3s; t += 8ms) rate.add(t, 1000, false);
  EXPECT_NEAR(rate.rate().value_or(0), 1e6, 5e4);
}

}  // namespace
}  // namespace tidewire::congestion::google
