// Integers with a meaning: an Ssrc is no PayloadType, and the compiler knows.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <functional>

namespace tidewire {

// `Tag` is any type that makes this id different from others: using Ssrc = StrongId<struct SsrcTag, uint32_t>;
template <typename Tag, std::integral T>
class StrongId {
 public:
  using value_type = T;

  constexpr StrongId() = default;
  constexpr explicit StrongId(T value) : value_(value) {}

  constexpr T value() const { return value_; }

  friend constexpr bool operator==(StrongId, StrongId) = default;
  friend constexpr auto operator<=>(StrongId, StrongId) = default;

 private:
  T value_{};
};

}  // namespace tidewire

template <typename Tag, typename T>
struct std::hash<tidewire::StrongId<Tag, T>> {
  std::size_t operator()(tidewire::StrongId<Tag, T> id) const noexcept { return std::hash<T>{}(id.value()); }
};
