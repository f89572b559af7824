#include "simulate/tcp_cubic.h"

#include <gtest/gtest.h>

namespace tidewire::simulate {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{1h};

sim::LinkConfig narrow() { return {.bits_per_second = 10'000'000, .queue_bytes = 100'000, .delay = 20ms}; }

// Runs until it is done, or for so long; when it ended.
Timestamp run(TcpCubic& tcp, Duration limit) {
  Timestamp now = kStart;
  while (tcp.next() <= kStart + limit) {
    now = std::max(now, tcp.next());
    tcp.step(now);
  }
  return now;
}

TEST(TcpCubic, FillsTheBottleneck) {
  sim::Link there(narrow(), 1);
  sim::Link back({.delay = 20ms}, 2);
  TcpCubic tcp(there, back, 0, kStart);
  run(tcp, 30s);
  const double rate = static_cast<double>(tcp.delivered_bytes()) * 8 / 30;
  EXPECT_GT(rate, 9e6);
  EXPECT_LT(rate, 10e6);
  EXPECT_GT(there.stats().overflowed, 0U);
}

TEST(TcpCubic, EndsWhenAllHasBeenAcknowledged) {
  for (const double loss : {0.0, 0.02}) {
    sim::LinkConfig config = narrow();
    config.loss = loss;
    sim::Link there(config, 1);
    sim::Link back({.delay = 20ms}, 2);
    TcpCubic tcp(there, back, 500'000, kStart);
    const Timestamp end = run(tcp, 60s);
    EXPECT_TRUE(tcp.done());
    EXPECT_EQ(tcp.next(), kNever);
    EXPECT_GE(tcp.delivered_bytes(), 500'000U);
    EXPECT_LT(tcp.delivered_bytes(), 520'000U) << "what was lost is sent again, and nothing else";
    EXPECT_GT(end - kStart, 400ms);
    EXPECT_LT(end - kStart, 10s);
  }
}

TEST(TcpCubic, StandsStillWhenStopped) {
  sim::Link there(narrow(), 1);
  sim::Link back({.delay = 20ms}, 2);
  TcpCubic tcp(there, back, 0, kStart);
  tcp.step(kStart);
  tcp.stop();
  EXPECT_EQ(tcp.next(), kNever);
}

}  // namespace
}  // namespace tidewire::simulate
