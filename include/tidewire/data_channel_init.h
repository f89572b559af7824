// How a data channel is to behave: RTCDataChannelInit of the W3C text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tidewire {

// RTCPriorityType (https://www.w3.org/TR/webrtc-priority/): each is worth twice the one before it.
enum class Priority : std::uint8_t { kVeryLow, kLow, kMedium, kHigh };

struct DataChannelInit {
  // Messages arrive in the order in which they were sent. Unordered, none waits for another one.
  bool ordered = true;
  // Give a message up when it could not be sent within this many milliseconds. Not together with max_retransmits.
  std::optional<std::uint16_t> max_packet_life_time;
  // Give a message up when it was sent again this many times. Not together with max_packet_life_time.
  std::optional<std::uint16_t> max_retransmits;
  // A name for what the messages mean, seen by the other side. At most 65535 bytes of UTF-8.
  std::string protocol;
  // True: the application makes the channel on both sides itself, with the same id, and nothing is announced.
  bool negotiated = false;
  // The stream of a negotiated channel, 0 to 65534. Ignored when not negotiated: then an id is chosen.
  std::optional<std::uint16_t> id;
  // Against the other channels, when there is more to send than the network takes. The other side gets to know it.
  Priority priority = Priority::kLow;

  friend bool operator==(const DataChannelInit&, const DataChannelInit&) = default;
};

}  // namespace tidewire
