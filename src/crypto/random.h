// The source of random numbers: a value with a seed, passed in like time.
//
// ChaCha20 keystream under a 256-bit key. Seeded from the operating system it is fit for keys and passwords;
// seeded by a test it repeats itself exactly.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tidewire/bytes.h"

namespace tidewire::crypto {

class Random {
 public:
  using Seed = std::array<std::uint8_t, 32>;

  explicit Random(const Seed& seed);
  // For tests and simulations: 2^64 different streams, none of them secret.
  static Random from_test_seed(std::uint64_t seed);

  void fill(MutableByteView bytes);
  std::uint8_t u8();
  std::uint32_t u32();
  std::uint64_t u64();
  // Evenly distributed in [0, bound); bound is positive.
  std::uint32_t below(std::uint32_t bound);
  // `length` characters of [A-Za-z0-9+/], the ice-char set (RFC 8839 §5.4): 6 bits of randomness each.
  std::string ice_chars(std::size_t length);
  // An independent source, seeded from this one: what a machine gets from its owner.
  Random fork();

 private:
  void refill();

  Seed key_;
  std::uint64_t block_ = 0;
  std::array<std::uint8_t, 512> keystream_{};
  std::size_t used_ = 512;
};

}  // namespace tidewire::crypto
