// A rate that holds its own beside TCP in a queue that TCP keeps full: it grows by packets per round trip and falls
// when the queue overflows, and yields deeper now and then to find out whether the queue is still somebody else's.
#pragma once

#include <algorithm>
#include <chrono>

#include "tidewire/time.h"

namespace tidewire::congestion {

class CompetitiveRate {
 public:
  // Packets per round trip and round trip. CUBIC grows by about three in a round trip in the middle of its saw in a
  // queue of 300 ms (RFC 9438 §4.2), Reno by one; so much makes the shares about equal against the former.
  static constexpr double kGrowth = 1.6;
  static constexpr double kPacketBits = 1200 * 8;
  // Beside CUBIC's 0.7; loss comes to a paced flow less often than to bursts.
  static constexpr double kBeta = 0.8;
  // The queue is tested with a loss, because then all that compete have one and yield together: two of us would
  // otherwise hold each other there. Without losses it is tested anyhow, more rarely.
  static constexpr Duration kTestWithLoss = std::chrono::seconds{3};
  static constexpr Duration kTest = std::chrono::seconds{6};
  // What was found to be ours is believed again for so long, after a queue that looked drained.
  static constexpr Duration kMemory = std::chrono::seconds{10};

  bool remembered(Timestamp now) const { return rate_ > 0 && now - last_ < kMemory; }

  void begin(double rate, Timestamp now) {
    rate_ = std::max(rate, remembered(now) ? rate_ : 0);
    last_ = last_test_ = now;
    testing_ = false;
  }

  // With each report: the queue, the round trip without it, the time since the last report and until one tells of a
  // change, and whether it told of losses.
  struct Round {
    Duration queue{};
    Duration round_trip{};
    double elapsed = 0;
    Duration reaction{};
    bool lost = false;
  };
  void update(const Round& round, Timestamp now) {
    last_ = now;
    if (testing_) {
      testing_ = now < test_end_;
      return;
    }
    const double round_trip = std::chrono::duration<double>(round.round_trip + round.queue).count();
    if (!round.lost) {
      rate_ += kGrowth * kPacketBits / (round_trip * round_trip) * round.elapsed;
    } else if (now >= settle_until_) {
      rate_ *= kBeta;
      settle_until_ = now + round.reaction + round.queue;
    } else {
      return;
    }
    if (now - last_test_ < (round.lost ? kTestWithLoss : kTest)) return;
    testing_ = true;
    last_test_ = now;
    test_end_ = now + round.reaction + round.queue;
  }

  void limit(double most) { rate_ = std::min(rate_, most); }
  double rate() const { return rate_; }
  bool testing() const { return testing_; }

 private:
  double rate_ = 0;
  Timestamp last_{};
  Timestamp last_test_{};
  Timestamp test_end_{};
  Timestamp settle_until_{};
  bool testing_ = false;
};

}  // namespace tidewire::congestion
