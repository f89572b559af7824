// Pictures over long round trips with loss: with repair packets (RFC 8627) they need not wait for repetitions.
#include <cstdio>

#include "media_call.h"

namespace tidewire::scenario {
namespace {

// A round trip takes 300 ms; a packet crosses two links.
constexpr Duration kDelay = 75ms;

struct Outcome {
  Quality quality;
  InboundRtpStreamStats in;
  OutboundRtpStreamStats out;

  // Repetitions that were of use: something waited for them.
  std::uint64_t awaited_repetitions() const { return in.retransmitted_packets_received - in.packets_discarded; }
  // From a picture's first packet to its last.
  double assembly_ms() const {
    return std::chrono::duration<double, std::milli>(in.total_assembly_time).count() /
           static_cast<double>(in.frames_assembled_from_multiple_packets);
  }
  std::string describe() const {
    return quality.describe() + ", " + std::to_string(assembly_ms()) + " ms to assemble, " +
           std::to_string(in.packets_repaired) + " repaired and " + std::to_string(awaited_repetitions()) +
           " awaited of " + std::to_string(in.packets_lost) + " lost, overhead " + std::to_string(out.fec_overhead);
  }
};

// A minute of it.
Outcome call_over(const std::string& name, const sim::LinkConfig& link, std::uint64_t seed, bool protect) {
  MediaCallOptions options;
  options.call.seed = seed;
  options.call.link = link;
  options.forward_error_correction = protect;
  MediaCall call(options);
  EXPECT_TRUE(call.run_until_settled()) << call.describe();
  Outcome outcome;
  outcome.quality = call.measure(call.bob, 60s);
  outcome.in = MediaCall::inbound(call.bob, MediaKind::kVideo, call.now());
  outcome.out = MediaCall::outbound(call.alice, MediaKind::kVideo, call.now());
  EXPECT_EQ(call.bob.damaged_frames, 0U);
  testing::Test::RecordProperty(name, outcome.describe());
  std::fputs((name + ": " + outcome.describe() + "\n").c_str(), stderr);
  return outcome;
}

struct ForwardErrorCorrection : testing::TestWithParam<std::uint64_t> {
  void compare(const sim::LinkConfig& link) {
    const Outcome plain = call_over("plain", link, GetParam(), false);
    const Outcome with = call_over("protected", link, GetParam(), true);
    SCOPED_TRACE(plain.describe() + "\n" + with.describe());
    EXPECT_EQ(plain.in.packets_repaired + plain.in.fec_packets_received + plain.out.fec_packets_sent, 0U);
    EXPECT_LT(with.awaited_repetitions() * 2, plain.awaited_repetitions());
    EXPECT_LT(with.assembly_ms() * 2, plain.assembly_ms());
    EXPECT_LT(with.quality.video_delay_ms, plain.quality.video_delay_ms);
    EXPECT_LE(with.quality.freezes, plain.quality.freezes);
    EXPECT_LE(with.out.fec_bytes_sent, with.out.bytes_sent / 2);
  }
};

TEST_P(ForwardErrorCorrection, MakesUpForRandomLoss) { compare({.delay = kDelay, .loss = 0.025}); }

TEST_P(ForwardErrorCorrection, MakesUpForBursts) {
  compare({.delay = kDelay, .burst_enter = 0.01, .burst_leave = 0.4});
}

TEST_P(ForwardErrorCorrection, CostsNothingOnACleanPath) {
  const Outcome outcome = call_over("clean", {.delay = kDelay}, GetParam(), true);
  EXPECT_EQ(outcome.out.fec_packets_sent, 0U);
  EXPECT_EQ(outcome.in.fec_packets_received, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ForwardErrorCorrection, testing::Values(1U, 2U, 3U));

}  // namespace
}  // namespace tidewire::scenario
