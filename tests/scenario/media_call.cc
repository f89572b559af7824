#include "media_call.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace tidewire::scenario {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;
using Seconds = std::chrono::duration<double>;

// Redundancy first; the rest as usual.
std::vector<RtpCodec> redundancy_first() {
  std::vector<RtpCodec> codecs = rtp_capabilities(MediaKind::kAudio).codecs;
  std::ranges::stable_partition(codecs, [](const RtpCodec& codec) { return codec.mime_type == "audio/red"; });
  return codecs;
}

double average_ms(const InboundRtpStreamStats& before, const InboundRtpStreamStats& after) {
  const auto count = after.jitter_buffer_emitted_count - before.jitter_buffer_emitted_count;
  const Milliseconds delay = after.jitter_buffer_delay - before.jitter_buffer_delay;
  return count == 0 ? 0 : delay.count() / static_cast<double>(count);
}

}  // namespace

std::string Quality::describe() const {
  std::array<char, 240> text{};
  std::snprintf(
      text.data(), text.size(),
      "%llu freezes in %.1f min, frozen %.3f %%, concealed %.3f %%, buffers %.0f/%.0f ms (sound/pictures), skew "
      "p95 %.1f ms, at the end %.1f ms",
      static_cast<unsigned long long>(freezes), minutes, frozen_share * 100, concealed_share * 100, audio_delay_ms,
      video_delay_ms, skew_p95_ms, playout_skew_ms);
  return text.data();
}

MediaCall::MediaCall(const MediaCallOptions& options) : SimulatedCall(options.call) {
  for (Peer* peer : {&alice, &bob}) {
    const TransceiverId audio = peer->session.add_track(MediaKind::kAudio).value();
    if (options.redundancy) peer->session.set_codec_preferences(audio, redundancy_first()).value();
    TransceiverInit init;
    if (peer == &alice) init.send_encodings = options.video_encodings;
    const TransceiverId video = peer->session.add_track(MediaKind::kVideo, init).value();
    if (peer == &alice) {
      if (options.forward_error_correction) {
        alice.session.set_codec_preferences(video, rtp_capabilities(MediaKind::kVideo).codecs).value();
      }
      alice_audio = audio;
      alice_video = video;
    } else {
      bob_video = video;
    }
  }
}

bool MediaCall::run_until_settled() {
  click();
  if (!run_until_established() || !media_flows(5s)) return false;
  simulation.run_for(8s);  // sender reports of all streams came, and the delays follow them
  return true;
}

InboundRtpStreamStats MediaCall::inbound(const Peer& side, MediaKind kind, Timestamp now) {
  for (const InboundRtpStreamStats& stream : side.session.stats(now).rtp.inbound) {
    if (stream.kind == kind && stream.ssrc != 0) return stream;
  }
  return {};
}

OutboundRtpStreamStats MediaCall::outbound(const Peer& side, MediaKind kind, Timestamp now) {
  for (const OutboundRtpStreamStats& stream : side.session.stats(now).rtp.outbound) {
    if (stream.kind == kind) return stream;
  }
  return {};
}

Quality MediaCall::measure(Peer& side, Duration time) {
  const InboundRtpStreamStats sound_before = inbound(side, MediaKind::kAudio, now());
  const InboundRtpStreamStats pictures_before = inbound(side, MediaKind::kVideo, now());
  side.playout.restart();
  simulation.run_for(time);
  const InboundRtpStreamStats sound = inbound(side, MediaKind::kAudio, now());
  const InboundRtpStreamStats pictures = inbound(side, MediaKind::kVideo, now());
  const double samples = static_cast<double>(sound.total_samples_received - sound_before.total_samples_received);
  const auto concealed = [](const InboundRtpStreamStats& s) {
    return s.concealed_samples - s.silent_concealed_samples;
  };
  Quality quality{
      .minutes = Seconds(time).count() / 60,
      .pictures = pictures.frames_received - pictures_before.frames_received,
      .freezes = pictures.freeze_count - pictures_before.freeze_count,
      .frozen_share = Seconds(pictures.total_freezes_duration - pictures_before.total_freezes_duration).count() /
                      Seconds(time).count(),
      .concealed_share = samples > 0 ? static_cast<double>(concealed(sound) - concealed(sound_before)) / samples : 1,
      .audio_delay_ms = average_ms(sound_before, sound),
      .video_delay_ms = average_ms(pictures_before, pictures)};
  if (const auto skew = side.playout.skew_p95()) quality.skew_p95_ms = Milliseconds(*skew).count();
  if (sound.estimated_playout_timestamp && pictures.estimated_playout_timestamp) {
    const auto apart =
        sound.estimated_playout_timestamp->since_epoch - pictures.estimated_playout_timestamp->since_epoch;
    quality.playout_skew_ms = std::abs(Milliseconds(apart).count());
  }
  return quality;
}

void MediaCall::set_link(const sim::LinkConfig& link) {
  for (const sim::HostId host : {alice_host, bob_host}) {
    simulation.network().up(host).config() = link;
    simulation.network().down(host).config() = link;
  }
}

void expect_good(const Quality& quality) {
  SCOPED_TRACE(quality.describe());
  // 30.3 a second are made.
  EXPECT_GT(static_cast<double>(quality.pictures), quality.minutes * 60 * 29.5);
  EXPECT_LT(quality.frozen_share, 0.005);
  EXPECT_LT(quality.freezes_per_minute(), 0.3);
  EXPECT_LT(quality.concealed_share, 0.01);
  EXPECT_GE(quality.skew_p95_ms, 0);
  EXPECT_LE(quality.skew_p95_ms, 40);
  EXPECT_GE(quality.playout_skew_ms, 0);
  EXPECT_LE(quality.playout_skew_ms, 40);
}

void record(const std::string& name, const Quality& quality) {
  testing::Test::RecordProperty(name, quality.describe());
}

}  // namespace tidewire::scenario
