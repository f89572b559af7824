// Reads big-endian fields from bytes that came from the network.
//
// Reading past the end yields zeroes and makes the reader fail for good, so a parser reads a whole header and
// asks ok() once.
#pragma once

#include <cstdint>

#include "tidewire/bytes.h"

namespace tidewire {

class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t remaining() const { return rest_.size(); }
  bool empty() const { return rest_.empty(); }
  ByteView rest() const { return rest_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(unsigned_be<1>()); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(unsigned_be<2>()); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(unsigned_be<3>()); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(unsigned_be<4>()); }
  std::uint64_t u48() { return unsigned_be<6>(); }
  std::uint64_t u64() { return unsigned_be<8>(); }

  // A view of the next n bytes, empty when there are fewer.
  ByteView take(std::size_t n) {
    if (n > rest_.size()) return fail(), ByteView{};
    const ByteView taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }
  void skip(std::size_t n) { take(n); }

 private:
  template <int kSize>
  std::uint64_t unsigned_be() {
    if (rest_.size() < kSize) return fail(), 0;
    std::uint64_t value = 0;
    for (int i = 0; i < kSize; ++i) value = value << 8 | rest_[static_cast<std::size_t>(i)];
    rest_ = rest_.subspan(kSize);
    return value;
  }
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  ByteView rest_;
  bool ok_ = true;
};

}  // namespace tidewire
