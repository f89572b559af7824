#include "congestion/google/throughput.h"

#include <gtest/gtest.h>

namespace tidewire::congestion::google {
namespace {

using namespace std::chrono_literals;

// Packets of 1000 bytes.
class Packets {
 public:
  void add(int packets, Duration apart_sent, Duration apart_arrived) {
    for (int i = 0; i < packets; ++i) {
      throughput.add({.sent = Timestamp{sent}, .size = 1000, .arrival = arrival});
      sent += apart_sent;
      arrival += apart_arrived;
    }
  }
  double kbps() const { return throughput.rate().value_or(0) / 1000; }

  Throughput throughput;
  Duration sent{1s};
  Duration arrival{9s};
};

TEST(Throughput, NeedsTenPackets) {
  Packets packets;
  packets.add(9, 8ms, 8ms);
  EXPECT_FALSE(packets.throughput.rate());
  packets.add(1, 8ms, 8ms);
  EXPECT_NEAR(packets.kbps(), 1000, 1);
}

TEST(Throughput, IsTheLesserOfSendingAndArriving) {
  Packets slower;
  slower.add(100, 4ms, 8ms);
  EXPECT_NEAR(slower.kbps(), 1000, 1);
  Packets faster;
  faster.add(100, 8ms, 4ms);
  EXPECT_NEAR(faster.kbps(), 1000, 1);
}

TEST(Throughput, FollowsAChangeWithinASecond) {
  Packets packets;
  packets.add(200, 8ms, 8ms);
  packets.add(70, 16ms, 16ms);
  EXPECT_NEAR(packets.kbps(), 500, 25);
  packets.add(130, 8ms, 8ms);
  EXPECT_NEAR(packets.kbps(), 1000, 10);
}

TEST(Throughput, OneSilenceOfThePathIsNotALowRate) {
  Packets packets;
  packets.add(100, 8ms, 8ms);
  packets.arrival += 150ms;     // it stood still …
  packets.add(20, 8ms, 500us);  // … and caught up
  EXPECT_NEAR(packets.kbps(), 1000, 10);
}

TEST(Throughput, ForgetsWhatIsFiveSecondsOld) {
  Packets packets;
  packets.add(15, 8ms, 8ms);
  packets.sent += 10s;
  packets.arrival += 10s;
  packets.add(5, 8ms, 8ms);
  EXPECT_FALSE(packets.throughput.rate());
}

TEST(Throughput, SortsPacketsThatWereReportedOutOfOrder) {
  Packets packets;
  packets.add(50, 8ms, 8ms);
  for (const int i : {4, 2, 0, 1, 3}) {
    packets.throughput.add(
        {.sent = Timestamp{packets.sent + 8ms * i}, .size = 1000, .arrival = packets.arrival + 8ms * i});
  }
  EXPECT_NEAR(packets.kbps(), 1000, 1);
}

TEST(Throughput, BeginsAgainWhenTheClockWasSet) {
  Packets packets;
  packets.add(50, 8ms, 8ms);
  packets.arrival -= 5s;
  packets.add(9, 8ms, 8ms);
  EXPECT_FALSE(packets.throughput.rate());
  packets.add(20, 8ms, 8ms);
  EXPECT_NEAR(packets.kbps(), 1000, 1);
}

TEST(Throughput, PacketsAtOneMomentAreNoDivisionByZero) {
  Packets packets;
  packets.add(50, 0ms, 0ms);
  EXPECT_NEAR(packets.kbps(), 49 * 8'000, 1);
}

}  // namespace
}  // namespace tidewire::congestion::google
