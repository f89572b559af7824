// Proportional Rate Reduction (RFC 9937): while losses are repaired, how much may be sent for what arrives, so that the
// window is the reduced one at the end and packets flow evenly until then.
#pragma once

#include <algorithm>
#include <cstddef>

namespace tidewire::sctp {

class Prr {
 public:
  // `flight`: bytes that were out, those included that were just found lost.
  void begin(std::size_t flight) {
    recover_flight_ = std::max<std::size_t>(flight, 1);
    delivered_ = 0;
    out_ = 0;
  }
  void on_sent(std::size_t bytes) { out_ += bytes; }

  // The window after `acked` bytes arrived, `flight` are still out. `safe`: the cumulative TSN moved and nothing more
  // was found lost.
  std::size_t on_ack(std::size_t acked, std::size_t flight, std::size_t ssthresh, bool safe, std::size_t segment) {
    delivered_ += acked;
    std::size_t send = 0;
    if (flight > ssthresh) {
      const std::size_t allowed = (delivered_ * ssthresh + recover_flight_ - 1) / recover_flight_;
      send = allowed > out_ ? allowed - out_ : 0;
    } else {
      // Slow-start reduction bound when it is safe, conservative reduction bound else.
      send = std::max(delivered_ > out_ ? delivered_ - out_ : 0, acked);
      if (safe) send += segment;
      send = std::min(send, ssthresh - flight);
    }
    // The first retransmission goes at once.
    if (out_ == 0) send = std::max(send, segment);
    return flight + send;
  }

 private:
  std::size_t recover_flight_ = 1;
  std::size_t delivered_ = 0;
  std::size_t out_ = 0;
};

}  // namespace tidewire::sctp
