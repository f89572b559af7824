// What the owner of a StreamTable says about each stream, and the events that it gets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/strong_id.h"
#include "media/payload/types.h"
#include "rtp/extension_map.h"
#include "rtp/types.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/time.h"

namespace tidewire::media {

// One stream of a StreamTable, in one direction. Never used twice.
using StreamId = StrongId<struct StreamIdTag, std::uint32_t>;

// RFC 7587 §4.1 fixes Opus to 48 kHz, RFC 3551 §4.5.14 G.711 to 8 kHz; all video is at 90 kHz.
constexpr std::uint32_t clock_rate(CodecType codec) {
  if (codec == CodecType::kOpus) return 48'000;
  return kind_of(codec) == MediaKind::kAudio ? 8'000 : 90'000;
}
constexpr MediaKind kind(CodecType codec) { return kind_of(codec); }

// Retransmission as a stream of its own (RFC 4588).
struct RtxConfig {
  rtp::Ssrc ssrc;
  rtp::PayloadType payload_type;
};

// Forward error correction as a stream of its own (RFC 8627).
struct FlexfecConfig {
  rtp::Ssrc ssrc;
  rtp::PayloadType payload_type;
  Duration repair_window = std::chrono::milliseconds{500};  // that the other end keeps

  friend bool operator==(const FlexfecConfig&, const FlexfecConfig&) = default;
};

struct SendStreamConfig {
  CodecType codec = CodecType::kVp8;
  rtp::Ssrc ssrc;
  rtp::PayloadType payload_type;
  // What the other end takes of H.264: a=fmtp: packetization-mode; RFC 6184 §8.1: 0 where it does not say.
  H264PacketizationMode h264_packetization_mode = H264PacketizationMode::kNonInterleaved;
  // Written as header extensions when `extensions` has ids for them. An empty one is not written.
  std::string mid;
  std::string rtp_stream_id;
  // What was negotiated for the m-section: only these are written.
  rtp::ExtensionMap extensions;
  // The other end may ask for packets again (a=rtcp-fb: nack). They go out as RTX; without it, a request for a lost
  // packet is taken as one for a key frame: SRTP must not protect a sequence number twice.
  bool nack = true;
  std::optional<RtxConfig> rtx;
  // The other end tells what became of each packet (a=rtcp-fb: transport-cc).
  bool transport_wide_feedback = false;
  // The same by the streams' own numbers, with the marks of routers (a=rtcp-fb: ack ccfb, RFC 8888).
  bool congestion_feedback = false;
  // What the encoder aims at: the budget of retransmissions follows from it, and without congestion control the pace.
  std::uint64_t target_bitrate = 1'000'000;
  // Of an RTP packet with its header, before SRTP adds up to 16 bytes.
  std::size_t max_packet_size = 1200;
  // RFC 2198, sound only: packets of this type carry copies of `red_distance` earlier frames (1 or 2).
  std::optional<rtp::PayloadType> red_payload_type;
  int red_distance = 1;
  // RFC 8627, pictures only: repair packets are sent when loss and round trip call for them.
  std::optional<FlexfecConfig> flexfec;
};

// The other end tells of each packet, in one way or the other.
inline bool has_feedback(const SendStreamConfig& config) {
  return config.transport_wide_feedback || config.congestion_feedback;
}

struct ReceiveCodec {
  rtp::PayloadType payload_type;
  CodecType codec = CodecType::kVp8;
  std::optional<rtp::PayloadType> rtx_payload_type;  // of its retransmissions
};

struct ReceiveStreamConfig {
  MediaKind kind = MediaKind::kVideo;
  // How packets find this stream (RFC 9143 §9.2): by MID and RID, by an SSRC that was announced, by payload type.
  std::string mid;
  // One of several streams with the same MID (RFC 8852): packets find it by this name. Empty: the only one.
  std::string rid;
  std::vector<rtp::Ssrc> ssrcs;
  std::vector<rtp::Ssrc> rtx_ssrcs;
  std::vector<rtp::Ssrc> flexfec_ssrcs;
  std::vector<ReceiveCodec> codecs;
  // What was negotiated for the m-section.
  rtp::ExtensionMap extensions;
  bool nack = true;
  bool picture_loss_indication = true;  // a=rtcp-fb: nack pli
  bool full_intra_request = false;      // a=rtcp-fb: ccm fir; used when there is no PLI
  bool transport_wide_feedback = true;  // a=rtcp-fb: transport-cc
  bool congestion_feedback = false;     // a=rtcp-fb: ack ccfb
  // The least time from when a frame could be there at the earliest to when it is given out. Nothing: what the network
  // calls for.
  std::optional<Duration> playout_delay;
  // Streams of one group are played in sync with each other. Empty: those of one CNAME are.
  std::string sync_group;
  // RFC 2198, sound only: of packets that carry copies of earlier frames.
  std::optional<rtp::PayloadType> red_payload_type;
  // RFC 8627, pictures only: of repair packets.
  std::optional<rtp::PayloadType> flexfec_payload_type;
};

// The codec that a payload type of the stream stands for. Nothing for one of repetitions, or of none.
inline std::optional<CodecType> find_codec(const ReceiveStreamConfig& config, rtp::PayloadType payload_type) {
  for (const ReceiveCodec& codec : config.codecs) {
    if (codec.payload_type == payload_type) return codec.codec;
  }
  return std::nullopt;
}

// A picture, in decoding order and whole; every picture that it depends on came before it.
struct FrameReceived {
  StreamId stream;
  EncodedFrame frame;
};

// The sound for one slot of playout: frames come in order and without gap, at the time that they are due, as long
// as the stream is active.
struct AudioPlayout {
  StreamId stream;
  // Nothing: it is lost or was never sent (DTX); the decoder conceals `duration`.
  std::optional<EncodedFrame> frame;
  Duration duration{};  // of the sound, as it was sent
  // How long it is to take: less, and its sound is hurried; more, and it is stretched. The next slot is due then.
  Duration play_for{};
  // What comes after a missing frame, when it tells something about that (in-band FEC). It comes in its turn as well.
  std::optional<EncodedFrame> next;
  Timestamp due{};
};

// The other end cannot go on without a key frame on this send stream. At most one each 300 ms.
struct KeyFrameNeeded {
  StreamId stream;
};

// RTP of this receive stream began, or began anew from another source.
struct FirstPacketReceived {
  StreamId stream;
  rtp::Ssrc ssrc;
};

// The source of this receive stream said goodbye (RFC 3550 §6.6).
struct SourceLeft {
  StreamId stream;
  rtp::Ssrc ssrc;
};

// The other end reported on this send stream: the share of packets, 0 to 1, that it lost since its report before.
struct LossReported {
  StreamId stream;
  double fraction_lost = 0;
};

using Event = std::variant<FrameReceived, AudioPlayout, KeyFrameNeeded, FirstPacketReceived, SourceLeft, LossReported>;

}  // namespace tidewire::media
