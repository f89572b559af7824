#include "media/payload/vp9.h"

#include "base/byte_reader.h"
#include "base/vp9_index.h"
#include "media/payload/bit_reader.h"
#include "media/payload/vp9_flags.h"

namespace tidewire::media {

using namespace vp9;

namespace {

void read_picture_id(ByteReader& reader, Vp9Descriptor& descriptor) {
  const std::uint8_t first = reader.u8();
  // M: the id has 15 bits
  descriptor.picture_id =
      (first & 0x80U) != 0 ? static_cast<std::uint16_t>((first & 0x7fU) << 8 | reader.u8()) : std::uint16_t{first};
}

void read_layers(ByteReader& reader, Vp9Descriptor& descriptor) {
  const std::uint8_t layers = reader.u8();
  descriptor.temporal_layer = static_cast<std::uint8_t>(layers >> 5);
  descriptor.switching_up = (layers & 0x10U) != 0;
  descriptor.spatial_layer = static_cast<std::uint8_t>(layers >> 1 & 0x07U);
  descriptor.inter_layer_predicted = (layers & 0x01U) != 0;
  if (!descriptor.flexible) descriptor.tl0_picture_index = reader.u8();
}

// False when there are more than three: RFC 9628 §4.2, P_DIFF.
bool read_references(ByteReader& reader, Vp9Descriptor& descriptor) {
  std::uint8_t reference = 0;
  do {
    if (descriptor.reference_count == Vp9Descriptor::kMaxReferences) return false;
    reference = reader.u8();
    descriptor.reference_distances[descriptor.reference_count++] = static_cast<std::uint8_t>(reference >> 1);
  } while ((reference & 0x01U) != 0);
  return true;
}

// RFC 9628 §4.2.1. False when a layer's size cannot be.
bool read_structure(ByteReader& reader, Vp9Descriptor& descriptor) {
  const std::uint8_t first = reader.u8();
  const int layers = (first >> 5) + 1;  // N_S
  if ((first & 0x10U) != 0) {           // Y
    for (int i = 0; i < layers; ++i) {
      descriptor.width = reader.u16();
      descriptor.height = reader.u16();
      if (descriptor.width > kMaxPictureSide || descriptor.height > kMaxPictureSide) return false;
    }
  }
  if ((first & 0x08U) == 0) return true;  // G
  const int pictures = reader.u8();       // N_G
  for (int i = 0; i < pictures; ++i) reader.skip(reader.u8() >> 2 & 0x03U);
  return true;
}

// VP9 bitstream specification §6.2.2
bool skip_color_config(BitReader& reader, std::uint32_t profile) {
  constexpr std::uint32_t kSrgb = 7;
  if (profile >= 2) reader.skip(1);  // ten_or_twelve_bit
  const bool subsampling_told = profile == 1 || profile == 3;
  if (reader.bits(3) != kSrgb) {
    reader.skip(subsampling_told ? 4 : 1);  // color_range, subsampling_x, subsampling_y, reserved_zero
    return true;
  }
  if (subsampling_told) reader.skip(1);  // reserved_zero
  return subsampling_told;               // the others have no sRGB
}

}  // namespace

std::optional<Vp9Descriptor> Vp9Descriptor::parse(ByteView payload) {
  ByteReader reader(payload);
  const std::uint8_t flags = reader.u8();
  Vp9Descriptor descriptor;
  descriptor.inter_predicted = (flags & kInterPredicted) != 0;
  descriptor.flexible = (flags & kFlexible) != 0;
  descriptor.begins_frame = (flags & kBegins) != 0;
  descriptor.ends_frame = (flags & kEnds) != 0;
  descriptor.not_for_inter_layer = (flags & kNotForInterLayer) != 0;
  if ((flags & kPictureId) != 0) read_picture_id(reader, descriptor);
  if ((flags & kLayers) != 0) read_layers(reader, descriptor);
  if (descriptor.flexible && descriptor.inter_predicted) {
    // RFC 9628 §4.2: in flexible mode, a picture has an id that others are told apart by.
    if (!descriptor.picture_id || !read_references(reader, descriptor)) return std::nullopt;
  }
  if ((flags & kStructure) != 0 && !read_structure(reader, descriptor)) return std::nullopt;
  if (!reader.ok()) return std::nullopt;
  descriptor.size = payload.size() - reader.remaining();
  return descriptor;
}

std::optional<Vp9FrameHeader> Vp9FrameHeader::parse(ByteView frame) {
  BitReader reader(frame);
  if (reader.bits(2) != 2) return std::nullopt;  // frame_marker
  const std::uint32_t low = reader.bits(1);
  const std::uint32_t profile = reader.bits(1) << 1 | low;
  if (profile == 3) reader.skip(1);  // reserved_zero
  Vp9FrameHeader header;
  if (reader.flag()) return reader.ok() ? std::optional(header) : std::nullopt;  // show_existing_frame
  header.key_frame = !reader.flag();                                             // frame_type
  reader.skip(2);                                                                // show_frame, error_resilient_mode
  if (header.key_frame) {
    constexpr std::uint32_t kSyncCode = 0x498342;
    if (reader.bits(24) != kSyncCode || !skip_color_config(reader, profile)) return std::nullopt;
    header.width = static_cast<int>(reader.bits(16)) + 1;
    header.height = static_cast<int>(reader.bits(16)) + 1;
    if (header.width > kMaxPictureSide || header.height > kMaxPictureSide) return std::nullopt;
  }
  return reader.ok() ? std::optional(header) : std::nullopt;
}

std::optional<PayloadInfo> parse_vp9_payload(ByteView payload) {
  const std::optional<Vp9Descriptor> descriptor = Vp9Descriptor::parse(payload);
  if (!descriptor || descriptor->size >= payload.size()) return std::nullopt;
  PayloadInfo info;
  const bool base_layer = descriptor->spatial_layer.value_or(0) == 0;
  info.may_begin = descriptor->begins_frame;
  info.begins = descriptor->begins_frame && base_layer;
  // RFC 9628 §4.2: with P and D clear, nothing else is needed. A higher layer predicted from a lower one is not a key
  // frame of its own.
  info.key_frame = descriptor->begins_frame && !descriptor->inter_predicted && !descriptor->inter_layer_predicted;
  info.decodable_from_here = info.key_frame && base_layer;
  info.temporal_layer = descriptor->temporal_layer;
  info.spatial_layer = descriptor->spatial_layer;
  info.picture_id = descriptor->picture_id;
  info.tl0_picture_index = descriptor->tl0_picture_index;
  info.switching_up = descriptor->switching_up;
  info.distances_told = descriptor->flexible && descriptor->picture_id;
  info.distances = descriptor->reference_distances;
  info.distance_count = descriptor->reference_count;
  info.width = descriptor->width;
  info.height = descriptor->height;
  if (!info.key_frame) return info;
  const auto header = Vp9FrameHeader::parse(payload.subspan(descriptor->size));
  if (!header) return std::nullopt;
  info.key_frame = header->key_frame;  // an intra-only frame leaves references that later frames may need
  info.decodable_from_here &= info.key_frame;
  if (info.width == 0) {
    info.width = header->width;
    info.height = header->height;
  }
  return info;
}

bool Vp9FrameBuilder::add(ByteView payload, Bytes& frame) {
  const std::optional<Vp9Descriptor> descriptor = Vp9Descriptor::parse(payload);
  if (!descriptor || descriptor->size >= payload.size() || descriptor->begins_frame == open_) return false;
  const std::uint8_t layer = descriptor->spatial_layer.value_or(0);
  if (begun_) {
    // One picture, and its layers from the lowest up; a layer is one frame.
    if (descriptor->picture_id != picture_id_ || layer < spatial_layer_) return false;
    if (layer == spatial_layer_ ? !open_ : open_) return false;
  }
  if (!open_) ++layer_count_;
  sizes_[layer_count_ - 1] += payload.size() - descriptor->size;
  begun_ = true;
  open_ = !descriptor->ends_frame;
  picture_id_ = descriptor->picture_id;
  spatial_layer_ = layer;
  frame.insert(frame.end(), payload.begin() + static_cast<std::ptrdiff_t>(descriptor->size), payload.end());
  return true;
}

bool Vp9FrameBuilder::finish(Bytes& frame) const {
  if (!begun_ || open_) return false;
  if (layer_count_ > 1) append_vp9_index(frame, std::span(sizes_).first(layer_count_));
  return true;
}

}  // namespace tidewire::media
