// Copies of earlier frames in each packet of sound (RFC 2198), so that the next packet repairs the loss of one without
// a round trip.
#pragma once

#include <array>
#include <cstdint>

#include "base/packet.h"
#include "media/payload/red.h"
#include "rtp/types.h"
#include "tidewire/bytes.h"

namespace tidewire::media {

class AudioRedundancy {
 public:
  // Frames that are kept at most, and so the farthest copy.
  static constexpr std::size_t kMaxDistance = 2;

  // Packs a frame with copies of the `distance` frames before it (at most kMaxDistance), as far as they fit
  // `max_payload`, and keeps a copy of it. An empty handle when not a single copy fits, or none is there: the frame
  // goes as it is then. `timestamp` is that of the wire.
  Packet pack(rtp::PayloadType payload_type, std::uint32_t timestamp, ByteView frame, int distance,
              std::size_t max_payload, PacketPool& pool);
  // What came before is not to be repeated.
  void reset() { count_ = 0; }

 private:
  struct Earlier {
    rtp::PayloadType payload_type;
    std::uint32_t timestamp = 0;
    Bytes payload;  // its memory is used again
  };

  void keep(rtp::PayloadType payload_type, std::uint32_t timestamp, ByteView frame);

  std::array<Earlier, kMaxDistance> earlier_;  // newest first
  std::size_t count_ = 0;
};

}  // namespace tidewire::media
