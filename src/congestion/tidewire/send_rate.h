// What is sent, whatever may be: tells whether the application uses what it may.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "tidewire/time.h"

namespace tidewire::congestion {

class SendRate {
 public:
  // Several frames of video; the average is of about two such times.
  static constexpr Duration kWindow = std::chrono::milliseconds{200};

  explicit SendRate(Timestamp now) : since_(now) {}

  void add(std::size_t size, Timestamp now) {
    bytes_ += size;
    const Duration elapsed = now - since_;
    if (elapsed < kWindow) return;
    const double rate = static_cast<double>(bytes_) * 8 / std::chrono::duration<double>(elapsed).count();
    rate_ = rate_ == 0 ? rate : (rate_ + rate) / 2;
    bytes_ = 0;
    since_ = now;
  }

  double bits_per_second() const { return rate_; }

 private:
  Timestamp since_;
  std::uint64_t bytes_ = 0;
  double rate_ = 0;
};

}  // namespace tidewire::congestion
