// Bits of a codec's header, most significant first.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tidewire/bytes.h"

namespace tidewire::codecs {

// Reads zeros beyond the end, and then says so: a parser asks ok() once, at its end.
class BitReader {
 public:
  explicit BitReader(ByteView bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool flag() {
    const std::size_t byte = position_ / 8;
    if (byte >= bytes_.size()) return ok_ = false;
    const bool bit = (bytes_[byte] >> (7 - position_ % 8) & 1) != 0;
    ++position_;
    return bit;
  }
  // Up to 32 of them.
  std::uint32_t bits(int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 1 | static_cast<std::uint32_t>(flag());
    return value;
  }
  void skip(int count) {
    for (int i = 0; i < count; ++i) flag();
  }
  // H.264 §9.1, ue(v): Exp-Golomb. What needs more than 32 bits is no number of any header.
  std::uint32_t exp_golomb() {
    int zeros = 0;
    while (ok_ && !flag()) {
      if (++zeros > 31) ok_ = false;
    }
    return ok_ ? (1U << zeros) - 1 + bits(zeros) : 0;
  }
  // se(v): 1, -1, 2, -2 …
  std::int64_t signed_exp_golomb() {
    const std::int64_t code = exp_golomb();
    return code % 2 != 0 ? (code + 1) / 2 : -code / 2;
  }
  void skip_signed_exp_golomb() { exp_golomb(); }

 private:
  ByteView bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace tidewire::codecs
