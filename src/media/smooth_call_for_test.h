// A call of pictures, and of sound if wanted, over two paths that delay, lose, reorder, repeat, queue and stall, in
// virtual time; and what of it a viewer would notice.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "media/call_for_test.h"

namespace tidewire::media {

// What happens to one kind's packets on their way to the receiver. Feedback takes the plain delay back.
struct PathForTest {
  Duration delay = 10ms;
  Duration jitter = 0ms;  // of each packet, uniform: it reorders
  double loss = 0;
  double burst = 0;  // a loss goes on with this probability
  double duplicate = 0;
  std::uint64_t bits_per_second = 0;  // 0: without limit; what exceeds it queues
  Duration stall_each = 0s;           // once in this time …
  Duration stall = 0ms;               // … nothing passes for so long, and then all at once
};

class SmoothCall {
 public:
  struct Shown {
    Timestamp captured{};
    Timestamp at{};
    EncodedFrame frame;
  };

  explicit SmoothCall(std::uint64_t seed = 1, bool with_audio = false)
      : random_(seed),
        a({.local_ssrc = Ssrc(1), .cname = "alice", .wall_clock = {Timestamp{}, {1'700'000'000s}}}, pool,
          crypto::Random::from_test_seed(seed)),
        b({.local_ssrc = Ssrc(2), .cname = "bob", .wall_clock = {Timestamp{}, {1'600'000'000s}}}, pool,
          crypto::Random::from_test_seed(seed + 1000)) {
    SendStreamConfig sender = video_out();
    sender.extensions = all_extensions();
    ReceiveStreamConfig receiver = video_in();
    receiver.extensions = all_extensions();
    video_sender = *a.add_send_stream(sender, now);
    video = *b.add_receive_stream(receiver, now);
    if (with_audio) {
      audio_sender = *a.add_send_stream(audio_out(), now);
      audio = *b.add_receive_stream(audio_in(), now);
    }
  }

  static rtp::ExtensionMap all_extensions() {
    rtp::ExtensionMap map = extensions();
    map.add(ExtensionType::kVideoOrientation, 5);
    map.add(ExtensionType::kPlayoutDelay, 6);
    map.add(ExtensionType::kAbsoluteCaptureTime, 7);
    return map;
  }

  void run(Duration time) {
    const Timestamp end = now + time;
    while (now < end) {
      capture();
      carry();
      Timestamp next = std::min({end, a.next_timeout(), b.next_timeout(), next_picture_, next_sound_});
      if (!in_flight_.empty()) next = std::min(next, in_flight_.begin()->first);
      now = std::max(next, now + 50us);
      while (!in_flight_.empty() && in_flight_.begin()->first <= now) {
        auto node = in_flight_.extract(in_flight_.begin());
        arrive(std::move(node.mapped()));
      }
      a.handle_timeout(now);
      receive([&] { b.handle_timeout(now); });
      take_events();
    }
  }

  // --- what a viewer notices, since reset_view() ---
  void reset_view() {
    shown.clear();
    skews.clear();
    before_ = stats();
    view_since_ = now;
  }
  InboundRtpStreamStats stats() const {
    const RtpStats all = b.stats(now);
    for (const auto& its : all.inbound) {
      if (its.kind == MediaKind::kVideo) return its;
    }
    return {};
  }
  double freezes_per_minute() const {
    return static_cast<double>(stats().freeze_count - before_.freeze_count) * 60 / seconds(now - view_since_);
  }
  double frozen_share() const {
    return seconds(stats().total_freezes_duration - before_.total_freezes_duration) / seconds(now - view_since_);
  }
  // From capture to giving out; the path's delay included.
  double latency_ms(double quantile) const {
    std::vector<double> all;
    for (const Shown& s : shown) all.push_back(seconds(s.at - s.captured) * 1000);
    return quantile_of(all, quantile);
  }
  // How far frame intervals are from those of the capture.
  double judder_ms(double quantile) const {
    std::vector<double> all;
    for (std::size_t i = 1; i < shown.size(); ++i) {
      const Duration error = (shown[i].at - shown[i - 1].at) - (shown[i].captured - shown[i - 1].captured);
      all.push_back(std::abs(seconds(error)) * 1000);
    }
    return quantile_of(all, quantile);
  }
  double skew_ms(double quantile) const {
    std::vector<double> all;
    for (const Duration skew : skews) all.push_back(std::abs(seconds(skew)) * 1000);
    return quantile_of(all, quantile);
  }
  static double quantile_of(std::vector<double> all, double quantile) {
    if (all.empty()) return -1;
    std::sort(all.begin(), all.end());
    return all[std::min(all.size() - 1, static_cast<std::size_t>(quantile * static_cast<double>(all.size())))];
  }
  static double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

  std::mt19937_64 random_;
  PacketPool pool;
  Timestamp now{1s};
  StreamTable a;
  StreamTable b;
  PathForTest path;        // of pictures
  PathForTest audio_path;  // of sound
  Duration back = 10ms;
  StreamId video_sender, video, audio_sender, audio;
  // The source.
  Duration interval = 33'333us;
  std::size_t frame_size = 6000;
  std::size_t key_frame_size = 40'000;
  Duration key_frame_each = 0s;
  double clock = 1;  // its speed
  std::uint32_t first_timestamp = 0;
  bool paused = false;
  std::function<void(EncodedFrame&)> change_frame;
  std::function<void(Packet&)> change_packet;
  std::function<void(bool begins)> watch;  // called before and after the receiver works
  int key_frames_asked = 0;
  int key_frames_sent = 0;

  std::vector<Shown> shown;
  std::vector<Duration> skews;  // positive: pictures come after sound

 private:
  bool chance(double p) { return static_cast<double>(random_() % 1'000'000) < p * 1e6; }

  void capture() {
    if (now >= next_picture_) {
      next_picture_ = now + interval;
      if (!paused) send_picture();
    }
    if (audio != StreamId{} && now >= next_sound_) {
      next_sound_ = now + 20ms;
      EncodedFrame sound = audio_frame(sounds_);
      sounds_captured_[sounds_++ * 960] = now;
      sound.timestamp = now;
      (void)a.send_frame(audio_sender, sound, now);
    }
  }
  void send_picture() {
    const bool key = pictures_ == 0 || std::exchange(key_frame_needed_, false) ||
                     (key_frame_each > 0s && now - last_key_frame_ >= key_frame_each);
    EncodedFrame frame = video_frame(pictures_++, key, key ? key_frame_size : frame_size);
    if (key) last_key_frame_ = now;
    key_frames_sent += key ? 1 : 0;
    frame.timestamp = now;
    frame.rtp_timestamp =
        first_timestamp +
        static_cast<std::uint32_t>(static_cast<std::int64_t>(seconds(now.time_since_epoch()) * 90'000 * clock));
    if (change_frame) change_frame(frame);
    pictures_captured_[frame.rtp_timestamp] = now;
    last_picture_timestamp_ = frame.rtp_timestamp;
    (void)a.send_frame(video_sender, frame, now);
  }
  void carry() {
    while (auto outgoing = a.poll_transmit(now)) {
      const bool rtp = outgoing->kind == StreamTable::Outgoing::Kind::kRtp;
      bool sound = false;
      if (rtp) {
        const auto header = rtp::Header::parse(outgoing->packet.bytes());
        sound = header->payload_type == kOpusType;
        std::optional<std::uint32_t>& offset = sound ? audio_offset_ : video_offset_;
        if (!offset) offset = header->timestamp - (sound ? (sounds_ - 1) * 960 : last_picture_timestamp_);
        if (change_packet) change_packet(outgoing->packet);
      }
      send(sound ? audio_path : path, sound ? audio_free_ : video_free_, sound ? audio_losing_ : video_losing_,
           std::move(*outgoing));
    }
    while (auto outgoing = b.poll_transmit(now)) in_flight_.emplace(now + back, InFlight{&a, std::move(*outgoing)});
  }
  void send(const PathForTest& its, Timestamp& free, bool& losing, StreamTable::Outgoing outgoing) {
    losing = losing ? chance(its.burst) : chance(its.loss);
    if (losing && outgoing.kind == StreamTable::Outgoing::Kind::kRtp) return;
    Timestamp leaves = now;
    if (its.bits_per_second > 0) {
      free = std::max(free, now) + transmission_time(outgoing.packet.size() + 40, its.bits_per_second);
      leaves = free;
    }
    if (its.stall_each > 0s) {
      const Duration phase = leaves.time_since_epoch() % its.stall_each;
      if (phase < its.stall) leaves += its.stall - phase;
    }
    const auto arrival = [&] {
      const auto jitter = its.jitter.count() == 0 ? 0 : random_() % static_cast<std::uint64_t>(its.jitter.count());
      return leaves + its.delay + Duration{static_cast<std::int64_t>(jitter)};
    };
    if (chance(its.duplicate)) {
      in_flight_.emplace(arrival(), InFlight{&b, {outgoing.kind, pool.copy_of(outgoing.packet.bytes())}});
    }
    in_flight_.emplace(arrival(), InFlight{&b, std::move(outgoing)});
  }
  struct InFlight {
    StreamTable* to;
    StreamTable::Outgoing outgoing;
  };
  template <typename Work>
  void receive(Work work) {
    if (watch) watch(true);
    work();
    if (watch) watch(false);
  }
  void arrive(InFlight in_flight) {
    if (in_flight.outgoing.kind == StreamTable::Outgoing::Kind::kRtp) {
      receive([&] { in_flight.to->handle_rtp(std::move(in_flight.outgoing.packet), now); });
    } else {
      in_flight.to->handle_rtcp(in_flight.outgoing.packet.bytes(), now);
    }
  }
  void take_events() {
    while (auto event = a.poll_event()) {
      if (!std::holds_alternative<KeyFrameNeeded>(*event)) continue;
      key_frame_needed_ = true;
      ++key_frames_asked;
    }
    while (auto event = b.poll_event()) {
      if (auto* arrived = std::get_if<FrameReceived>(&*event)) {
        const Timestamp captured = pictures_captured_[arrived->frame.rtp_timestamp - *video_offset_];
        if (!arrived->frame.missed_deadline) picture_delay_ = now - captured;
        shown.push_back({captured, now, std::move(arrived->frame)});
      } else if (auto* sound = std::get_if<AudioPlayout>(&*event); sound && sound->frame) {
        const Duration delay = sound->due - sounds_captured_[sound->frame->rtp_timestamp - *audio_offset_];
        if (picture_delay_) skews.push_back(*picture_delay_ - delay);
      }
    }
  }

  Timestamp next_picture_{};
  Timestamp next_sound_{};
  std::uint32_t pictures_ = 0;
  std::uint32_t sounds_ = 0;
  bool key_frame_needed_ = false;
  Timestamp last_key_frame_{};
  std::uint32_t last_picture_timestamp_ = 0;
  std::map<std::uint32_t, Timestamp> pictures_captured_;
  std::map<std::uint32_t, Timestamp> sounds_captured_;
  std::optional<std::uint32_t> video_offset_;
  std::optional<std::uint32_t> audio_offset_;
  std::optional<Duration> picture_delay_;
  Timestamp video_free_{};
  Timestamp audio_free_{};
  bool video_losing_ = false;
  bool audio_losing_ = false;
  std::multimap<Timestamp, InFlight> in_flight_;
  InboundRtpStreamStats before_;
  Timestamp view_since_{1s};
};

}  // namespace tidewire::media
