#include "congestion/google/loss_window.h"

#include <gtest/gtest.h>

namespace tidewire::congestion::google {
namespace {

using namespace std::chrono_literals;

// Packets of 1000 bytes, one for every 10 ms, of which every `lost_every`-th is lost (0: none).
class Sender {
 public:
  bool send(LossWindow& window, int packets, int lost_every, Duration apart = 10ms) {
    std::vector<PacketResult> results;
    for (int i = 1; i <= packets; ++i, ++number_) {
      PacketResult& packet = results.emplace_back();
      packet = {.number = number_, .sent = Timestamp{now_}, .size = 1000};
      if (lost_every == 0 || i % lost_every != 0) packet.arrival = now_ + 50ms;
      now_ += apart;
    }
    return window.add(results);
  }

 private:
  std::int64_t number_ = 0;
  Duration now_{1s};
};

TEST(LossWindow, MakesAnObservationOfAQuarterOfASecond) {
  LossWindow window;
  Sender sender;
  EXPECT_FALSE(sender.send(window, 10, 0));
  EXPECT_FALSE(sender.send(window, 10, 0));
  EXPECT_FALSE(sender.send(window, 10, 0));
  EXPECT_TRUE(sender.send(window, 10, 0));
  ASSERT_EQ(window.size(), 1U);
  EXPECT_EQ(window.at(0).bytes, 40'000);
  EXPECT_NEAR(window.at(0).rate, 800'000, 300'000);
}

TEST(LossWindow, AveragesBytesAndKeepsFifteenObservations) {
  LossWindow window;
  Sender sender;
  for (int i = 0; i < 40; ++i) (void)sender.send(window, 30, 10);
  EXPECT_EQ(window.size(), LossWindow::kObservations);
  EXPECT_EQ(window.count(), 39U);  // the first report only says when it began
  EXPECT_NEAR(window.average(), 0.1, 1e-9);
}

TEST(LossWindow, LeavesOutTheWorstObservation) {
  LossWindow window;
  Sender sender;
  for (int i = 0; i < 8; ++i) (void)sender.send(window, 30, 0);
  (void)sender.send(window, 30, 2);
  EXPECT_EQ(window.average(), 0);
  (void)sender.send(window, 30, 2);
  EXPECT_GT(window.average(), 0.05);
}

TEST(LossWindow, CountsTheWorstObservationWhenItWasSentMuchFaster) {
  LossWindow window;
  Sender sender;
  for (int i = 0; i < 8; ++i) (void)sender.send(window, 30, 0);
  (void)sender.send(window, 100, 2, 3ms);
  EXPECT_GT(window.average(), 0.1);
}

TEST(LossWindow, ALatePacketIsNotLost) {
  LossWindow window;
  std::vector<PacketResult> results;
  for (int i = 0; i < 10; ++i) {
    results.push_back({.number = i, .sent = Timestamp{10ms * i}, .size = 1000});
    if (i != 5) results.back().arrival = 10ms * i;
  }
  EXPECT_FALSE(window.add(results));
  results[5].arrival = 200ms;
  EXPECT_FALSE(window.add(std::span(results).subspan(5, 1)));
  results[9].sent = Timestamp{1s};
  EXPECT_TRUE(window.add(std::span(results).subspan(9)));
  EXPECT_EQ(window.at(0).lost, 0);
  EXPECT_EQ(window.at(0).bytes, 11'000);
}

}  // namespace
}  // namespace tidewire::congestion::google
