// Calls with feedback by RFC 8888, through a bottleneck whose router marks packets before it has to drop any.
#include <algorithm>
#include <vector>

#include "media_call.h"
#include "sim/bottleneck.h"

namespace tidewire::scenario {
namespace {

MediaCallOptions adaptive(std::uint64_t seed) {
  MediaCallOptions options;
  options.call.seed = seed;
  for (SideOptions* side : {&options.call.alice, &options.call.bob}) {
    side->peer.congestion_control = CongestionControl::kTidewire;
    side->peer.video_bitrate = 8'000'000;
  }
  return options;
}

constexpr std::uint64_t kRate = 4'000'000;

// Of what goes from Alice to Bob.
struct Queue {
  double average_ms = 0;
  double p95_ms = 0;
  std::size_t dropped = 0;
  std::size_t marked = 0;
  double bits_per_second = 0;
};

Queue queue_of(const sim::Bottleneck& bottleneck, Timestamp from, Duration time) {
  Queue queue;
  std::vector<double> waited;
  for (const sim::Passage& passage : bottleneck.log()) {
    if (passage.offered < from || passage.offered >= from + time) continue;
    queue.dropped += passage.dropped() ? 1 : 0;
    queue.marked += passage.marked ? 1 : 0;
    queue.bits_per_second += passage.bytes * 8 / std::chrono::duration<double>(time).count();
    waited.push_back(std::chrono::duration<double, std::milli>(passage.queued).count());
    queue.average_ms += waited.back();
  }
  if (waited.empty()) return queue;
  queue.average_ms /= static_cast<double>(waited.size());
  std::ranges::sort(waited);
  queue.p95_ms = waited[waited.size() * 95 / 100];
  return queue;
}

struct ThroughBottleneck : MediaCall {
  explicit ThroughBottleneck(std::uint64_t seed, bool marks) : MediaCall(adaptive(seed)) {
    sim::BottleneckConfig config{.bits_per_second = kRate, .queue_time = 300ms};
    // RFC 9332 §4.2: no mark for what is less than two packets of the largest size, here 6 ms.
    if (marks) {
      config.mark_from = 6ms;
      config.mark_to = 16ms;
    }
    bottleneck = std::make_shared<sim::Bottleneck>(config);
    bottleneck->keep_log();
    simulation.network().up(alice_host).config() = {.shared = bottleneck, .delay = 10ms};
  }
  Queue run_and_measure(Duration time) {
    simulation.run_for(10s);
    const Timestamp from = now();
    simulation.run_for(time);
    return queue_of(*bottleneck, from, time);
  }

  std::shared_ptr<sim::Bottleneck> bottleneck;
};

class ExplicitCongestionNotification : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ExplicitCongestionNotification, ARoutersMarksKeepItsQueueShorterAndNothingIsLost) {
  ThroughBottleneck plain(GetParam(), false);
  ASSERT_TRUE(plain.run_until_settled()) << plain.describe();
  const Queue without = plain.run_and_measure(30s);
  ThroughBottleneck call(GetParam(), true);
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const Queue with = call.run_and_measure(30s);
  const auto figures = [](const Queue& q) {
    return std::to_string(q.average_ms) + " ms on average, " + std::to_string(q.p95_ms) + " ms at most in 95 %, " +
           std::to_string(q.marked) + " marked, " + std::to_string(q.bits_per_second / 1000) + " kbit/s";
  };
  RecordProperty("without", figures(without));
  RecordProperty("with", figures(with));
  SCOPED_TRACE("without: " + figures(without) + "; with: " + figures(with));
  EXPECT_EQ(without.marked, 0U);
  EXPECT_GT(with.marked, 0U);
  EXPECT_EQ(with.dropped, 0U);
  EXPECT_LT(with.average_ms, without.average_ms);
  EXPECT_LT(with.p95_ms, without.p95_ms);
  EXPECT_GT(with.bits_per_second, 0.75 * kRate) << "and the path is used all the same";
  const InboundRtpStreamStats pictures = MediaCall::inbound(call.bob, MediaKind::kVideo, call.now());
  EXPECT_GT(pictures.packets_received_with_ce, 0U);
  EXPECT_GT(pictures.packets_received_with_ect1, pictures.packets_received_with_ce);
  EXPECT_EQ(pictures.packets_lost, 0);
  EXPECT_GT(MediaCall::outbound(call.alice, MediaKind::kAudio, call.now()).packets_sent_with_ect1, 0U);
}

TEST_P(ExplicitCongestionNotification, APathThatTakesTheMarksOffIsSentNoMore) {
  ThroughBottleneck call(GetParam(), true);
  call.simulation.network().down(call.bob_host).config().bleaches = true;
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const auto sent = [&] {
    return MediaCall::outbound(call.alice, MediaKind::kVideo, call.now()).packets_sent_with_ect1;
  };
  const std::uint64_t at_first = sent();
  EXPECT_GT(at_first, 0U) << "it was tried";
  call.simulation.run_for(10s);
  EXPECT_EQ(sent(), at_first);
  EXPECT_TRUE(call.media_flows(1s));
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExplicitCongestionNotification, testing::Values(1U, 2U, 3U));

}  // namespace
}  // namespace tidewire::scenario
