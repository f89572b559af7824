#include "media/payload/format.h"

#include "media/payload/g711.h"
#include "media/payload/opus.h"

namespace tidewire::media {

namespace {

Result<> packetize_audio(ByteView frame, PayloadSink& sink) {
  if (frame.size() > sink.max_payload()) {
    return Error{ErrorCode::kOperation, "A frame of sound is to fit one packet; let the encoder make shorter ones."};
  }
  sink.begin(frame);
  return sink.result();
}

}  // namespace

std::optional<PayloadInfo> parse_payload(CodecType codec, ByteView payload) {
  switch (codec) {
    case CodecType::kVp8: return parse_vp8_payload(payload);
    case CodecType::kVp9: return parse_vp9_payload(payload);
    case CodecType::kH264: return parse_h264_payload(payload);
    case CodecType::kAv1: return parse_av1_payload(payload);
    case CodecType::kOpus:
    case CodecType::kPcmu:
    case CodecType::kPcma: break;
  }
  if (!payload_duration(codec, payload)) return std::nullopt;
  return PayloadInfo{.may_begin = true, .begins = true, .decodable_from_here = true, .key_frame = true};
}

std::optional<std::uint32_t> payload_duration(CodecType codec, ByteView payload) {
  if (codec == CodecType::kOpus) return opus_duration(payload);
  if (kind_of(codec) == MediaKind::kAudio) return g711_duration(payload);
  return std::nullopt;
}

FrameBuilder::FrameBuilder(CodecType codec) {
  switch (codec) {
    case CodecType::kVp8: builder_.emplace<Vp8FrameBuilder>(); break;
    case CodecType::kVp9: builder_.emplace<Vp9FrameBuilder>(); break;
    case CodecType::kH264: builder_.emplace<H264FrameBuilder>(); break;
    case CodecType::kAv1: builder_.emplace<Av1FrameBuilder>(); break;
    case CodecType::kOpus:
    case CodecType::kPcmu:
    case CodecType::kPcma: break;
  }
}

bool AudioFrameBuilder::add(ByteView payload, Bytes& frame) {
  if (payload.empty() || begun_) return false;
  begun_ = true;
  frame.insert(frame.end(), payload.begin(), payload.end());
  return true;
}

bool FrameBuilder::add(ByteView payload, Bytes& frame) {
  return std::visit([&](auto& builder) { return builder.add(payload, frame); }, builder_);
}

bool FrameBuilder::finish(Bytes& frame) const {
  const auto end = [&](const auto& builder) {
    if constexpr (requires { builder.finish(frame); }) {
      return builder.finish(frame);
    } else {
      return builder.finish();
    }
  };
  return std::visit(end, builder_);
}

namespace {

// Each spatial layer's frame in packets of its own.
Result<> packetize_av1_layers(const EncodedFrame& frame, PayloadSink& sink) {
  if (frame.layers.count < 2) return packetize_av1(frame.payload, frame.key_frame, sink);
  ByteView rest(frame.payload);
  for (std::size_t i = 0; i < frame.layers.count; ++i) {
    const std::size_t size = frame.layers.frames[i].size;
    if (size == 0 || size > rest.size() || (i + 1 == frame.layers.count && size != rest.size())) {
      return Error{ErrorCode::kEncoding, "The layers of an AV1 picture are to have the sizes that it tells."};
    }
    if (auto cut = packetize_av1(rest.first(size), frame.key_frame && i == 0, sink); !cut) return cut;
    sink.end_layer();
    rest = rest.subspan(size);
  }
  return sink.result();
}

Result<> packetize_into(const EncodedFrame& frame, const PacketizerOptions& options, PayloadSink& sink) {
  switch (frame.codec) {
    case CodecType::kVp8: return packetize_vp8(frame, options, sink);
    case CodecType::kVp9: return packetize_vp9(frame, options, sink);
    case CodecType::kH264: return packetize_h264(frame.payload, options, sink);
    case CodecType::kAv1: return packetize_av1_layers(frame, sink);
    case CodecType::kOpus:
    case CodecType::kPcmu:
    case CodecType::kPcma: break;
  }
  return packetize_audio(frame.payload, sink);
}

}  // namespace

Result<> packetize(const EncodedFrame& frame, const PacketizerOptions& options, PacketPool& pool,
                   std::vector<Packet>& packets, std::vector<PacketPlace>* places) {
  packets.clear();
  if (places) places->clear();
  if (frame.payload.empty()) return {};
  PayloadSink sink(options, pool, packets, places);
  Result<> result = packetize_into(frame, options, sink);
  if (places && !places->empty()) places->back().last = true;
  return result;
}

}  // namespace tidewire::media
