// Writes bits, for headers of codecs made by hand.
#pragma once

#include <cstdint>

#include "tidewire/bytes.h"

namespace tidewire::media {

class BitWriter {
 public:
  BitWriter& bits(int count, std::uint32_t value) {
    for (int i = count - 1; i >= 0; --i) {
      if (used_ % 8 == 0) bytes_.push_back(0);
      bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | (value >> i & 1U) << (7 - used_ % 8));
      ++used_;
    }
    return *this;
  }
  // Exp-Golomb.
  BitWriter& golomb(std::uint32_t value) {
    int length = 0;
    while ((std::uint64_t{value} + 1) >> (length + 1) != 0) ++length;
    bits(length, 0);
    return bits(1, 1).bits(length, static_cast<std::uint32_t>(std::uint64_t{value} + 1));
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
  int used_ = 0;
};

}  // namespace tidewire::media
