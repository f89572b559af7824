// What the far end's feedback says about one packet: the one stream of facts that every controller reads, whether the
// feedback was transport-wide (draft-holmer-rmcat-transport-wide-cc-extensions-01) or RFC 8888's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tidewire/time.h"

namespace tidewire::congestion {

struct PacketResult {
  std::int64_t number = 0;  // transport sequence number, unwrapped
  Timestamp sent{};
  std::size_t size = 0;  // bytes, the RTP packet
  // On the receiver's clock, of which only differences mean something; nothing when it did not arrive.
  std::optional<Duration> arrival;
  int probe = 0;           // the cluster that it was sent for; 0: none
  bool congested = false;  // RFC 3168: a router marked it
};

}  // namespace tidewire::congestion
