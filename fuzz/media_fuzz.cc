// A stream table under a script: packets of its streams and of none, RTCP true and false, time, calls of the owner, and
// its own output coming back. The receive streams hear what the send streams say.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "media/stream_table.h"
#include "rtp/extensions.h"
#include "rtp/rtcp.h"

namespace {

using namespace tidewire;
using namespace tidewire::media;
using namespace std::chrono_literals;
using rtp::PayloadType;
using rtp::Ssrc;

void check(bool holds) {
  if (!holds) std::abort();
}

constexpr Ssrc kVideo{0x100};
constexpr Ssrc kRtx{0x101};
constexpr Ssrc kAudio{0x200};
constexpr Ssrc kOwn{0x1};
constexpr Ssrc kStranger{0x999};
constexpr std::array kSsrcs{kVideo, kRtx, kAudio, kOwn, kStranger};
constexpr std::array kPayloadTypes{PayloadType(96), PayloadType(97),  PayloadType(111), PayloadType(5),
                                   PayloadType(0),  PayloadType(102), PayloadType(98),  PayloadType(45)};
// Of the streams that arrive: what else than the first ones they may hold.
constexpr PayloadType kPcmu = kPayloadTypes[4];
constexpr PayloadType kH264 = kPayloadTypes[5];
constexpr PayloadType kVp9 = kPayloadTypes[6];
constexpr PayloadType kAv1 = kPayloadTypes[7];

rtp::ExtensionMap extensions() {
  rtp::ExtensionMap map;
  map.add(rtp::ExtensionType::kMid, 1);
  map.add(rtp::ExtensionType::kTransportSequenceNumber, 2);
  map.add(rtp::ExtensionType::kAbsoluteSendTime, 3);
  map.add(rtp::ExtensionType::kRepairedRtpStreamId, 4);
  map.add(rtp::ExtensionType::kVideoOrientation, 5);
  map.add(rtp::ExtensionType::kPlayoutDelay, 6);
  map.add(rtp::ExtensionType::kAbsoluteCaptureTime, 7);
  return map;
}

SendStreamConfig video_out() {
  return {.ssrc = kVideo,
          .payload_type = kPayloadTypes[0],
          .mid = "v",
          .extensions = extensions(),
          .rtx = RtxConfig{kRtx, kPayloadTypes[1]}};
}
SendStreamConfig audio_out() {
  return {.codec = CodecType::kOpus,
          .ssrc = kAudio,
          .payload_type = kPayloadTypes[2],
          .mid = "a",
          .extensions = extensions(),
          .target_bitrate = 32'000};
}
ReceiveStreamConfig video_in(bool nack) {
  return {.mid = "v",
          .rtx_ssrcs = {kRtx},
          .codecs = {{kPayloadTypes[0], CodecType::kVp8, kPayloadTypes[1]},
                     {kH264, CodecType::kH264, std::nullopt},
                     {kVp9, CodecType::kVp9, std::nullopt},
                     {kAv1, CodecType::kAv1, std::nullopt}},
          .extensions = extensions(),
          .nack = nack,
          .full_intra_request = !nack};
}
ReceiveStreamConfig audio_in() {
  return {.kind = MediaKind::kAudio,
          .mid = "a",
          .codecs = {{kPayloadTypes[2], CodecType::kOpus, std::nullopt}, {kPcmu, CodecType::kPcmu, std::nullopt}},
          .extensions = extensions()};
}

class Script {
 public:
  explicit Script(ByteView bytes)
      : in_(bytes),
        table_({.local_ssrc = kOwn, .cname = "c", .wall_clock = {Timestamp{}, UnixTime{1'700'000'000s}}}, pool_,
               crypto::Random::from_test_seed(1)) {
    table_.set_reduced_size_rtcp((in_.u8() & 1U) != 0);
    video_out_ = *table_.add_send_stream(video_out(), now_);
    audio_out_ = *table_.add_send_stream(audio_out(), now_);
    video_in_ = *table_.add_receive_stream(video_in(true), now_);
    audio_in_ = *table_.add_receive_stream(audio_in(), now_);
  }

  void run() {
    for (int steps = 0; !in_.empty() && steps < 400; ++steps) {
      step(in_.u8());
      take_events();
    }
    now_ += 10s;
    settle();
    table_.close(now_);
    settle();
    check(table_.next_timeout() == kNever);
  }

 private:
  void step(std::uint8_t op) {
    switch (op % 16) {
      case 0: return table_.handle_rtp(pool_.copy_of(some_bytes()), now_);
      case 1: return table_.handle_rtcp(some_bytes(), now_);
      case 2:
      case 3: return forge_rtp();
      case 4: return forge_rtcp();
      case 5: return pass(std::chrono::milliseconds(in_.u8()));
      case 6: return pass(std::chrono::microseconds(in_.u8()) * 20);
      case 7: return pass(std::chrono::milliseconds(in_.u8()) * 200);
      case 8:
      case 9: return send_video();
      case 10: return send_audio();
      case 11: return table_.request_key_frame(in_.u8() & 1U ? video_in_ : audio_in_, now_);
      case 12: return table_.set_target_bitrate(video_out_, std::uint64_t{in_.u8()} << (in_.u8() % 40U));
      case 13: return change_streams();
      default: return loop_back();
    }
  }

  ByteView some_bytes() { return in_.take(std::min<std::size_t>(in_.u8(), in_.remaining())); }

  // A packet that reaches a stream, with a payload of the script's choice.
  void forge_rtp() {
    const std::uint8_t which = in_.u8();
    sequence_ = static_cast<std::uint16_t>(sequence_ + static_cast<std::int8_t>(in_.u8()));
    const rtp::HeaderFields fields{.marker = (which & 0x80U) != 0,
                                   .payload_type = kPayloadTypes[which % kPayloadTypes.size()],
                                   .sequence_number = sequence_,
                                   .timestamp = in_.u8() * std::uint32_t{1500},
                                   .ssrc = kSsrcs[which / 4 % kSsrcs.size()]};
    rtp::Extensions values{.transport_sequence_number = sequence_};
    if (which & 0x40U) values.mid = which & 1U ? "v" : "a";
    if (which & 0x20U) {
      values.video_orientation = rtp::VideoOrientation{false, false, which % 4 * 90};
      values.playout_delay = rtp::PlayoutDelay{10ms * (which % 16), 10ms * (sequence_ % 4096)};
    }
    Packet packet = pool_.copy_of(some_bytes());
    if (rtp::write_header(packet, fields, values, extensions())) table_.handle_rtp(std::move(packet), now_);
  }

  // RTCP of a right form about SSRCs that exist.
  void forge_rtcp() {
    const std::uint8_t type = in_.u8();
    const std::uint8_t count = in_.u8();
    std::array<std::uint8_t, 512> buffer{};
    rtp::RtcpWriter writer(buffer);
    check(writer.add(static_cast<rtp::RtcpType>(200 + type % 8), count, [&](ByteWriter& body) {
      if (type & 0x80U) body.u32(kStranger.value());
      body.u32(kSsrcs[count / 32 % kSsrcs.size()].value());
      body.bytes(some_bytes());
    }));
    table_.handle_rtcp(writer.written(), now_);
  }

  void pass(Duration time) {
    now_ += time;
    table_.handle_timeout(now_);
  }

  void send_video() {
    EncodedFrame frame;
    frame.key_frame = (in_.u8() & 3U) == 0;
    frame.payload.assign(std::size_t{in_.u8()} * 64 + 12, 7);
    const Bytes head = frame.key_frame ? Bytes{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01} : Bytes{0x11};
    std::copy(head.begin(), head.end(), frame.payload.begin());
    frame.rtp_timestamp = video_time_ += 3000;
    static_cast<void>(table_.send_frame(video_out_, frame, now_));
  }
  void send_audio() {
    EncodedFrame frame{.codec = CodecType::kOpus, .payload = {in_.u8(), 1, 2, 3}, .key_frame = true};
    frame.rtp_timestamp = audio_time_ += 960;
    static_cast<void>(table_.send_frame(audio_out_, frame, now_));
  }

  void change_streams() {
    const std::uint8_t how = in_.u8();
    switch (how % 7) {
      case 0: table_.remove_stream(video_out_, now_); break;
      case 1:
        if (auto added = table_.add_send_stream(video_out(), now_)) video_out_ = *added;
        break;
      case 2: table_.remove_stream(video_in_, now_); break;
      case 6: static_cast<void>(table_.set_jitter_buffer_target(video_in_, 20ms * how)); break;
      case 3:
        if (auto added = table_.add_receive_stream(video_in((how & 0x80U) != 0), now_)) video_in_ = *added;
        break;
      case 4: static_cast<void>(table_.update_receive_stream(video_in_, video_in((how & 0x80U) != 0))); break;
      case 5: {
        SendStreamConfig config = video_out();
        if (how & 0x80U) config.rtx.reset();
        static_cast<void>(table_.update_send_stream(video_out_, config));
      }
    }
  }

  // What leaves comes in again, but for what the script loses.
  void loop_back() {
    const std::uint8_t lost = in_.u8();
    for (unsigned i = 0; i < 64; ++i) {
      auto outgoing = table_.poll_transmit(now_);
      if (!outgoing) return;
      verify(*outgoing);
      if (i % 8 == lost % 16U) continue;
      if (outgoing->kind == StreamTable::Outgoing::Kind::kRtcp) {
        table_.handle_rtcp(outgoing->packet.bytes(), now_);
      } else {
        table_.handle_rtp(std::move(outgoing->packet), now_);
      }
    }
  }

  static void verify(const StreamTable::Outgoing& outgoing) {
    if (outgoing.kind == StreamTable::Outgoing::Kind::kRtp) {
      const auto view = rtp::PacketView::parse(outgoing.packet.bytes());
      check(view && (view->header.ssrc == kVideo || view->header.ssrc == kRtx || view->header.ssrc == kAudio));
      check(outgoing.packet.size() <= 1200 + 4);  // RFC 4588 §4: RTX adds the original number
      return;
    }
    rtp::RtcpReader reader(outgoing.packet.bytes());
    while (reader.next()) continue;
    check(!reader.malformed());
  }

  // Everything that is due is done: then the next thing lies ahead.
  void settle() {
    table_.handle_timeout(now_);
    std::size_t sent = 0;
    while (auto outgoing = table_.poll_transmit(now_)) {
      verify(*outgoing);
      check(++sent < 100'000);
    }
    take_events();
    check(table_.next_timeout() > now_);
    static_cast<void>(table_.stats(now_));
  }

  void take_events() {
    std::size_t count = 0;
    while (auto event = table_.poll_event()) {
      check(++count <= StreamTable::kMaxEvents);
      if (const auto* playout = std::get_if<AudioPlayout>(&*event)) {
        check(playout->duration > 0ms && playout->duration <= 200ms);  // RFC 3551 §4.2; Opus has 120 ms at most
      }
      if (const auto* received = std::get_if<FrameReceived>(&*event)) {
        check(!received->frame.payload.empty());
      }
    }
  }

  ByteReader in_;
  Timestamp now_{1h};
  PacketPool pool_{64};
  StreamTable table_;
  StreamId video_out_, audio_out_, video_in_, audio_in_;
  std::uint16_t sequence_ = 65'530;
  std::uint32_t video_time_ = 0;
  std::uint32_t audio_time_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script({data, size}).run();
  return 0;
}
