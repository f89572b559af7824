// Walks the elements of a header extension in either form (RFC 8285 §4.2, §4.3).
#pragma once

#include <cstdint>
#include <optional>

#include "base/byte_reader.h"

namespace tidewire::rtp {

inline constexpr std::uint16_t kOneByteProfile = 0xbede;
inline constexpr std::uint16_t kTwoByteProfile = 0x1000;  // the low four bits are the application's

struct ExtensionElement {
  std::uint8_t id = 0;
  ByteView data;
};

class ExtensionElements {
 public:
  ExtensionElements(std::uint16_t profile, ByteView extension)
      : one_byte_(profile == kOneByteProfile), reader_(extension) {
    if (!one_byte_ && (profile & 0xfff0U) != kTwoByteProfile) reader_ = ByteReader({});
  }

  // The next element; nothing at the end, or where the rest makes no sense.
  std::optional<ExtensionElement> next() {
    while (!reader_.empty()) {
      const std::uint8_t first = reader_.u8();
      if (first == 0) continue;  // padding
      std::uint8_t id = first;
      std::size_t size = 0;
      if (one_byte_) {
        id = first >> 4;
        if (id == 15) return std::nullopt;  // RFC 8285 §4.2: stop at id 15, whatever its length
        size = std::size_t{first} % 16 + 1;
      } else {
        size = reader_.u8();
      }
      const ByteView data = reader_.take(size);
      if (!reader_.ok()) return std::nullopt;
      // RFC 8285 §4.2: an element of id 0 with a length is to be passed over with its data.
      if (id != 0) return ExtensionElement{id, data};
    }
    return std::nullopt;
  }

 private:
  bool one_byte_;
  ByteReader reader_;
};

}  // namespace tidewire::rtp
