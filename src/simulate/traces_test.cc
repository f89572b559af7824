#include "simulate/traces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace tidewire::simulate {
namespace {

using namespace std::chrono_literals;

TEST(Traces, AreReadInMahimahisForm) {
  const auto rate = parse_mahimahi("1\n1\r\n4\n\n9\n");
  ASSERT_TRUE(rate) << rate.error().message;
  EXPECT_EQ(rate->period(), 10ms);
  EXPECT_EQ(rate->rate_at(0ms), 0U);
  EXPECT_EQ(rate->rate_at(1ms), 24'000'000U);
  EXPECT_EQ(rate->rate_at(2ms), 0U);
  EXPECT_DOUBLE_EQ(rate->bits_between(0ms, 10ms), 4 * 12'000);
  EXPECT_DOUBLE_EQ(rate->bits_between(0ms, 1s), 400 * 12'000) << "it repeats itself";
  EXPECT_DOUBLE_EQ(rate->bits_between(3ms, 5ms), 12'000);
}

TEST(Traces, OfConsecutiveMillisecondsHaveNoGaps) {
  const auto rate = parse_mahimahi("0\n1\n2\n2\n");
  ASSERT_TRUE(rate) << rate.error().message;
  EXPECT_DOUBLE_EQ(rate->bits_between(0ms, 3ms), 4 * 12'000);
  EXPECT_DOUBLE_EQ(rate->bits_between(0ms, 1ms), 12'000);
  EXPECT_DOUBLE_EQ(rate->bits_between(2ms, 3ms), 24'000);
}

TEST(Traces, ThatAreWrongAreRefusedWithTheLine) {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {{"", "line 1 of the trace ends it without any delivery"},
                        {"5\nfive\n", "line 2 of the trace is \"five\""},
                        {"5\n\n4\n", "line 3 of the trace goes back in time"},
                        {"-1\n", "line 1 of the trace is \"-1\""},
                        {"99999999999999999999\n", "line 1 of the trace is"}};
  for (const Case& it : cases) {
    const auto rate = parse_mahimahi(it.text);
    ASSERT_FALSE(rate) << it.text;
    EXPECT_TRUE(rate.error().message.starts_with(it.message)) << rate.error().message;
  }
}

// Bits per second over each second.
std::vector<double> each_second(const std::string& trace, int length) {
  const auto rate = parse_mahimahi(trace).value();
  std::vector<double> all;
  for (int i = 0; i < length; ++i) all.push_back(rate.bits_between(i * 1s, (i + 1) * 1s));
  return all;
}

TEST(Traces, OfCellularLinksSwingBetweenTheirBounds) {
  const std::vector<double> sprout = each_second(make_cellular_trace({}, 300s, 7), 300);
  EXPECT_LT(*std::ranges::max_element(sprout), 13.5e6);
  EXPECT_GT(*std::ranges::max_element(sprout), 8e6);
  EXPECT_LT(*std::ranges::min_element(sprout), 0.5e6) << "there are outages";
  const std::vector<double> moving = each_second(make_cellular_trace({.least = 17, .walk = 300}, 300s, 7), 300);
  EXPECT_GT(*std::ranges::min_element(moving), 0.05e6);
}

TEST(Traces, OfWirelessNetworksHaveANearAndAFarState) {
  const std::vector<double> all = each_second(make_wifi_trace({}, 300s, 3), 300);
  double sum = 0;
  for (const double rate : all) sum += rate;
  // Near for 4 s of 5.5 s.
  EXPECT_NEAR(sum / 300, (12e6 * 4 + 2e6 * 1.5) / 5.5, 1.5e6);
  EXPECT_GT(std::ranges::count_if(all, [](double rate) { return rate < 4e6; }), 20);
}

TEST(Traces, RepeatThemselvesWithTheSameSeed) {
  EXPECT_EQ(make_cellular_trace({}, 5s, 1), make_cellular_trace({}, 5s, 1));
  EXPECT_NE(make_cellular_trace({}, 5s, 1), make_cellular_trace({}, 5s, 2));
  EXPECT_EQ(make_wifi_trace({}, 5s, 1), make_wifi_trace({}, 5s, 1));
}

}  // namespace
}  // namespace tidewire::simulate
