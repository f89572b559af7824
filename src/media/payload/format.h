// The payload formats of all codecs, by codec: what a payload tells, a frame from its payloads, payloads from a frame.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "media/payload/av1.h"
#include "media/payload/h264.h"
#include "media/payload/types.h"
#include "media/payload/vp8.h"
#include "media/payload/vp9.h"
#include "tidewire/encoded_frame.h"

namespace tidewire::media {

// Nothing when it is malformed.
std::optional<PayloadInfo> parse_payload(CodecType codec, ByteView payload);

// How long a payload of sound lasts, in ticks of the codec's clock. Nothing when it is malformed, or no sound.
std::optional<std::uint32_t> payload_duration(CodecType codec, ByteView payload);

// One packet is one frame of sound.
class AudioFrameBuilder {
 public:
  bool add(ByteView payload, Bytes& frame);
  bool finish() const { return begun_; }

 private:
  bool begun_ = false;
};

// Makes an EncodedFrame::payload of the payloads of one frame, added in order and without gap. A frame is at most a few
// times as large as its payloads together.
class FrameBuilder {
 public:
  explicit FrameBuilder(CodecType codec);

  // False when the payload is malformed or does not follow from those before it; the frame is lost, then.
  bool add(ByteView payload, Bytes& frame);
  // False when something is missing at the end. Adds what tells a decoder where layers end.
  bool finish(Bytes& frame) const;

 private:
  std::variant<AudioFrameBuilder, Vp8FrameBuilder, Vp9FrameBuilder, H264FrameBuilder, Av1FrameBuilder> builder_;
};

// Cuts a frame to payloads in packets of `pool`, in order, with all their headroom free; the last of `packets` ends the
// frame. There are none when the frame holds nothing that travels. On an error `packets` are of no use:
// kEncoding: the frame is not what the codec makes. kNotSupported: H.264 in mode 0, and a NAL unit is too large.
// kOperation: it needs more packets than it may have, or sound does not fit one packet.
// `places`, if any, gets as many elements as `packets`: what rtp::DependencyWriter wants to know.
Result<> packetize(const EncodedFrame& frame, const PacketizerOptions& options, PacketPool& pool,
                   std::vector<Packet>& packets, std::vector<PacketPlace>* places = nullptr);

}  // namespace tidewire::media
