// The sending end of transport-wide congestion control: numbers what leaves, remembers when it left, and learns
// from feedback what became of it. Estimators read its results; it estimates nothing itself.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/serial.h"
#include "congestion/packet_result.h"
#include "rtp/transport_feedback.h"
#include "tidewire/time.h"

namespace tidewire::congestion {

class SentPacketHistory {
 public:
  // Packets remembered: 2 s at 20 Mbit/s. Feedback about older ones is ignored.
  static constexpr std::size_t kCapacity = 4096;

  SentPacketHistory() : sent_(kCapacity) {}

  // Gives the packet that leaves now its number. `size` is what counts against the rate: the RTP packet.
  std::uint16_t add(std::size_t size, Timestamp now) { return add(size, 0, now); }
  // `probe`: the cluster that it is sent for.
  std::uint16_t add(std::size_t size, int probe, Timestamp now);

  // One result for each packet that the feedback decides for the first time, or that was lost and did arrive.
  // The span is valid until the next call.
  std::span<const PacketResult> handle_feedback(rtp::TransportFeedback feedback, Timestamp now);

  // Of packets of which nothing is known yet. What later feedback passes over is not waited for any more: the report
  // about it is lost.
  std::size_t bytes_in_flight() const { return bytes_in_flight_; }
  std::uint64_t packets_sent() const { return static_cast<std::uint64_t>(next_); }
  std::uint64_t packets_acknowledged() const { return packets_acknowledged_; }
  // Reported as not arrived; one that turns up later is taken off again.
  std::uint64_t packets_lost() const { return packets_lost_; }
  // From the newest packet that the last feedback says arrived, to that feedback. It includes what the packet waited
  // there to be reported on: little, for reports leave soon after the newest packet.
  std::optional<Duration> round_trip_time() const { return round_trip_time_; }

 private:
  enum class State : std::uint8_t { kInFlight, kUnknown, kLost, kArrived };
  struct Sent {
    std::int64_t number = -1;
    Timestamp time{};
    std::uint32_t size = 0;
    int probe = 0;
    State state = State::kInFlight;
  };
  Sent* find(std::int64_t number);
  void mark_lost(std::int64_t from, std::int64_t to);
  void mark_arrived(Sent& sent, Duration arrival);
  // The packet is not in flight any more.
  void settle(Sent& sent, State state);
  // Packets before that one that nothing is known of.
  void give_up_before(std::int64_t number);

  std::vector<Sent> sent_;  // a ring by number
  std::int64_t next_ = 0;
  std::int64_t oldest_in_flight_ = 0;  // nothing before it is in flight
  std::size_t bytes_in_flight_ = 0;
  std::vector<PacketResult> results_;
  std::uint64_t packets_acknowledged_ = 0;
  std::uint64_t packets_lost_ = 0;
  std::optional<Duration> round_trip_time_;
};

}  // namespace tidewire::congestion
