#include "congestion/google/packet_groups.h"

#include <algorithm>

namespace tidewire::congestion::google {

std::optional<PacketGroups::Delta> PacketGroups::add(Timestamp sent, Duration arrival, Timestamp received) {
  if (!current_) {
    current_ = Group{sent, sent, arrival, arrival, received};
    return std::nullopt;
  }
  if (sent < current_->first_sent) return std::nullopt;  // it belongs to a group that is closed
  if (belongs(sent, arrival)) {
    current_->last_sent = std::max(current_->last_sent, sent);
    current_->last_arrival = arrival;
    current_->received = received;
    return std::nullopt;
  }
  const std::optional<Delta> delta = compare();
  if (current_) previous_ = current_;
  current_ = Group{sent, sent, arrival, arrival, received};
  return delta;
}

bool PacketGroups::belongs(Timestamp sent, Duration arrival) const {
  const Duration apart_sent = sent - current_->last_sent;
  const Duration apart_arrived = arrival - current_->last_arrival;
  // It caught up with the packet before it: they waited somewhere together.
  const bool caught_up =
      apart_arrived < apart_sent && apart_arrived <= kBurst && arrival - current_->first_arrival < kLongestBurst;
  return apart_sent == Duration::zero() || caught_up || sent - current_->first_sent <= kBurst;
}

std::optional<PacketGroups::Delta> PacketGroups::compare() {
  if (!previous_) return std::nullopt;
  const Delta delta{current_->last_sent - previous_->last_sent, current_->last_arrival - previous_->last_arrival};
  if (delta.arrived - (current_->received - previous_->received) >= kClockJump) {
    previous_.reset();
    current_.reset();
    return std::nullopt;
  }
  if (delta.arrived < Duration::zero()) {
    if (++reordered_ < kReordered) return std::nullopt;
    previous_.reset();
    current_.reset();
    reordered_ = 0;
    return std::nullopt;
  }
  reordered_ = 0;
  return delta;
}

}  // namespace tidewire::congestion::google
