// A sender of sound, a path that delays, loses and bursts as told, and an AudioReceiveStream behind it, in virtual
// time.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <random>

#include "media/audio_receive_stream.h"
#include "media/audio_redundancy.h"
#include "rtp/extensions.h"

namespace tidewire::media {

using namespace std::chrono_literals;

struct AudioPath {
  static constexpr rtp::PayloadType kOpus{111};
  static constexpr rtp::PayloadType kPcmu{0};
  static constexpr rtp::PayloadType kRed{63};
  static constexpr Duration kPathDelay = 30ms;

  AudioPath() { stream.set_ssrc(rtp::Ssrc(1)); }

  // What the network does. Both get the moment of sending.
  std::function<Duration(Timestamp)> jitter = [](Timestamp) { return Duration::zero(); };
  std::function<bool(Timestamp)> loses = [](Timestamp) { return false; };
  int red_distance = 0;
  bool in_band_fec = false;
  double drift = 0;  // of the sender's clock: 0.0005 is 500 ppm fast
  CodecType codec = CodecType::kOpus;

  double random() { return static_cast<double>(random_() % 1'000'000) / 1e6; }
  bool chance(double p) { return random() < p; }
  Duration part_of(Duration duration) {
    return Duration{static_cast<std::int64_t>(random() * static_cast<double>(duration.count()))};
  }

  Timestamp now() const { return now_; }
  int sent() const { return static_cast<int>(number_); }

  // Talks for this long by the sender's clock.
  void talk(Duration time) {
    for (Duration done{}; done < time; done += 20ms) {
      send_frame();
      pass(Duration{static_cast<std::int64_t>(20e6 / (1 + drift))});
    }
  }
  // Sends nothing while the sender's clock runs on, as DTX does.
  void be_silent(Duration time) {
    timestamp_ += static_cast<std::uint32_t>(time.count() * clock_rate(codec) / 1'000'000'000);
    pass(time);
  }
  // The sender's clock stands meanwhile.
  void pause(Duration time) { pass(time); }
  void jump(std::int64_t ticks) { timestamp_ += static_cast<std::uint32_t>(ticks); }
  void set_sequence_number(std::uint16_t number) { sequence_number_ = number; }
  void set_timestamp(std::uint32_t timestamp) { timestamp_ = timestamp; }

  void send_frame() {
    const std::uint32_t number = number_++;
    Bytes frame;
    if (codec == CodecType::kOpus) {
      // Hybrid, 20 ms; then the bits of activity and redundancy
      frame = {0x78, static_cast<std::uint8_t>(in_band_fec ? 0xc0 : 0x80), static_cast<std::uint8_t>(number),
               static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number >> 16)};
    } else {
      frame.assign(160, 0);
      for (std::size_t i = 0; i < 3; ++i) frame[2 + i] = static_cast<std::uint8_t>(number >> 8 * i);
    }
    rtp::PayloadType type = codec == CodecType::kOpus ? kOpus : kPcmu;
    Packet packet;
    if (red_distance > 0) packet = redundancy_.pack(type, timestamp_, frame, red_distance, 1100, pool_);
    if (packet) {
      type = kRed;
    } else {
      packet = pool_.copy_of(frame);
    }
    const rtp::HeaderFields fields{false, type, sequence_number_++, timestamp_, rtp::Ssrc(1)};
    ASSERT_TRUE(rtp::write_header(packet, fields, {}, {}));
    timestamp_ += clock_rate(codec) / 50;
    if (!loses(now_)) in_flight_.emplace(now_ + kPathDelay + jitter(now_), std::move(packet));
  }

  void pass(Duration time) {
    const Timestamp end = now_ + time;
    while (true) {
      const Timestamp arrival = in_flight_.empty() ? kNever : in_flight_.begin()->first;
      const Timestamp next = std::min(arrival, stream.next_timeout());
      if (next > end) break;
      now_ = std::max(now_, next);
      if (arrival <= now_) {
        auto node = in_flight_.extract(in_flight_.begin());
        handle(node.mapped().bytes());
      }
      while (auto slot = stream.poll_slot(now_)) take(*slot);
    }
    now_ = end;
  }

  void handle(ByteView packet) {
    const auto view = rtp::PacketView::parse(packet);
    ASSERT_TRUE(view);
    stream.handle_packet(*view, packet.size(), now_);
  }

  void take(const AudioPlayout& slot) {
    ASSERT_GT(slot.duration, 0ms);
    ASSERT_GE(slot.play_for, slot.duration * 3 / 4);
    ASSERT_LE(slot.play_for, slot.duration * 5 / 4);
    if (ends_) {
      if (slot.due > *ends_) ++gaps;
      ASSERT_GE(slot.due, *ends_);
    }
    ends_ = slot.due + slot.play_for;
    if (slot.play_for != slot.duration) ++paced;
    most_delay = std::max(most_delay, stream.current_delay());
    if (slot.frame) {
      const Bytes& p = slot.frame->payload;
      const int number = p[2] | p[3] << 8 | p[4] << 16;
      ASSERT_GT(number, last_played) << "a frame out of its order, or twice";
      last_played = number;
      ++played;
    } else if (slot.next) {
      recovered += slot.duration;
    } else {
      concealed += slot.duration;
      newest_concealed = slot.due;
    }
  }

  // Since the last call.
  double concealed_share() {
    const InboundRtpStreamStats stats = stream.stats();
    const auto all = static_cast<double>(stats.total_samples_received - before_.total_samples_received);
    const auto part = static_cast<double>(stats.concealed_samples - before_.concealed_samples);
    before_ = stats;
    return all > 0 ? part / all : 0;
  }
  // What a frame waited on average, since the last call.
  Duration mean_delay() {
    const InboundRtpStreamStats stats = stream.stats();
    const auto delay = stats.jitter_buffer_delay - delays_before_.jitter_buffer_delay;
    const auto count =
        static_cast<double>(stats.jitter_buffer_emitted_count - delays_before_.jitter_buffer_emitted_count);
    delays_before_ = stats;
    return std::chrono::duration_cast<Duration>(delay / std::max(count, 1.0));
  }

  AudioReceiveStream stream{
      {.kind = MediaKind::kAudio,
       .codecs = {{kOpus, CodecType::kOpus, std::nullopt}, {kPcmu, CodecType::kPcmu, std::nullopt}},
       .red_payload_type = kRed}};
  int played = 0;
  int paced = 0;  // slots that were hurried or stretched
  int gaps = 0;   // times that the clock was set anew
  int last_played = -1;
  Duration concealed{};
  Duration recovered{};
  Duration most_delay{};
  Timestamp newest_concealed{};

 private:
  std::mt19937_64 random_{42};
  PacketPool pool_{64};
  Timestamp now_{1h};
  std::uint32_t number_ = 0;
  std::uint16_t sequence_number_ = 1000;
  std::uint32_t timestamp_ = 5000;
  AudioRedundancy redundancy_;
  std::multimap<Timestamp, Packet> in_flight_;
  std::optional<Timestamp> ends_;
  InboundRtpStreamStats before_;
  InboundRtpStreamStats delays_before_;
};

}  // namespace tidewire::media
