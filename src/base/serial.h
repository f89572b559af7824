// Serial-number arithmetic (RFC 1982) and its unwrapping to 64 bits: one template for RTP sequence numbers and
// timestamps, SCTP TSNs and stream sequence numbers.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace tidewire {

// RFC 1982 §3.2: a < b when b is reached from a by going up less than half the circle.
template <std::unsigned_integral T>
constexpr bool serial_less(T a, T b) {
  return a != b && static_cast<T>(b - a) < static_cast<T>(T{1} << (sizeof(T) * 8 - 1));
}

// The distance from a to b on the shorter way round, negative when b lies before a.
template <std::unsigned_integral T>
constexpr std::int64_t serial_distance(T a, T b) {
  return static_cast<std::make_signed_t<T>>(static_cast<T>(b - a));
}

// Turns a sequence that wraps into one that does not. Each value is taken as the nearest one to the newest
// value seen so far; the first value is itself.
template <std::unsigned_integral T>
class Unwrapper {
 public:
  std::int64_t unwrap(T value) {
    const std::int64_t unwrapped = peek(value);
    if (!newest_ || unwrapped > *newest_) newest_ = unwrapped;
    return unwrapped;
  }
  // The same without remembering it.
  std::int64_t peek(T value) const {
    if (!newest_) return value;
    return *newest_ + serial_distance(static_cast<T>(*newest_), value);
  }
  void reset() { newest_.reset(); }

 private:
  std::optional<std::int64_t> newest_;
};

}  // namespace tidewire
