// Probes for path MTU discovery (RFC 8899 §6.2): HEARTBEAT and PAD in a packet of the size that is asked about, outside
// of congestion control, when nothing else is to be sent.
#pragma once

#include <cstdint>
#include <optional>

#include "sctp/core.h"

namespace tidewire::sctp {

class PathProbe {
 public:
  explicit PathProbe(Core& core) : core_(core) {}

  // The association is established.
  void start();
  void path_changed();
  // True when the HEARTBEAT ACK was the answer to a probe.
  bool handle_answer(std::uint64_t nonce);
  void handle_timeout();
  // After anything that may have changed the MTU.
  void progress();

  // The largest packet that may be sent now. Larger than the path's MTU when a chunk is due that was cut for a larger
  // one: RFC 9260 §6.9 forbids to cut it again, and it goes in fragments (Packet::fragmentation()).
  std::size_t packet_size();
  // What a packet of this size needs.
  Fragmentation fragmentation(std::size_t size) const;
  std::optional<Packet> poll_transmit();

 private:
  Core& core_;
  std::uint64_t nonce_ = 0;  // of the probe that was sent last
};

}  // namespace tidewire::sctp
