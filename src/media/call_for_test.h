// Two tables and a lossy wire between them, in virtual time, and a video and an audio call over it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "media/frames_for_test.h"
#include "media/stream_table.h"

namespace tidewire::media {

using namespace std::chrono_literals;
using rtp::ExtensionType;
using rtp::PayloadType;
using rtp::Ssrc;

inline constexpr PayloadType kVp8Type{96};
inline constexpr PayloadType kRtxType{97};
inline constexpr PayloadType kOpusType{111};

inline rtp::ExtensionMap extensions() {
  rtp::ExtensionMap map;
  map.add(ExtensionType::kMid, 4);
  map.add(ExtensionType::kTransportSequenceNumber, 3);
  map.add(ExtensionType::kAbsoluteSendTime, 2);
  return map;
}

inline SendStreamConfig video_out(Ssrc ssrc = Ssrc(0x11111111), CodecType codec = CodecType::kVp8) {
  return {.codec = codec,
          .ssrc = ssrc,
          .payload_type = kVp8Type,
          .mid = "v",
          .extensions = extensions(),
          .rtx = RtxConfig{Ssrc(ssrc.value() + 1), kRtxType},
          .target_bitrate = 2'000'000};
}
inline ReceiveStreamConfig video_in(CodecType codec = CodecType::kVp8) {
  return {.mid = "v", .codecs = {{kVp8Type, codec, kRtxType}}, .extensions = extensions()};
}
inline SendStreamConfig audio_out() {
  return {.codec = CodecType::kOpus,
          .ssrc = Ssrc(0x22222222),
          .payload_type = kOpusType,
          .mid = "a",
          .extensions = extensions(),
          .nack = false,
          .target_bitrate = 32'000};
}
inline ReceiveStreamConfig audio_in() {
  return {.kind = MediaKind::kAudio,
          .mid = "a",
          .codecs = {{kOpusType, CodecType::kOpus, std::nullopt}},
          .extensions = extensions(),
          .nack = false,
          .picture_loss_indication = false};
}

// A frame whose bytes follow from its number, so that the receiver can tell that it is whole.
inline EncodedFrame video_frame(std::uint32_t number, bool key, std::size_t size) {
  EncodedFrame frame;
  frame.payload.resize(std::max<std::size_t>(size, 16));
  for (std::size_t i = 10; i < frame.payload.size(); ++i) {
    frame.payload[i] = static_cast<std::uint8_t>(number * 31 + i * 7);
  }
  const Bytes head = key ? Bytes{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01} : Bytes{0x11};
  std::copy(head.begin(), head.end(), frame.payload.begin());
  frame.rtp_timestamp = number * 3000;
  frame.key_frame = key;
  return frame;
}

inline EncodedFrame audio_frame(std::uint32_t number, CodecType codec = CodecType::kOpus) {
  EncodedFrame frame;
  frame.codec = codec;
  frame.payload = {0x78, static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(number >> 8), 9};  // 20 ms
  if (codec != CodecType::kOpus) frame.payload.resize(160);
  frame.rtp_timestamp = number * (clock_rate(codec) / 50);
  frame.key_frame = true;
  return frame;
}

struct Wire {
  double loss = 0;
  double duplicate = 0;
  Duration delay = 25ms;
  Duration jitter = 0ms;
};

class Call {
 public:
  explicit Call(std::uint64_t seed = 1)
      : random_(seed),
        a({.local_ssrc = Ssrc(1), .cname = "a", .wall_clock = {Timestamp{}, {1'700'000'000s}}}, pool,
          crypto::Random::from_test_seed(seed)),
        b({.local_ssrc = Ssrc(2), .cname = "b", .wall_clock = {Timestamp{}, {1'700'000'100s}}}, pool,
          crypto::Random::from_test_seed(seed + 1000)) {}

  // Lets time pass, in steps to whatever is due next, and at most `step`.
  void run(Duration time) {
    for (const Timestamp end = now + time; now < end;) {
      carry();
      Timestamp next = std::min({end, a.next_timeout(), b.next_timeout()});
      if (!in_flight_.empty()) next = std::min(next, in_flight_.begin()->first);
      now = std::max(next, now + 100us);
      while (!in_flight_.empty() && in_flight_.begin()->first <= now) {
        auto node = in_flight_.extract(in_flight_.begin());
        deliver(std::move(node.mapped()));
      }
      a.handle_timeout(now);
      b.handle_timeout(now);
    }
    carry();
  }

  std::vector<Event> take_events(StreamTable& table) {
    std::vector<Event> events;
    while (auto event = table.poll_event()) events.push_back(std::move(*event));
    return events;
  }

  std::mt19937_64 random_;
  PacketPool pool;
  Timestamp now{1s};
  StreamTable a;
  StreamTable b;
  Wire wire;
  // Looks at each packet that leaves a; false drops it.
  std::function<bool(const StreamTable::Outgoing&)> filter;

 private:
  struct InFlight {
    StreamTable* to;
    StreamTable::Outgoing outgoing;
  };

  bool chance(double p) { return static_cast<double>(random_() % 1'000'000) < p * 1e6; }

  void carry() {
    while (auto outgoing = a.poll_transmit(now)) {
      if (!filter || filter(*outgoing)) send(b, std::move(*outgoing));
    }
    while (auto outgoing = b.poll_transmit(now)) send(a, std::move(*outgoing));
  }

  void send(StreamTable& to, StreamTable::Outgoing outgoing) {
    if (chance(wire.loss)) return;
    const auto arrival = [&] {
      const auto jitter = wire.jitter.count() == 0 ? 0 : random_() % static_cast<std::uint64_t>(wire.jitter.count());
      return now + wire.delay + Duration{static_cast<std::int64_t>(jitter)};
    };
    if (chance(wire.duplicate)) {
      in_flight_.emplace(arrival(), InFlight{&to, {outgoing.kind, pool.copy_of(outgoing.packet.bytes())}});
    }
    in_flight_.emplace(arrival(), InFlight{&to, std::move(outgoing)});
  }

  void deliver(InFlight item) {
    if (item.outgoing.kind == StreamTable::Outgoing::Kind::kRtcp) {
      item.to->handle_rtcp(item.outgoing.packet.bytes(), now);
    } else {
      item.to->handle_rtp(std::move(item.outgoing.packet), now);
    }
  }

  std::multimap<Timestamp, InFlight> in_flight_;
};

// Sends pictures from a to b, at 30 a second, and keeps what came.
struct VideoCall : Call {
  explicit VideoCall(std::uint64_t seed = 1, CodecType its_codec = CodecType::kVp8) : Call(seed), codec(its_codec) {
    out = *a.add_send_stream(video_out(Ssrc(0x11111111), codec), now);
    in = *b.add_receive_stream(video_in(codec), now);
  }

  EncodedFrame make_frame(bool key, std::size_t size) {
    EncodedFrame frame = frame_of(codec, key, size, noise_);
    frame.rtp_timestamp = number * 3000;
    return frame;
  }

  void send_frames(std::uint32_t count, std::size_t size, Duration interval = 33ms) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool key = number == 0 || std::exchange(key_frame_needed, false);
      if (key) key_frames.insert(number);
      const std::size_t its_size = key ? size * 8 : size;
      const EncodedFrame frame =
          codec == CodecType::kVp8 ? video_frame(number, key, its_size) : make_frame(key, its_size);
      ++number;
      sent[frame.rtp_timestamp] = frame.payload;
      (void)a.send_frame(out, frame, now);
      step(interval);
    }
  }

  void step(Duration time) {
    run(time);
    for (const Event& event : take_events(a)) {
      if (!std::holds_alternative<KeyFrameNeeded>(event)) continue;
      key_frame_needed = obey_key_frame_requests;
      ++key_frames_asked;
    }
    for (Event& event : take_events(b)) {
      if (auto* arrived = std::get_if<FrameReceived>(&event)) check(arrived->frame);
    }
  }

  void check(const EncodedFrame& frame) {
    // Timestamps got a random offset on their way: the first frame tells it.
    if (!offset) offset = frame.rtp_timestamp - (sent.empty() ? 0 : first_timestamp);
    const std::uint32_t timestamp = frame.rtp_timestamp - *offset;
    ASSERT_TRUE(sent.contains(timestamp));
    ASSERT_EQ(frame.payload, sent[timestamp]);
    ASSERT_EQ(frame.codec, codec);
    ASSERT_TRUE(!last || static_cast<std::int32_t>(timestamp - *last) > 0) << "frames out of order";
    const bool follows = last && timestamp == *last + 3000;
    ASSERT_TRUE(frame.key_frame || follows) << "a delta frame without the frame before it";
    last = timestamp;
    ++received;
  }

  CodecType codec;
  std::mt19937_64 noise_{99};
  StreamId out, in;
  std::uint32_t number = 0;
  std::uint32_t first_timestamp = 0;
  bool key_frame_needed = false;
  bool obey_key_frame_requests = true;
  int key_frames_asked = 0;
  std::set<std::uint32_t> key_frames;
  std::map<std::uint32_t, Bytes> sent;
  std::optional<std::uint32_t> offset;
  std::optional<std::uint32_t> last;
  std::uint32_t received = 0;
};

struct AudioCall : Call {
  explicit AudioCall(std::uint64_t seed = 1, CodecType its_codec = CodecType::kOpus) : Call(seed), codec(its_codec) {
    SendStreamConfig sender = audio_out();
    ReceiveStreamConfig receiver = audio_in();
    sender.codec = receiver.codecs[0].codec = codec;
    out = *a.add_send_stream(sender, now);
    in = *b.add_receive_stream(receiver, now);
  }
  void send_frames(std::uint32_t count, Duration interval = 20ms) {
    for (std::uint32_t i = 0; i < count; ++i) {
      ASSERT_TRUE(a.send_frame(out, audio_frame(number++, codec), now));
      step(interval);
    }
  }
  void step(Duration time) {
    run(time);
    for (Event& event : take_events(b)) {
      auto* playout = std::get_if<AudioPlayout>(&event);
      if (!playout) continue;
      if (last_due) {
        gap = std::max(gap, playout->due - *last_due - last_duration);
      }
      last_due = playout->due;
      last_duration = playout->play_for;
      if (playout->frame) {
        ++played;
        frame_duration = playout->duration;
      } else {
        (playout->next ? recovered : concealed) += playout->duration;
        continue;
      }
      const int n = playout->frame->payload[1] | playout->frame->payload[2] << 8;
      ASSERT_EQ(playout->frame->codec, codec);
      ASSERT_GT(n, last_played);
      last_played = n;
    }
  }

  CodecType codec;
  StreamId out, in;
  std::uint32_t number = 0;
  int played = 0;
  Duration concealed{};
  Duration recovered{};
  Duration frame_duration{};
  int last_played = -1;
  Duration gap{};
  Duration last_duration{};
  std::optional<Timestamp> last_due;
};

}  // namespace tidewire::media
