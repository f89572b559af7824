#include "media/payload/vp8.h"

#include "base/byte_reader.h"

namespace tidewire::media {

std::optional<Vp8Descriptor> Vp8Descriptor::parse(ByteView payload) {
  ByteReader reader(payload);
  const std::uint8_t required = reader.u8();
  Vp8Descriptor descriptor;
  descriptor.non_reference = (required & 0x20U) != 0;
  descriptor.start_of_partition = (required & 0x10U) != 0;
  descriptor.partition = required & 0x07U;
  const std::uint8_t extensions = (required & 0x80U) != 0 ? reader.u8() : std::uint8_t{0};
  if ((extensions & 0x80U) != 0) {
    const std::uint8_t first = reader.u8();
    // M: the id has 15 bits
    descriptor.picture_id =
        (first & 0x80U) != 0 ? static_cast<std::uint16_t>((first & 0x7fU) << 8 | reader.u8()) : std::uint16_t{first};
  }
  if ((extensions & 0x40U) != 0) descriptor.tl0_picture_index = reader.u8();
  if ((extensions & 0x30U) != 0) {
    const std::uint8_t layers = reader.u8();
    if ((extensions & 0x20U) != 0) {
      descriptor.temporal_layer = static_cast<std::uint8_t>(layers >> 6);
      descriptor.layer_sync = (layers & 0x20U) != 0;
    }
    if ((extensions & 0x10U) != 0) descriptor.key_index = static_cast<std::uint8_t>(layers & 0x1fU);
  }
  if (!reader.ok()) return std::nullopt;
  descriptor.size = payload.size() - reader.remaining();
  return descriptor;
}

std::optional<Vp8FrameHeader> Vp8FrameHeader::parse(ByteView frame) {
  if (frame.empty()) return std::nullopt;
  Vp8FrameHeader header;
  header.key_frame = (frame[0] & 0x01U) == 0;
  if (!header.key_frame) return header;
  // RFC 6386 §9.1: three bytes of frame tag, the start code, then 14 bits each with two of scaling, little-endian.
  if (frame.size() < 10 || frame[3] != 0x9d || frame[4] != 0x01 || frame[5] != 0x2a) return std::nullopt;
  header.width = (frame[6] | frame[7] << 8) & 0x3fff;
  header.height = (frame[8] | frame[9] << 8) & 0x3fff;
  return header;
}

std::array<std::uint8_t, kVp8DescriptorSize> vp8_descriptor(bool starts_frame, std::uint16_t picture_id) {
  return {static_cast<std::uint8_t>(starts_frame ? 0x90U : 0x80U),  // X, and S on the first packet
          0x80U,                                                    // I
          static_cast<std::uint8_t>(0x80U | picture_id >> 8),       // M
          static_cast<std::uint8_t>(picture_id)};
}

std::optional<PayloadInfo> parse_vp8_payload(ByteView payload) {
  const std::optional<Vp8Descriptor> descriptor = Vp8Descriptor::parse(payload);
  if (!descriptor || descriptor->size >= payload.size()) return std::nullopt;
  PayloadInfo info;
  info.may_begin = info.begins = descriptor->starts_frame();
  info.non_reference = descriptor->non_reference;
  info.temporal_layer = descriptor->temporal_layer;
  info.picture_id = descriptor->picture_id;
  info.tl0_picture_index = descriptor->tl0_picture_index;
  info.layer_sync = descriptor->layer_sync;
  if (!info.begins) return info;
  const auto header = Vp8FrameHeader::parse(payload.subspan(descriptor->size));
  if (!header) return std::nullopt;
  info.key_frame = info.decodable_from_here = header->key_frame;
  info.width = header->width;
  info.height = header->height;
  return info;
}

bool Vp8FrameBuilder::add(ByteView payload, Bytes& frame) {
  const std::optional<Vp8Descriptor> descriptor = Vp8Descriptor::parse(payload);
  if (!descriptor || descriptor->size >= payload.size() || descriptor->starts_frame() == begun_) return false;
  begun_ = true;
  frame.insert(frame.end(), payload.begin() + static_cast<std::ptrdiff_t>(descriptor->size), payload.end());
  return true;
}

namespace {

std::array<std::uint8_t, kVp8LayeredDescriptorSize> layered_descriptor(bool starts_frame, const PictureLayers& layers,
                                                                       const PacketizerOptions& options) {
  const auto plain = vp8_descriptor(starts_frame, options.picture_id);
  // N: what the highest of several layers has, nothing is predicted from.
  const bool discardable = layers.temporal_layer > 0 && layers.temporal_layer + 1 == layers.mode.temporal_layers;
  return {static_cast<std::uint8_t>(plain[0] | (discardable ? 0x20U : 0U)),
          0xe0U,  // I, L, T
          plain[2],
          plain[3],
          options.tl0_picture_index,
          static_cast<std::uint8_t>(static_cast<unsigned>(layers.temporal_layer) << 6 | (layers.sync ? 0x20U : 0U))};
}

}  // namespace

Result<> packetize_vp8(const EncodedFrame& frame, const PacketizerOptions& options, PayloadSink& sink) {
  const bool layered = frame.layers.mode.temporal_layers > 1;
  const std::size_t room = sink.max_payload() - (layered ? kVp8LayeredDescriptorSize : kVp8DescriptorSize);
  for_equal_parts(frame.payload.size(), room, [&](std::size_t offset, std::size_t size, bool first, bool) {
    if (layered) {
      sink.begin(layered_descriptor(first, frame.layers, options));
    } else {
      sink.begin(vp8_descriptor(first, options.picture_id));
    }
    sink.add(ByteView(frame.payload).subspan(offset, size));
  });
  return sink.result();
}

}  // namespace tidewire::media
