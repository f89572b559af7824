// Which of the newest numbers of a sequence have been seen (RFC 3711 §3.3.2, RFC 6347 §4.1.2.6): for SRTP and DTLS.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace tidewire {

// Tells apart the newest kSize numbers; what is older counts as seen. Costs the same for any jump.
template <std::size_t kSize>
class ReplayWindow {
  static_assert(kSize % 64 == 0);

 public:
  // False when it was accepted before, or is too old to tell.
  bool is_fresh(std::uint64_t number) const {
    if (number >= end_) return true;
    if (end_ - number > kSize) return false;
    return (word_of(number) & bit_of(number)) == 0;
  }

  void accept(std::uint64_t number) {
    if (number >= end_) {
      // The words between the newest number and this one hold numbers of a former lap.
      const std::uint64_t last = number / 64;
      const std::uint64_t first = end_ == 0 ? 0 : (end_ - 1) / 64 + 1;
      const std::uint64_t stale = last + 1 > first ? std::min<std::uint64_t>(last + 1 - first, kWords) : 0;
      for (std::uint64_t i = 0; i < stale; ++i) words_[(last - i) % kWords] = 0;
      end_ = number + 1;
    } else if (end_ - number > kSize) {
      return;
    }
    word_of(number) |= bit_of(number);
  }

 private:
  // One word more than the window: the newest word is filled while the oldest numbers are still told apart.
  static constexpr std::size_t kWords = kSize / 64 + 1;

  static std::uint64_t bit_of(std::uint64_t number) { return std::uint64_t{1} << number % 64; }
  std::uint64_t& word_of(std::uint64_t number) { return words_[number / 64 % kWords]; }
  std::uint64_t word_of(std::uint64_t number) const { return words_[number / 64 % kWords]; }

  std::array<std::uint64_t, kWords> words_{};
  std::uint64_t end_ = 0;  // one past the newest that was accepted
};

}  // namespace tidewire
