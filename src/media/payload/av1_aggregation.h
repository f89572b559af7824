// The aggregation header of AV1 in RTP, and the OBU elements that follow it (payload format §4.3, §4.4).
#pragma once

#include <cstdint>
#include <optional>

#include "base/byte_reader.h"
#include "media/payload/av1_obu.h"
#include "tidewire/bytes.h"

namespace tidewire::media {

inline constexpr std::uint8_t kAv1Continues = 0x80;    // Z
inline constexpr std::uint8_t kAv1GoesOn = 0x40;       // Y
inline constexpr std::uint8_t kAv1NewSequence = 0x08;  // N
inline constexpr int kAv1CountShift = 4;               // W
// With so many elements or fewer, the last one needs no length.
inline constexpr std::size_t kAv1MaxCount = 3;

// Walks over the elements of one payload.
class Av1Elements {
 public:
  explicit Av1Elements(ByteView payload) : reader_(payload), header_(reader_.u8()) { ok_ = payload.size() >= 2; }

  // False once something was found wrong.
  bool ok() const { return ok_; }
  // The first element is the continuation of an OBU.
  bool continues() const { return (header_ & kAv1Continues) != 0; }
  bool new_sequence() const { return (header_ & kAv1NewSequence) != 0; }

  struct Element {
    ByteView bytes;
    bool goes_on = false;  // in the next payload
  };
  // Nothing at the end, and when the payload is malformed.
  std::optional<Element> next() {
    const unsigned count = header_ >> kAv1CountShift & 0x03U;
    if (!ok_ || reader_.empty()) {
      ok_ = ok_ && (count == 0 || index_ == count);
      return std::nullopt;
    }
    ++index_;
    std::size_t size = reader_.remaining();
    if (count == 0 || index_ < count) {
      const auto told = read_leb128(reader_);
      ok_ = told && *told <= reader_.remaining();
      if (!ok_) return std::nullopt;
      size = *told;
    }
    const ByteView bytes = reader_.take(size);
    return Element{bytes, reader_.empty() && (header_ & kAv1GoesOn) != 0};
  }

 private:
  ByteReader reader_;
  std::uint8_t header_ = 0;
  unsigned index_ = 0;
  bool ok_ = false;
};

}  // namespace tidewire::media
