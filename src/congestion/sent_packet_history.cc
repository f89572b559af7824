#include "congestion/sent_packet_history.h"

#include <algorithm>
#include <utility>

namespace tidewire::congestion {

std::uint16_t SentPacketHistory::add(std::size_t size, int probe, Timestamp now) {
  const std::int64_t number = next_++;
  give_up_before(next_ - std::int64_t{kCapacity});
  sent_[static_cast<std::size_t>(number) % kCapacity] = {
      .number = number, .time = now, .size = static_cast<std::uint32_t>(size), .probe = probe};
  bytes_in_flight_ += size;
  return static_cast<std::uint16_t>(number);
}

void SentPacketHistory::name_last(const Name& name) {
  Sent* sent = find(next_ - 1);
  if (!sent) return;
  sent->ssrc = name.ssrc;
  sent->sequence_number = name.sequence_number;
  sent->marked = name.marked;
  sent->transport_wide = name.transport_wide;
  Stream& stream = *stream_of(name.ssrc);
  const std::int64_t before = stream.newest;
  stream.newest = before < 0 ? name.sequence_number
                             : before + serial_distance(static_cast<std::uint16_t>(before), name.sequence_number);
  // One that was not sent in its turn is no newer; there are none, but nothing is to depend on it.
  stream.newest = std::max(stream.newest, before);
  if (before < 0) stream.oldest_open = stream.newest;
  stream.last = sent->number;
  stream.places[name.sequence_number % kCapacity] =
      static_cast<std::uint16_t>(static_cast<std::size_t>(sent->number) % kCapacity);
}

SentPacketHistory::Stream* SentPacketHistory::stream_of(rtp::Ssrc ssrc) {
  const auto known = streams_.find(ssrc);
  if (known != streams_.end()) return &known->second;
  if (streams_.size() >= kMaxStreams) {
    std::erase_if(streams_, [this](const auto& s) { return s.second.last < next_ - std::int64_t{kCapacity}; });
  }
  Stream& stream = streams_[ssrc];
  stream.places.resize(kCapacity);
  return &stream;
}

SentPacketHistory::Sent* SentPacketHistory::find(const Stream& stream, rtp::Ssrc ssrc, std::int64_t sequence_number) {
  const auto number = static_cast<std::uint16_t>(sequence_number);
  Sent& sent = sent_[stream.places[number % kCapacity]];
  return sent.number >= 0 && sent.ssrc == ssrc && sent.sequence_number == number ? &sent : nullptr;
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

std::span<const PacketResult> SentPacketHistory::handle_feedback(rtp::CongestionFeedback feedback, Timestamp now) {
  results_.clear();
  if (next_ == 0) return results_;
  // 16.16 seconds.
  const std::int64_t time = report_times_.unwrap(feedback.timestamp);
  const Duration report_time = std::chrono::seconds{time >> 16} + Duration{(time & 0xffff) * 1'000'000'000 >> 16};
  Sent* newest = nullptr;
  while (const auto block = feedback.next()) {
    Sent* sent = handle_block(*block, report_time);
    if (sent && (!newest || sent->number > newest->number)) newest = sent;
  }
  // A stream that ends with a loss, as when pictures pause, is never reported on again; what left after it was.
  if (newest) give_up_before(newest->number);
  // Each block has its own stream's packets, and what leaves is of all of them in turn.
  std::ranges::sort(results_, {}, [](const PacketResult& r) { return std::pair(r.number, r.arrival.has_value()); });
  if (newest && now >= newest->time) round_trip_time_ = now - newest->time;
  return results_;
}

// Returns the newest one that it says arrived.
SentPacketHistory::Sent* SentPacketHistory::handle_block(const rtp::CongestionFeedback::Block& block,
                                                         Duration report_time) {
  const auto found = streams_.find(block.media);
  if (found == streams_.end() || block.size() == 0) return nullptr;
  Stream& stream = found->second;
  // Unwrapped against the newest one sent, for feedback speaks of the past. What a report says of packets beyond that
  // one is an invention; so is all of it when it begins there, for then it is about numbers long forgotten.
  const std::int64_t begin =
      stream.newest - static_cast<std::uint16_t>(static_cast<std::uint16_t>(stream.newest) - block.begin);
  const std::int64_t end = std::min(begin + static_cast<std::int64_t>(block.size()), stream.newest + 1);
  // What was passed over is not waited for any more: the report about it is lost.
  for (; stream.oldest_open < std::min(begin, stream.newest + 1); ++stream.oldest_open) {
    Sent* sent = find(stream, block.media, stream.oldest_open);
    if (sent && sent->state == State::kInFlight) settle(*sent, State::kUnknown);
  }
  Sent* newest = nullptr;
  for (std::int64_t number = begin; number < end; ++number) {
    Sent* sent = find(stream, block.media, number);
    if (!sent) continue;
    const auto arrival = block[static_cast<std::size_t>(number - begin)];
    if (arrival.received) {
      mark_arrived(*sent, report_time - arrival.before_report, arrival.ecn);
      newest = sent;
    } else {
      lose(*sent);
    }
  }
  return newest;
}

void SentPacketHistory::mark_lost(std::int64_t from, std::int64_t to) {
  for (std::int64_t number = std::max(from, next_ - std::int64_t{kCapacity}); number < to; ++number) {
    Sent* sent = find(number);
    if (sent && sent->transport_wide) lose(*sent);
  }
}

void SentPacketHistory::lose(Sent& sent) {
  if (sent.state != State::kInFlight && sent.state != State::kUnknown) return;
  settle(sent, State::kLost);
  ++packets_lost_;
  if (sent.marked) ++marks_.lost;
  results_.push_back({.number = sent.number, .sent = sent.time, .size = sent.size, .probe = sent.probe});
}

void SentPacketHistory::mark_arrived(Sent& sent, Duration arrival, std::optional<Ecn> ecn) {
  if (sent.state == State::kArrived) return;
  if (sent.state == State::kLost) {
    --packets_lost_;
    if (sent.marked) --marks_.lost;
  }
  settle(sent, State::kArrived);
  ++packets_acknowledged_;
  // A mark on what could not be marked is an invention.
  const bool congested = sent.marked && ecn == Ecn::kCe;
  if (sent.marked && ecn) {
    ++(congested || ecn == Ecn::kEct1 ? marks_.kept : marks_.bleached);
    if (congested) ++marks_.congested;
  }
  results_.push_back({.number = sent.number,
                      .sent = sent.time,
                      .size = sent.size,
                      .arrival = arrival,
                      .probe = sent.probe,
                      .congested = congested});
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
