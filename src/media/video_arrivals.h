// What is kept of each packet of a picture stream beside its payload, until its frame is whole: when it came, whether
// it had to be asked for, and what its header said about the frame.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/frame_assembler.h"
#include "tidewire/time.h"

namespace tidewire::media {

class VideoArrivals {
 public:
  struct Packet {
    Timestamp at{};
    std::uint32_t size = 0;      // of the payload
    std::int16_t rotation = -1;  // degrees; -1: its header does not say
    bool repeated = false;
  };
  struct Frame {
    Timestamp first_packet{};
    Timestamp last_packet{};
    std::size_t size = 0;
    std::optional<int> rotation;
    bool repeated = false;
  };

  VideoArrivals() : entries_(static_cast<std::size_t>(FrameAssembler::kCapacity)) {}

  void add(std::int64_t sequence_number, const Packet& packet) { entry(sequence_number) = {sequence_number, packet}; }
  // Of the packets from the first to the last.
  Frame frame(std::int64_t first, std::int64_t last) const {
    Frame frame{kNever, {}, 0, std::nullopt, false};
    for (std::int64_t n = first; n <= last; ++n) {
      const Entry& its = entries_[index(n)];
      if (its.sequence_number != n) continue;
      frame.first_packet = std::min(frame.first_packet, its.packet.at);
      frame.last_packet = std::max(frame.last_packet, its.packet.at);
      frame.size += its.packet.size;
      frame.repeated |= its.packet.repeated;
      // 3GPP TS 26.114 §7.4.5: it stands on the last packet of a frame.
      if (its.packet.rotation >= 0) frame.rotation = its.packet.rotation;
    }
    return frame;
  }
  void clear() {
    for (Entry& its : entries_) its.sequence_number = -1;
  }

 private:
  struct Entry {
    std::int64_t sequence_number = -1;
    Packet packet;
  };
  static std::size_t index(std::int64_t n) { return static_cast<std::size_t>(n & (FrameAssembler::kCapacity - 1)); }
  Entry& entry(std::int64_t n) { return entries_[index(n)]; }

  std::vector<Entry> entries_;
};

}  // namespace tidewire::media
