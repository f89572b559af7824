// RFC 9260 §8.3: is the peer still there when nobody talks?
#pragma once

#include <cstdint>

#include "sctp/core.h"

namespace tidewire::sctp {

class Heartbeat {
 public:
  explicit Heartbeat(Core& core) : core_(core) {}

  // The association is established.
  void start();
  void handle_heartbeat(const ChunkView& chunk);
  void handle_heartbeat_ack(const ChunkView& chunk);
  void handle_timeout();

 private:
  void restart();

  Core& core_;
  std::uint64_t nonce_ = 0;  // of the one that is unanswered; 0: none
  Timestamp sent_{};
};

}  // namespace tidewire::sctp
