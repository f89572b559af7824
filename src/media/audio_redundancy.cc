#include "media/audio_redundancy.h"

#include <algorithm>

namespace tidewire::media {

Packet AudioRedundancy::pack(rtp::PayloadType payload_type, std::uint32_t timestamp, ByteView frame, int distance,
                             std::size_t max_payload, PacketPool& pool) {
  std::array<RedBlock, kMaxDistance> copies;
  std::size_t count = 0;
  std::size_t size = kRedPrimaryHeader + frame.size();
  const auto wanted = std::min(count_, static_cast<std::size_t>(std::max(distance, 0)));
  for (std::size_t i = 0; i < wanted; ++i) {
    const Earlier& earlier = earlier_[i];
    const std::uint32_t offset = timestamp - earlier.timestamp;
    size += kRedBlockHeader + earlier.payload.size();
    // Past a pause, or too large: what is older still is so, too, and of less use.
    const bool fits = offset > 0 && offset <= kMaxRedOffset && earlier.payload.size() <= kMaxRedLength;
    if (!fits || size > max_payload) break;
    copies[count++] = {earlier.payload_type, offset, earlier.payload};
  }
  // RFC 2198 §4: the oldest stands first.
  std::reverse(copies.begin(), copies.begin() + static_cast<std::ptrdiff_t>(count));
  Packet packet;
  if (count > 0) {
    packet = pool.make();
    if (!write_red(packet, std::span(copies).first(count), {payload_type, 0, frame})) packet = Packet();
  }
  keep(payload_type, timestamp, frame);
  return packet;
}

void AudioRedundancy::keep(rtp::PayloadType payload_type, std::uint32_t timestamp, ByteView frame) {
  std::rotate(earlier_.begin(), earlier_.end() - 1, earlier_.end());
  earlier_[0].payload_type = payload_type;
  earlier_[0].timestamp = timestamp;
  earlier_[0].payload.assign(frame.begin(), frame.end());
  count_ = std::min(count_ + 1, kMaxDistance);
}

}  // namespace tidewire::media
