// Pictures over long round trips with loss: with repair packets (RFC 8627) they need not wait for repetitions.
#include "media_call.h"

namespace tidewire::scenario {
namespace {

// A round trip takes 300 ms; a packet crosses two links.
constexpr Duration kDelay = 75ms;

// Longer than one repetition takes, shorter than two.
constexpr Duration kHeld = 500ms;

struct Outcome {
  Quality quality;
  Quality held;  // by buffers that hold pictures for kHeld at least
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
    return quality.describe() + "; held: " + held.describe() + "; " + std::to_string(assembly_ms()) +
           " ms to assemble, " + std::to_string(in.packets_repaired) + " repaired and " +
           std::to_string(awaited_repetitions()) + " awaited of " + std::to_string(in.packets_lost) +
           " lost, overhead " + std::to_string(out.fec_overhead);
  }
};

// Two minutes of it.
Outcome call_over(const std::string& name, const sim::LinkConfig& link, std::uint64_t seed, bool protect) {
  MediaCallOptions options;
  options.call.seed = seed;
  options.call.link = link;
  options.forward_error_correction = protect;
  MediaCall call(options);
  EXPECT_TRUE(call.run_until_settled()) << call.describe();
  Outcome outcome;
  outcome.quality = call.measure(call.bob, 60s);
  call.bob.session.set_jitter_buffer_target(call.bob_video, kHeld).value();
  call.simulation.run_for(2s);
  outcome.held = call.measure(call.bob, 60s);
  outcome.in = MediaCall::inbound(call.bob, MediaKind::kVideo, call.now());
  outcome.out = MediaCall::outbound(call.alice, MediaKind::kVideo, call.now());
  EXPECT_EQ(call.bob.damaged_frames, 0U);
  testing::Test::RecordProperty(name, outcome.describe());
  return outcome;
}

// One seed and another have a freeze more or less: freezes are counted over all of them.
void compare(const sim::LinkConfig& link) {
  std::uint64_t plain_freezes = 0;
  std::uint64_t protected_freezes = 0;
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const std::string name = "seed_" + std::to_string(seed);
    const Outcome plain = call_over(name + "_plain", link, seed, false);
    const Outcome with = call_over(name + "_protected", link, seed, true);
    SCOPED_TRACE(plain.describe() + "\n" + with.describe());
    EXPECT_EQ(plain.in.packets_repaired + plain.in.fec_packets_received + plain.out.fec_packets_sent, 0U);
    EXPECT_LT(with.awaited_repetitions() * 3, plain.awaited_repetitions());
    EXPECT_LT(with.assembly_ms(), plain.assembly_ms() * 0.7);
    EXPECT_LE(with.out.fec_bytes_sent, with.out.bytes_sent / 2);
    // Buffers that follow the network keep room for the few repetitions that are still needed. Where the buffer is
    // held, pictures come earlier and freeze less.
    EXPECT_LT(with.held.video_delay_ms, plain.held.video_delay_ms);
    plain_freezes += plain.held.freezes;
    protected_freezes += with.held.freezes;
  }
  EXPECT_LT(protected_freezes, plain_freezes);
}

TEST(ForwardErrorCorrection, MakesUpForRandomLoss) { compare({.delay = kDelay, .loss = 0.025}); }

TEST(ForwardErrorCorrection, MakesUpForBursts) { compare({.delay = kDelay, .burst_enter = 0.01, .burst_leave = 0.4}); }

TEST(ForwardErrorCorrection, CostsNothingOnACleanPath) {
  const Outcome outcome = call_over("clean", {.delay = kDelay}, 1, true);
  EXPECT_EQ(outcome.out.fec_packets_sent, 0U);
  EXPECT_EQ(outcome.in.fec_packets_received, 0U);
}

}  // namespace
}  // namespace tidewire::scenario
