// Sound of one channel at another rate, by libswresample.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct SwrContext;

namespace tidewire::codecs {

class Resampler {
 public:
  // One rate is a multiple of the other.
  Resampler(int from, int to);

  // False: the library has no memory.
  bool ready() const { return context_ != nullptr; }
  // As long as the input, in time: the filter's delay, about 2 ms, is heard as silence at the start.
  std::vector<std::int16_t> run(std::span<const std::int16_t> samples);

 private:
  struct Deleter {
    void operator()(SwrContext* context) const;
  };

  int from_;
  int to_;
  std::unique_ptr<SwrContext, Deleter> context_;
  std::vector<std::int16_t> waiting_;
};

}  // namespace tidewire::codecs
