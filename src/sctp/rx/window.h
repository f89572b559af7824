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

  // The path is another one.
  void forget_rtt() { shortest_rtt_ = Duration::max(); }

  // The application took so much. `rtt`: zero when it is not known.
  void on_consumed(std::size_t bytes, Duration rtt, Timestamp now) {
    // What one round trip brings, twice because a sender that is in slow start brings twice as much in the next one,
    // and once more for the queue that it fills on the way. Of the shortest round trip: with the present one, which
    // holds the queue, the window would grow with the queue and the queue with the window, up to the limit.
    constexpr double kRounds = 3;
    consumed_ += bytes;
    if (rtt > Duration{}) shortest_rtt_ = std::min(shortest_rtt_, rtt);
    const Duration round = shortest_rtt_ == Duration::max() ? kShortestRound : std::max(shortest_rtt_, kShortestRound);
    const Duration elapsed = now - round_began_;
    if (elapsed < round) return;
    // The application may have been away for many rounds; after a pause this is no measure at all, and does no harm.
    const double wanted = kRounds * static_cast<double>(consumed_) * std::chrono::duration<double>(round) / elapsed;
    size_ = std::max(size_, static_cast<std::uint32_t>(std::min<double>(wanted, limit_)));
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
  Duration shortest_rtt_ = Duration::max();
};

}  // namespace tidewire::sctp
