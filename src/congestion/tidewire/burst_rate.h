// What the path carries in a burst. A frame leaves faster than the target, and the spacing at which its packets arrive
// is the bottleneck's (SQP: "Streaming Quality Protocol", Ray and others 2022, §4.2): each frame is a small probe that
// costs nothing.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "congestion/packet_result.h"
#include "tidewire/time.h"

namespace tidewire::congestion {

class BurstRate {
 public:
  // The weight of what is old falls to 1/e over so much time in bursts: about five frames.
  static constexpr double kMemory = 0.08;

  // Packets in the order of sending. One that leaves closer to the one before it than it would at `pace` goes on with
  // its burst. Sound that leaves in the middle of a frame, unpaced, is counted with the packet after it.
  void add(const PacketResult& packet, double pace) {
    if (!packet.arrival) {
      last_.reset();
      return;
    }
    if (last_ && packet.sent - last_->sent < kSameBurst) {
      if (packet.size < last_->size / 2) {
        between_ += packet.size;
        return;
      }
      add_pair(packet, pace);
    }
    last_ = packet;
    between_ = 0;
  }

  // Bits per second that bursts were sent with, and arrived with; nothing until enough was seen.
  struct Rates {
    double sent = 0;
    double arrived = 0;
  };
  std::optional<Rates> rates() const {
    if (pairs_ < 5 || sent_ < 0.01) return std::nullopt;
    return Rates{bits_ / sent_, bits_ / std::max(arrived_, 0.001)};
  }

  void reset() { *this = BurstRate(); }

 private:
  // A frame's packets leave closer than this; at a slower pace there is little to be learned.
  static constexpr Duration kSameBurst = std::chrono::milliseconds{20};

  void add_pair(const PacketResult& packet, double pace) {
    const double sent = seconds(packet.sent - last_->sent);
    const double bits = static_cast<double>(packet.size + between_) * 8;
    if (sent >= bits / pace) return;
    const double arrived = std::clamp(seconds(*packet.arrival - *last_->arrival), 0.0, 1.0);
    const double keep = std::max(0.0, 1 - sent / kMemory);
    bits_ = bits_ * keep + bits;
    sent_ = sent_ * keep + sent;
    arrived_ = arrived_ * keep + arrived;
    ++pairs_;
  }
  static double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

  std::optional<PacketResult> last_;
  std::size_t between_ = 0;
  double bits_ = 0;
  double sent_ = 0;
  double arrived_ = 0;
  int pairs_ = 0;
};

}  // namespace tidewire::congestion
