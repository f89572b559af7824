// Gathers packets into groups that left together, and compares how far apart groups left with how far apart they
// arrived (draft-ietf-rmcat-gcc-02 §5.2 and §5.3): what arrives further apart than it left met a growing queue.
#pragma once

#include <cstddef>
#include <optional>

#include "tidewire/time.h"

namespace tidewire::congestion::google {

class PacketGroups {
 public:
  // §5.2: packets that leave within this time of the group's first belong to it …
  static constexpr Duration kBurst = std::chrono::milliseconds{5};
  // … and so do those that come out of a link in a bunch, up to this long after the group's first arrival.
  static constexpr Duration kLongestBurst = std::chrono::milliseconds{100};
  // A receiver's clock that runs away from ours by this much was set, and groups that arrive before their predecessor
  // this many times in a row mean the same.
  static constexpr Duration kClockJump = std::chrono::seconds{3};
  static constexpr int kReordered = 3;

  struct Delta {
    Duration sent{};
    Duration arrived{};
  };

  // A packet's times: when it left, when it arrived on the receiver's clock, and when we learned of it. Packets come in
  // the order of their arrival. An answer when the packet begins a group and two groups are complete before it.
  std::optional<Delta> add(Timestamp sent, Duration arrival, Timestamp received);

 private:
  struct Group {
    Timestamp first_sent{};
    Timestamp last_sent{};
    Duration first_arrival{};
    Duration last_arrival{};
    Timestamp received{};
  };
  bool belongs(Timestamp sent, Duration arrival) const;
  std::optional<Delta> compare();

  std::optional<Group> previous_;
  std::optional<Group> current_;
  int reordered_ = 0;
};

}  // namespace tidewire::congestion::google
