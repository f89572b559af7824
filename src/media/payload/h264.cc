#include "media/payload/h264.h"

#include <algorithm>
#include <array>

#include "base/byte_reader.h"
#include "media/payload/bit_reader.h"
#include "media/payload/h264_sps.h"

namespace tidewire::media {

namespace {

constexpr std::array<std::uint8_t, 4> kStartCode{0, 0, 0, 1};

// RFC 6184 §5.8: the bits of a FU header.
constexpr std::uint8_t kFuStart = 0x80;
constexpr std::uint8_t kFuEnd = 0x40;
constexpr std::uint8_t kTypeMask = 0x1f;
constexpr std::uint8_t kReferenceMask = 0x60;

constexpr NalType type_of(std::uint8_t header) { return static_cast<NalType>(header & kTypeMask); }
// RFC 6184 §5.2: 0 is unspecified, 24 and more are packets, no NAL units of H.264.
constexpr bool is_nal_unit(std::uint8_t header) { return (header & kTypeMask) >= 1 && (header & kTypeMask) <= 23; }

// Takes the next NAL unit off a STAP-A's rest (RFC 6184 §5.7.1); empty when there is none, or when it is malformed.
ByteView take_aggregated(ByteReader& reader) {
  const std::size_t size = reader.u16();
  const ByteView nal_unit = reader.take(size);
  return !nal_unit.empty() && is_nal_unit(nal_unit[0]) ? nal_unit : ByteView{};
}

// H.264 §7.3.3: a picture's first slice begins at its first macroblock.
bool begins_picture(ByteView slice) {
  BitReader reader(slice.subspan(1).first(std::min<std::size_t>(slice.size() - 1, 8)),
                   BitReader::Escapes::kEmulationPrevention);
  return reader.unsigned_golomb() == 0 && reader.ok();
}

// What H.264 §7.4.1.2.3 says about a NAL unit's place in its access unit. `nal_unit` may be the beginning of one.
bool may_begin_access_unit(ByteView nal_unit) {
  const auto type = static_cast<std::uint8_t>(type_of(nal_unit[0]));
  if (type == 1 || type == 2 || type == 5) return begins_picture(nal_unit);
  return (type >= 6 && type <= 9) || (type >= 13 && type <= 18);
}

// Adds what a NAL unit, the first of its payload or a later one, tells. False when it cannot be.
bool look_at(ByteView nal_unit, bool first, bool whole, PayloadInfo& info) {
  const NalType type = type_of(nal_unit[0]);
  if (first) info.may_begin = may_begin_access_unit(nal_unit);
  switch (type) {
    case NalType::kAccessUnitDelimiter: info.begins |= first; break;
    case NalType::kSequenceParameters:
      info.decodable_from_here |= info.may_begin;
      if (!whole) break;
      if (const auto size = h264_picture_size(nal_unit)) {
        info.width = size->width;
        info.height = size->height;
        break;
      }
      return false;
    case NalType::kIdrSlice: info.key_frame = true; [[fallthrough]];
    case NalType::kSlice:
    case NalType::kPartitionA: info.picture = true; break;
    default: break;
  }
  if ((nal_unit[0] & kReferenceMask) != 0) info.non_reference = false;
  return true;
}

std::optional<PayloadInfo> parse_aggregate(ByteView payload, PayloadInfo info) {
  ByteReader reader(payload.subspan(1));
  if (reader.empty()) return std::nullopt;
  for (bool first = true; !reader.empty(); first = false) {
    const ByteView nal_unit = take_aggregated(reader);
    if (nal_unit.empty() || !look_at(nal_unit, first, true, info)) return std::nullopt;
  }
  return info;
}

// DEVIATES RFC 6184 §5.8 because nobody sends fragments without content: they are refused.
std::optional<PayloadInfo> parse_fragment(ByteView payload, PayloadInfo info) {
  if (payload.size() < 3 || !is_nal_unit(payload[1])) return std::nullopt;
  const bool starts = (payload[1] & kFuStart) != 0;
  // RFC 6184 §5.8: a NAL unit is not sent in one fragment.
  if (starts && (payload[1] & kFuEnd) != 0) return std::nullopt;
  info.non_reference = (payload[0] & kReferenceMask) == 0;
  if (!starts) {
    info.picture = true;  // whatever it is, what it belongs to has begun
    return info;
  }
  // The beginning of the NAL unit as it was, as much of it as tells something.
  std::array<std::uint8_t, 16> head{};
  const ByteView rest = payload.subspan(2).first(std::min(payload.size() - 2, head.size() - 1));
  head[0] = static_cast<std::uint8_t>((payload[0] & ~kTypeMask) | (payload[1] & kTypeMask));
  std::copy(rest.begin(), rest.end(), head.begin() + 1);
  if (!look_at(ByteView(head).first(rest.size() + 1), true, false, info)) return std::nullopt;
  return info;
}

void append_nal_unit(ByteView nal_unit, Bytes& frame) {
  frame.insert(frame.end(), kStartCode.begin(), kStartCode.end());
  frame.insert(frame.end(), nal_unit.begin(), nal_unit.end());
}

}  // namespace

std::optional<PayloadInfo> parse_h264_payload(ByteView payload) {
  if (payload.empty()) return std::nullopt;
  PayloadInfo info;
  info.picture = false;
  info.non_reference = true;
  if (type_of(payload[0]) == NalType::kStapA) return parse_aggregate(payload, info);
  if (type_of(payload[0]) == NalType::kFuA) return parse_fragment(payload, info);
  if (!is_nal_unit(payload[0]) || !look_at(payload, true, true, info)) return std::nullopt;
  return info;
}

bool H264FrameBuilder::add(ByteView payload, Bytes& frame) {
  if (payload.empty()) return false;
  if (type_of(payload[0]) == NalType::kFuA) return add_fragment(payload, frame);
  if (fragment_) return false;  // RFC 6184 §5.8: the fragments of a NAL unit follow one another
  if (type_of(payload[0]) != NalType::kStapA) {
    append_nal_unit(payload, frame);
    return is_nal_unit(payload[0]);
  }
  ByteReader reader(payload.subspan(1));
  while (!reader.empty()) {
    const ByteView nal_unit = take_aggregated(reader);
    if (nal_unit.empty()) return false;
    append_nal_unit(nal_unit, frame);
  }
  return true;
}

bool H264FrameBuilder::add_fragment(ByteView payload, Bytes& frame) {
  if (payload.size() < 3) return false;
  const auto header = static_cast<std::uint8_t>((payload[0] & ~kTypeMask) | (payload[1] & kTypeMask));
  if ((payload[1] & kFuStart) != 0) {
    if (fragment_) return false;
    append_nal_unit({&header, 1}, frame);
    fragment_ = header;
  } else if (!fragment_ || type_of(*fragment_) != type_of(header)) {
    return false;
  }
  frame.insert(frame.end(), payload.begin() + 2, payload.end());
  if ((payload[1] & kFuEnd) != 0) fragment_.reset();
  return true;
}

}  // namespace tidewire::media
