// The last packets that a stream sent, for when one is asked for again.
#pragma once

#include <cstdint>
#include <vector>

#include "base/packet.h"
#include "tidewire/time.h"

namespace tidewire::media {

class PacketHistory {
 public:
  // 4 s at 2.5 Mbit/s, 0.5 s at 20 Mbit/s.
  static constexpr std::size_t kCapacity = 1024;

  struct Entry {
    std::uint16_t sequence_number = 0;
    Packet packet;  // as it left; empty when the place is free
    Timestamp first_sent{};
    Timestamp last_sent{};
    std::uint32_t times_resent = 0;
  };

  PacketHistory() : entries_(kCapacity) {}

  void add(std::uint16_t sequence_number, Packet packet, Timestamp now) {
    entries_[sequence_number % kCapacity] = {sequence_number, std::move(packet), now, now, 0};
  }
  // Nothing when it is not, or no longer, remembered.
  Entry* find(std::uint16_t sequence_number) {
    Entry& entry = entries_[sequence_number % kCapacity];
    return entry.packet && entry.sequence_number == sequence_number ? &entry : nullptr;
  }

 private:
  std::vector<Entry> entries_;
};

}  // namespace tidewire::media
