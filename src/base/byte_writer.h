// Writes big-endian fields into a buffer of fixed size.
//
// Writing past the end writes nothing and makes the writer fail for good, so a builder writes a whole packet
// and asks ok() once.
#pragma once

#include <cstdint>
#include <cstring>

#include "tidewire/bytes.h"

namespace tidewire {

class ByteWriter {
 public:
  explicit ByteWriter(MutableByteView buffer) : buffer_(buffer) {}

  bool ok() const { return ok_; }
  std::size_t size() const { return size_; }
  std::size_t remaining() const { return buffer_.size() - size_; }
  ByteView written() const { return buffer_.first(size_); }
  MutableByteView written() { return buffer_.first(size_); }

  void u8(std::uint64_t value) { unsigned_be<1>(value); }
  void u16(std::uint64_t value) { unsigned_be<2>(value); }
  void u24(std::uint64_t value) { unsigned_be<3>(value); }
  void u32(std::uint64_t value) { unsigned_be<4>(value); }
  void u48(std::uint64_t value) { unsigned_be<6>(value); }
  void u64(std::uint64_t value) { unsigned_be<8>(value); }

  void bytes(ByteView bytes) {
    const MutableByteView room = take(bytes.size());
    if (!room.empty()) std::memcpy(room.data(), bytes.data(), bytes.size());
  }
  void zeroes(std::size_t n) {
    const MutableByteView room = take(n);
    if (!room.empty()) std::memset(room.data(), 0, room.size());
  }
  // Zeroes up to the next multiple of `alignment`.
  void pad_to(std::size_t alignment) { zeroes((alignment - size_ % alignment) % alignment); }

  // Room for n bytes that the caller fills, empty when it does not fit.
  MutableByteView take(std::size_t n) {
    if (n > remaining()) {
      ok_ = false;
      return {};
    }
    const MutableByteView room = buffer_.subspan(size_, n);
    size_ += n;
    return room;
  }

  // Overwrites two bytes that were written before (a length field).
  void patch_u16(std::size_t offset, std::uint64_t value) {
    if (offset + 2 > size_) return;
    buffer_[offset] = static_cast<std::uint8_t>(value >> 8);
    buffer_[offset + 1] = static_cast<std::uint8_t>(value);
  }

 private:
  template <int kSize>
  void unsigned_be(std::uint64_t value) {
    const MutableByteView room = take(kSize);
    for (std::size_t i = 0; i < room.size(); ++i) {
      room[i] = static_cast<std::uint8_t>(value >> (8 * (room.size() - 1 - i)));
    }
  }

  MutableByteView buffer_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace tidewire
