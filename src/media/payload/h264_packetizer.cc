// Cuts access units to the packets of RFC 6184.
#include <algorithm>
#include <array>

#include "media/payload/h264.h"

namespace tidewire::media {

namespace {

constexpr std::uint8_t kForbiddenMask = 0x80;
constexpr std::uint8_t kReferenceMask = 0x60;
constexpr std::uint8_t kTypeMask = 0x1f;

// RFC 6184 §5.2: the other types would be read as packets of several.
constexpr bool is_nal_unit(std::uint8_t header) { return (header & kTypeMask) >= 1 && (header & kTypeMask) <= 23; }

// Where a start code begins at or after `from`: 00 00 01, and the end when there is none.
std::size_t find_start_code(ByteView bytes, std::size_t from) {
  for (std::size_t i = from; i + 3 <= bytes.size();) {
    if (bytes[i + 2] > 1) {
      i += 3;  // none of the three can be part of one
    } else if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) {
      return i;
    } else {
      ++i;
    }
  }
  return bytes.size();
}

// The NAL units of a byte stream (H.264 Annex B), one after the other.
class NalUnits {
 public:
  explicit NalUnits(ByteView bytes) : bytes_(bytes), start_code_(find_start_code(bytes, 0)) {}

  // Whether there is nothing but zeroes before the first one.
  bool well_begun() const {
    return start_code_ < bytes_.size() && std::all_of(bytes_.begin(), bytes_.begin() + static_cast<long>(start_code_),
                                                      [](std::uint8_t b) { return b == 0; });
  }
  // Empty at the end. Zeroes that follow a NAL unit are none of its bytes (trailing_zero_8bits).
  ByteView next() {
    while (start_code_ < bytes_.size()) {
      const std::size_t begin = start_code_ + 3;
      start_code_ = find_start_code(bytes_, begin);
      std::size_t end = start_code_;
      while (end > begin && bytes_[end - 1] == 0) --end;
      if (end > begin) return bytes_.subspan(begin, end - begin);
    }
    return {};
  }

 private:
  ByteView bytes_;
  std::size_t start_code_;
};

// RFC 6184 §5.8
void fragment(ByteView nal_unit, PayloadSink& sink) {
  const ByteView rest = nal_unit.subspan(1);
  for_equal_parts(
      rest.size(), sink.max_payload() - 2, [&](std::size_t offset, std::size_t size, bool first, bool last) {
        const std::array<std::uint8_t, 2> head{
            static_cast<std::uint8_t>((nal_unit[0] & ~kTypeMask) | static_cast<std::uint8_t>(NalType::kFuA)),
            static_cast<std::uint8_t>((first ? 0x80 : 0) | (last ? 0x40 : 0) | (nal_unit[0] & kTypeMask))};
        sink.begin(head);
        sink.add(rest.subspan(offset, size));
      });
}

// RFC 6184 §5.7.1, of `count` NAL units from `units` on. §5.3: F is that of all, NRI the highest.
void aggregate(NalUnits units, std::size_t count, PayloadSink& sink) {
  std::uint8_t forbidden = 0;
  std::uint8_t reference = 0;
  NalUnits ahead = units;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t header = ahead.next()[0];
    forbidden |= header & kForbiddenMask;
    reference = std::max(reference, static_cast<std::uint8_t>(header & kReferenceMask));
  }
  const std::uint8_t head = forbidden | reference | static_cast<std::uint8_t>(NalType::kStapA);
  sink.begin({&head, 1});
  for (std::size_t i = 0; i < count; ++i) {
    const ByteView nal_unit = units.next();
    const std::array<std::uint8_t, 2> size{static_cast<std::uint8_t>(nal_unit.size() >> 8),
                                           static_cast<std::uint8_t>(nal_unit.size())};
    sink.add(size);
    sink.add(nal_unit);
  }
}

// How many NAL units from `units` on fit one STAP-A.
std::size_t count_aggregable(NalUnits units, std::size_t max_payload) {
  std::size_t size = 1;
  for (std::size_t count = 0;; ++count) {
    const ByteView nal_unit = units.next();
    size += 2 + nal_unit.size();
    if (nal_unit.empty() || !is_nal_unit(nal_unit[0]) || size > max_payload) return count;
  }
}

Error not_cut(std::size_t size) {
  return {ErrorCode::kNotSupported,
          "An H.264 NAL unit of " + std::to_string(size) +
              " bytes does not fit a packet, and the other end takes no cut ones (packetization-mode 0). Let the "
              "encoder make smaller slices, or negotiate packetization-mode=1."};
}

}  // namespace

Result<> packetize_h264(ByteView frame, const PacketizerOptions& options, PayloadSink& sink) {
  NalUnits units(frame);
  if (!units.well_begun()) return Error{ErrorCode::kEncoding, "An H.264 frame is to begin with a start code."};
  const bool single = options.h264_mode == H264PacketizationMode::kSingleNalUnit;
  for (;;) {
    NalUnits ahead = units;
    const ByteView nal_unit = ahead.next();
    if (nal_unit.empty()) return sink.result();
    if (!is_nal_unit(nal_unit[0])) {
      return Error{ErrorCode::kEncoding, "An H.264 frame holds a NAL unit of a type that H.264 does not have."};
    }
    const std::size_t together = single ? 1 : count_aggregable(units, sink.max_payload());
    if (together > 1) {
      aggregate(units, together, sink);
      for (std::size_t i = 1; i < together; ++i) ahead.next();
    } else if (nal_unit.size() <= sink.max_payload()) {
      sink.begin(nal_unit);
    } else if (single) {
      return not_cut(nal_unit.size());
    } else {
      fragment(nal_unit, sink);
    }
    units = ahead;
  }
}

}  // namespace tidewire::media
