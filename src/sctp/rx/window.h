// How much the peer may send ahead: grows to what the application takes in a few round trips (Dynamic Right-Sizing,
// Fisk and Feng 2001), so that a window is neither the limit of a long path nor memory promised to a short one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "sctp/config.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

class ReceiveWindow {
 public:
  explicit ReceiveWindow(const Config& config) : limit_(at_least(config, config.a_rwnd)), size_(initial(config)) {}

  // What INIT says.
  static std::uint32_t initial(const Config& config) {
    return at_least(config, std::min(config.a_rwnd, config.initial_a_rwnd));
  }

  // The window when nothing is held.
  std::uint32_t size() const { return size_; }

  // What is held waits for more: grows, so that it can come. (Else messages that are large, or many at once, would fill
  // the window before one of them is whole.)
  void make_room_beside(std::size_t held) {
    while (held > size_ / 2 && size_ < limit_) size_ = std::min(limit_ / 2, size_) * 2;
  }

  // The application took so much. `rtt`: zero when it is not known.
  void on_consumed(std::size_t bytes, Duration rtt, Timestamp now) {
    // What one round trip brings, twice because a sender that is in slow start brings twice as much in the next one,
    // and once more because the round trip known here may be one without the queue that the sender fills.
    constexpr std::size_t kRounds = 3;
    consumed_ += bytes;
    if (now - round_began_ < std::max(rtt, kShortestRound)) return;
    // After a pause this is no measure of a round trip; it only makes the window larger when much came at once.
    size_ = std::max(size_, static_cast<std::uint32_t>(std::min<std::size_t>(kRounds * consumed_, limit_)));
    consumed_ = 0;
    round_began_ = now;
  }

 private:
  static constexpr Duration kShortestRound = std::chrono::milliseconds(1);

  // A message of the largest size must fit into the window, or it could never be received.
  static std::uint32_t at_least(const Config& config, std::uint32_t window) {
    constexpr std::size_t kSlack = 64 * 1024;
    return static_cast<std::uint32_t>(std::max<std::size_t>(window, config.max_message_size + kSlack));
  }

  std::uint32_t limit_;
  std::uint32_t size_;
  std::size_t consumed_ = 0;
  Timestamp round_began_{};
};

}  // namespace tidewire::sctp
