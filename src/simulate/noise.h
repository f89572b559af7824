// Random numbers that are the same with every standard library, whose distributions differ.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

namespace tidewire::simulate {

class Noise {
 public:
  explicit Noise(std::uint64_t seed) : random_(seed) {}

  // In [0, 1).
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double exponential(double mean) { return -mean * std::log(1 - uniform()); }
  // Near enough to the normal distribution: the sum of twelve even ones.
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace tidewire::simulate
