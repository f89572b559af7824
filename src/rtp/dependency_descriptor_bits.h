// Bits of a dependency descriptor, most significant first (AV1 RTP payload format, appendix A.8).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tidewire/bytes.h"

namespace tidewire::rtp {

// Of ns(n): the bits that the longer codes have, and how many values have a code of one bit less.
struct NonSymmetric {
  int bits = 0;
  std::uint32_t shorter = 0;

  constexpr explicit NonSymmetric(std::uint32_t count) {
    for (std::uint32_t rest = count; rest != 0; rest >>= 1) ++bits;
    shorter = (1U << bits) - count;
  }
};

// Reading past the end yields zeroes and makes the reader fail for good.
class DependencyBitReader {
 public:
  explicit DependencyBitReader(ByteView bytes) : bytes_(bytes) {}

  bool ok() const { return at_ <= bytes_.size() * 8; }
  bool flag() { return bits(1) != 0; }
  std::uint32_t bits(int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i, ++at_) {
      const std::uint32_t bit = at_ < bytes_.size() * 8 ? bytes_[at_ / 8] >> (7 - at_ % 8) & 1U : 0;
      value = value << 1 | bit;
    }
    return value;
  }
  // One of `count` values.
  std::uint32_t non_symmetric(std::uint32_t count) {
    const NonSymmetric code(count);
    const std::uint32_t value = bits(code.bits - 1);
    return value < code.shorter ? value : (value << 1) - code.shorter + bits(1);
  }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
};

// Writing past the end makes the writer fail for good.
class DependencyBitWriter {
 public:
  explicit DependencyBitWriter(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

  bool ok() const { return at_ <= bytes_.size() * 8; }
  std::size_t size() const { return (at_ + 7) / 8; }
  void flag(bool value) { bits(1, value ? 1 : 0); }
  void bits(int count, std::uint32_t value) {
    for (int i = count - 1; i >= 0; --i, ++at_) {
      if (!ok() || at_ == bytes_.size() * 8) continue;
      std::uint8_t& byte = bytes_[at_ / 8];
      if (at_ % 8 == 0) byte = 0;
      byte = static_cast<std::uint8_t>(byte | (value >> i & 1U) << (7 - at_ % 8));
    }
  }
  void non_symmetric(std::uint32_t count, std::uint32_t value) {
    const NonSymmetric code(count);
    value < code.shorter ? bits(code.bits - 1, value) : bits(code.bits, value + code.shorter);
  }

 private:
  std::span<std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

}  // namespace tidewire::rtp
