// Reads bits, most significant first, from a header of a video codec. Reading past the end yields zeroes and makes the
// reader fail for good.
#pragma once

#include <cstdint>

#include "tidewire/bytes.h"

namespace tidewire::media {

class BitReader {
 public:
  enum class Escapes {
    kNone,
    kEmulationPrevention,  // H.264 §7.4.1: in 00 00 03, the 03 is no data
  };

  explicit BitReader(ByteView bytes, Escapes escapes = Escapes::kNone) : bytes_(bytes), escapes_(escapes) {}

  bool ok() const { return ok_; }

  // Up to 32 of them.
  std::uint32_t bits(int count) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 1 | (bit() ? 1U : 0U);
    return static_cast<std::uint32_t>(value);
  }
  bool flag() { return bit(); }
  void skip(int count) {
    for (int i = 0; i < count; ++i) bit();
  }

  // H.264 §9.1: Exp-Golomb codes; AV1 §4.10.3 has the same as uvlc(). More than 31 zeroes in front are refused.
  std::uint32_t unsigned_golomb() {
    int zeroes = 0;
    while (ok_ && !bit()) {
      if (++zeroes > 31) ok_ = false;
    }
    return ok_ ? (1U << zeroes) - 1 + bits(zeroes) : 0;
  }
  std::int32_t signed_golomb() {
    const std::uint32_t code = unsigned_golomb();
    const auto magnitude = static_cast<std::int32_t>((std::uint64_t{code} + 1) / 2);
    return code % 2 == 0 ? -magnitude : magnitude;
  }

 private:
  bool bit() {
    if (left_ == 0 && !load()) return ok_ = false;
    --left_;
    return (current_ >> left_ & 1U) != 0;
  }
  bool load() {
    if (!ok_ || next_ == bytes_.size()) return false;
    if (escapes_ == Escapes::kEmulationPrevention && zeroes_ >= 2 && bytes_[next_] == 3) {
      zeroes_ = 0;
      if (++next_ == bytes_.size()) return false;
    }
    current_ = bytes_[next_++];
    zeroes_ = current_ == 0 ? zeroes_ + 1 : 0;
    left_ = 8;
    return true;
  }

  ByteView bytes_;
  Escapes escapes_;
  std::size_t next_ = 0;
  int zeroes_ = 0;  // bytes of zero in a row before next_
  std::uint8_t current_ = 0;
  int left_ = 0;  // bits of current_
  bool ok_ = true;
};

}  // namespace tidewire::media
