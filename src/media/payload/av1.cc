#include "media/payload/av1.h"

#include "base/byte_reader.h"
#include "media/payload/av1_aggregation.h"
#include "media/payload/av1_obu.h"

namespace tidewire::media {

namespace {

// What a whole or begun OBU, without its size, says about the frame.
struct Glimpse {
  bool sequence_header = false;
  bool inter_frame = false;  // a frame header was seen, and it is of no key frame
};

// The payload of an OBU element whose header may announce a size: nothing when the size is wrong for a whole element.
std::optional<ByteView> payload_of(ByteView element) {
  ByteReader reader(element);
  const std::uint8_t header = reader.u8();
  if ((header & kObuHasExtension) != 0) reader.skip(1);
  if ((header & kObuHasSize) != 0 && !read_leb128(reader)) return std::nullopt;
  return reader.ok() ? std::optional(reader.rest()) : std::nullopt;
}

// False for a sequence header that cannot be.
bool look_at(ByteView element, bool whole, Glimpse& glimpse, PayloadInfo& info) {
  if (element.empty()) return true;
  if ((element[0] & 0x80U) != 0) return false;  // obu_forbidden_bit
  const ObuType type = obu_type(element[0]);
  const std::optional<ByteView> payload = payload_of(element);
  if (!payload) return !whole;
  if ((element[0] & kObuHasExtension) != 0 && element.size() > 1) {
    info.temporal_layer = static_cast<std::uint8_t>(element[1] >> 5);
    info.spatial_layer = static_cast<std::uint8_t>(element[1] >> 3 & 0x03U);
  }
  if (type == ObuType::kSequenceHeader) {
    glimpse.sequence_header = true;
    if (!whole) return true;
    const auto size = av1_picture_size(*payload);
    if (!size) return false;
    info.width = size->width;
    info.height = size->height;
  } else if ((type == ObuType::kFrame || type == ObuType::kFrameHeader) && !payload->empty()) {
    // AV1 §5.9.2: show_existing_frame, and frame_type, which is 0 for a key frame
    glimpse.inter_frame |= ((*payload)[0] & 0xe0U) != 0;
  }
  return true;
}

}  // namespace

std::optional<PayloadInfo> parse_av1_payload(ByteView payload) {
  Av1Elements elements(payload);
  // Payload format §4.4: a fragment does not begin a coded video sequence.
  if (!elements.ok() || (elements.continues() && elements.new_sequence())) return std::nullopt;
  PayloadInfo info;
  Glimpse glimpse;
  for (bool first = true; const auto element = elements.next(); first = false) {
    if (first && elements.continues()) continue;
    if (!look_at(element->bytes, !element->goes_on, glimpse, info)) return std::nullopt;
  }
  if (!elements.ok()) return std::nullopt;
  info.may_begin = !elements.continues();
  info.begins = elements.new_sequence();
  // A sequence header may be repeated before a frame that needs others.
  info.key_frame = elements.new_sequence() || (glimpse.sequence_header && !glimpse.inter_frame);
  info.decodable_from_here = info.key_frame && info.may_begin;
  return info;
}

bool Av1FrameBuilder::add(ByteView payload, Bytes& frame) {
  Av1Elements elements(payload);
  // Payload format §4.4: Z says the same as Y of the packet before.
  if (!elements.ok() || elements.continues() != open_) return false;
  bool joins = open_;
  while (const auto element = elements.next()) {
    if (!joins) obu_begin_ = frame.size();
    joins = false;
    frame.insert(frame.end(), element->bytes.begin(), element->bytes.end());
    open_ = element->goes_on;
    if (!open_ && !end_obu(frame)) return false;
  }
  return elements.ok();
}

// Gives the OBU at the frame's end its size, or takes it away when it is none to keep.
bool Av1FrameBuilder::end_obu(Bytes& frame) {
  const ByteView obu = ByteView(frame).subspan(obu_begin_);
  if (obu.empty()) return true;  // of no use, but nothing forbids it
  const std::uint8_t header = obu[0];
  if ((header & 0x80U) != 0) return false;
  if (is_left_out(obu_type(header))) {
    frame.resize(obu_begin_);
    return true;
  }
  ByteReader reader(obu);
  reader.skip((header & kObuHasExtension) != 0 ? 2 : 1);
  if (!reader.ok()) return false;
  const auto size_at = static_cast<std::ptrdiff_t>(obu_begin_ + obu.size() - reader.remaining());
  if ((header & kObuHasSize) != 0) {
    const auto size = read_leb128(reader);
    return size && *size == reader.remaining();
  }
  const Leb128 size(reader.remaining());
  frame[obu_begin_] = static_cast<std::uint8_t>(header | kObuHasSize);
  frame.insert(frame.begin() + size_at, size.bytes.begin(),
               size.bytes.begin() + static_cast<std::ptrdiff_t>(size.size));
  return true;
}

}  // namespace tidewire::media
