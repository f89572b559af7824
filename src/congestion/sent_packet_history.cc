#include "congestion/sent_packet_history.h"

#include <algorithm>

namespace tidewire::congestion {

std::uint16_t SentPacketHistory::add(std::size_t size, int probe, Timestamp now) {
  const std::int64_t number = next_++;
  give_up_before(next_ - std::int64_t{kCapacity});
  sent_[static_cast<std::size_t>(number) % kCapacity] = {number, now, static_cast<std::uint32_t>(size), probe,
                                                         State::kInFlight};
  bytes_in_flight_ += size;
  return static_cast<std::uint16_t>(number);
}

SentPacketHistory::Sent* SentPacketHistory::find(std::int64_t number) {
  if (number < 0) return nullptr;
  Sent& sent = sent_[static_cast<std::size_t>(number) % kCapacity];
  return sent.number == number ? &sent : nullptr;
}

std::span<const PacketResult> SentPacketHistory::handle_feedback(rtp::TransportFeedback feedback, Timestamp now) {
  results_.clear();
  if (next_ == 0) return results_;
  // Numbers are unwrapped against the newest one sent: feedback speaks of the past.
  const auto unwrap = [this](std::uint16_t n) {
    return next_ - 1 - static_cast<std::uint16_t>(static_cast<std::uint16_t>(next_ - 1) - n);
  };
  const std::int64_t base = unwrap(feedback.base_sequence_number);
  // A run that goes on past what was sent is an invention; that part of it is not believed.
  const std::int64_t end = std::min(base + feedback.status_count, next_);
  std::int64_t expected = base;
  Sent* newest = nullptr;
  while (const auto arrival = feedback.next()) {
    const std::int64_t number =
        base + static_cast<std::uint16_t>(arrival->sequence_number - static_cast<std::uint16_t>(base));
    if (number >= end) break;
    mark_lost(expected, number);
    expected = number + 1;
    if (Sent* sent = find(number)) {
      mark_arrived(*sent, arrival->time);
      newest = sent;
    }
  }
  mark_lost(expected, end);
  give_up_before(base);
  if (newest && now >= newest->time) round_trip_time_ = now - newest->time;
  return results_;
}

void SentPacketHistory::mark_lost(std::int64_t from, std::int64_t to) {
  for (std::int64_t number = std::max(from, next_ - std::int64_t{kCapacity}); number < to; ++number) {
    Sent* sent = find(number);
    if (!sent || (sent->state != State::kInFlight && sent->state != State::kUnknown)) continue;
    settle(*sent, State::kLost);
    ++packets_lost_;
    results_.push_back({.number = number, .sent = sent->time, .size = sent->size, .probe = sent->probe});
  }
}

void SentPacketHistory::mark_arrived(Sent& sent, Duration arrival) {
  if (sent.state == State::kArrived) return;
  if (sent.state == State::kLost) --packets_lost_;
  settle(sent, State::kArrived);
  ++packets_acknowledged_;
  results_.push_back(
      {.number = sent.number, .sent = sent.time, .size = sent.size, .arrival = arrival, .probe = sent.probe});
}

void SentPacketHistory::settle(Sent& sent, State state) {
  if (sent.state == State::kInFlight) bytes_in_flight_ -= sent.size;
  sent.state = state;
}

void SentPacketHistory::give_up_before(std::int64_t number) {
  for (; oldest_in_flight_ < std::min(number, next_); ++oldest_in_flight_) {
    Sent* sent = find(oldest_in_flight_);
    if (sent && sent->state == State::kInFlight) settle(*sent, State::kUnknown);
  }
}

}  // namespace tidewire::congestion
