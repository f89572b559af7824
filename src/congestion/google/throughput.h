// How much arrives, over a window of about a second: the lesser of the rates at which it left and arrived, the longest
// silence left out. libwebrtc's default now, in place of AcknowledgedBitrate: it is quicker after a change when little
// arrived before.
#pragma once

#include <cstddef>
#include <optional>

#include "base/ring.h"
#include "congestion/packet_result.h"
#include "tidewire/time.h"

namespace tidewire::congestion::google {

class Throughput {
 public:
  // The window is the shortest that has so many packets and is so long, within bounds.
  static constexpr std::size_t kPackets = 20;
  static constexpr std::size_t kMostPackets = 500;
  static constexpr Duration kShortest = std::chrono::seconds{1};
  static constexpr Duration kLongest = std::chrono::seconds{5};
  static constexpr std::size_t kRequired = 10;
  // A packet that arrived so long before the one that was reported on before it means that the clock was set.
  static constexpr Duration kReordered = std::chrono::seconds{1};

  void add(const PacketResult& packet);

  // In bits per second. The window is read anew each time: ask once for each feedback.
  std::optional<double> rate() const;

 private:
  struct Packet {
    Timestamp sent{};
    Duration arrival{};
    std::size_t size = 0;
  };
  bool oldest_is_outside() const;
  std::optional<double> sent_rate() const;
  double arrived_rate() const;

  Ring<Packet> window_;                 // by arrival
  std::optional<Timestamp> discarded_;  // the newest that left the window
};

}  // namespace tidewire::congestion::google
