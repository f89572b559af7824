// RFC 9260 §8.3: is the peer still there when nobody talks?
#pragma once

#include <cstdint>

#include "sctp/path_probe.h"

namespace tidewire::sctp {

class Heartbeat {
 public:
  Heartbeat(Core& core, PathProbe& probe) : core_(core), probe_(probe) {}

  // The association is established.
  void start();
  void handle_heartbeat(const ChunkView& chunk);
  void handle_heartbeat_ack(const ChunkView& chunk);
  void handle_timeout();

 private:
  void restart();

  Core& core_;
  PathProbe& probe_;         // whose answers are HEARTBEAT ACKs, too
  std::uint64_t nonce_ = 0;  // of the one that is unanswered; 0: none
  Timestamp sent_{};
};

}  // namespace tidewire::sctp
