// The sending end of congestion control feedback: numbers what leaves, remembers when it left, and learns from feedback
// what became of it. Feedback speaks of transport-wide numbers, or of the streams' own (RFC 8888). Estimators read its
// results; it estimates nothing itself.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/serial.h"
#include "congestion/packet_result.h"
#include "rtp/congestion_feedback.h"
#include "rtp/transport_feedback.h"
#include "tidewire/time.h"

namespace tidewire::congestion {

class SentPacketHistory {
 public:
  // Packets remembered: 2 s at 20 Mbit/s. Feedback about older ones is ignored.
  static constexpr std::size_t kCapacity = 4096;

  // Streams that feedback may speak of. When there are more, those are forgotten that sent nothing lately.
  static constexpr std::size_t kMaxStreams = 256;

  // What the packet added last is known as to feedback by streams (RFC 8888).
  struct Name {
    rtp::Ssrc ssrc;
    std::uint16_t sequence_number = 0;
    bool marked = false;         // it left as ECT(1)
    bool transport_wide = true;  // it carries its transport-wide number, too
  };
  // What became of packets that left as ECT(1), by all feedback so far.
  struct Marks {
    std::uint64_t kept = 0;       // arrived as ECT(1), or with the mark of a router
    std::uint64_t congested = 0;  // of these
    std::uint64_t bleached = 0;   // arrived as anything else
    std::uint64_t lost = 0;
  };

  SentPacketHistory() : sent_(kCapacity) {}

  // Gives the packet that leaves now its number. `size` is what counts against the rate: the RTP packet.
  std::uint16_t add(std::size_t size, Timestamp now) { return add(size, 0, now); }
  // `probe`: the cluster that it is sent for.
  std::uint16_t add(std::size_t size, int probe, Timestamp now);
  void name_last(const Name& name);

  // One result for each packet that the feedback decides for the first time, or that was lost and did arrive.
  // The span is valid until the next call.
  std::span<const PacketResult> handle_feedback(rtp::TransportFeedback feedback, Timestamp now);
  std::span<const PacketResult> handle_feedback(rtp::CongestionFeedback feedback, Timestamp now);

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
  const Marks& marks() const { return marks_; }

 private:
  enum class State : std::uint8_t { kInFlight, kUnknown, kLost, kArrived };
  struct Sent {
    std::int64_t number = -1;
    Timestamp time{};
    std::uint32_t size = 0;
    int probe = 0;
    State state = State::kInFlight;
    bool marked = false;
    bool transport_wide = true;
    std::uint16_t sequence_number = 0;
    rtp::Ssrc ssrc;
  };
  // What left of one stream.
  struct Stream {
    std::vector<std::uint16_t> places;  // in sent_, a ring by sequence number
    std::int64_t newest = -1;           // sequence number, unwrapped
    std::int64_t oldest_open = 0;       // nothing before it is in flight
    std::int64_t last = 0;              // number of the newest
  };
  Sent* find(std::int64_t number);
  Stream* stream_of(rtp::Ssrc ssrc);
  Sent* find(const Stream& stream, rtp::Ssrc ssrc, std::int64_t sequence_number);
  Sent* handle_block(const rtp::CongestionFeedback::Block& block, Duration report_time);
  void lose(Sent& sent);
  void mark_lost(std::int64_t from, std::int64_t to);
  void mark_arrived(Sent& sent, Duration arrival, std::optional<Ecn> ecn = {});
  // The packet is not in flight any more.
  void settle(Sent& sent, State state);
  // Packets before that one that nothing is known of.
  void give_up_before(std::int64_t number);

  std::vector<Sent> sent_;  // a ring by number
  std::int64_t next_ = 0;
  std::int64_t oldest_in_flight_ = 0;  // nothing before it is in flight
  std::size_t bytes_in_flight_ = 0;
  std::unordered_map<rtp::Ssrc, Stream> streams_;
  Unwrapper<std::uint32_t> report_times_;
  Marks marks_;
  std::vector<PacketResult> results_;
  std::uint64_t packets_acknowledged_ = 0;
  std::uint64_t packets_lost_ = 0;
  std::optional<Duration> round_trip_time_;
};

}  // namespace tidewire::congestion
