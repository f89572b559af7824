// The chunks that have a TSN and are not yet acknowledged cumulatively: what SACKs acknowledge, find missing or leave
// to the timer (RFC 9260 §6.2.1, §7.2.4), and what is abandoned (RFC 3758 §3.5).
//
// The work for one SACK is proportional to what it newly acknowledges, to its blocks, and to the chunks that are
// missing: never to all that is out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sctp/ring.h"
#include "sctp/tx/message_store.h"
#include "sctp/types.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

// A run of TSNs, both ends included.
using TsnRange = std::pair<Tsn, Tsn>;

struct OutstandingChunk {
  enum class State : std::uint8_t { kInFlight, kLost, kAcked, kAbandoned };

  MessageIndex message = 0;
  std::uint32_t offset = 0;  // of its payload in the message's
  std::uint16_t size = 0;
  std::uint16_t transmissions = 0;
  std::uint8_t flags = 0;
  std::uint8_t missing_reports = 0;
  bool fast_retransmitted = false;
  State state = State::kInFlight;
};

class Outstanding {
 public:
  Outstanding(MessageStore& store, Tsn initial_tsn)
      : store_(store), cumulative_(initial_tsn - 1), advanced_(cumulative_) {}

  // -- State --
  Tsn cumulative() const { return cumulative_; }
  Tsn next_tsn() const { return cumulative_ + 1 + static_cast<Tsn>(chunks_.size()); }
  Tsn last_assigned() const { return next_tsn() - 1; }
  bool empty() const { return chunks_.empty(); }
  std::size_t chunks() const { return chunks_.size(); }
  const OutstandingChunk& chunk(Tsn tsn) const { return chunks_[index(tsn)]; }
  // Bytes in flight: of whole chunks, for the congestion window, and of payload, for the peer's receive window.
  std::size_t flight_bytes() const { return flight_bytes_; }
  std::size_t flight_payload() const { return flight_payload_; }

  // -- Sending --
  // A new chunk goes out; returns its TSN.
  Tsn add(MessageIndex message, std::size_t offset, std::size_t size, std::uint8_t flags, Timestamp now);
  // The lowest chunk that is to be sent again.
  std::optional<Tsn> next_lost();
  // It goes out again.
  void retransmit(Tsn tsn);

  // -- Acknowledgements --
  struct AckResult {
    std::size_t acked_bytes = 0;  // of whole chunks, newly acknowledged
    bool cumulative_advanced = false;
    bool found_missing = false;        // chunks became lost by missing reports
    std::optional<Timestamp> sent_at;  // when the chunk whose round trip is being measured was sent
  };
  // `blocks` are ascending and lie in (cumulative, last_assigned]; `cumulative` lies in [cumulative(),
  // last_assigned()].
  AckResult acknowledge(Tsn cumulative, std::span<const TsnRange> blocks);
  // §6.3.3 E3: everything in flight counts as lost.
  void lose_all();

  // -- Partial reliability --
  // Gives up every chunk of a message.
  void abandon(MessageIndex message);
  // RFC 3758 §3.5 C2: Advanced.Peer.Ack.Point: above cumulative() when a FORWARD TSN has something to say.
  Tsn advanced() const { return advanced_; }

 private:
  std::size_t index(Tsn tsn) const { return static_cast<std::size_t>(tsn - cumulative_ - 1); }
  void leave_flight(const OutstandingChunk& chunk);
  void acknowledge_chunk(Tsn tsn, AckResult& result);
  void acknowledge_cumulative(Tsn cumulative, AckResult& result);
  Tsn acknowledge_blocks(std::span<const TsnRange> blocks, AckResult& result);
  void report_missing(Tsn below, AckResult& result);
  void lose(Tsn tsn, OutstandingChunk& chunk);
  void advance();

  MessageStore& store_;
  Tsn cumulative_;
  Tsn advanced_;
  Ring<OutstandingChunk> chunks_;        // TSN cumulative_ + 1 and up
  std::vector<TsnRange> acked_;          // acknowledged above cumulative_, ascending and apart
  std::vector<TsnRange> merged_;         // scratch
  std::vector<TsnRange> latest_blocks_;  // of the newest SACK
  std::vector<Tsn> lost_;                // a heap, lowest first; holds also those that are lost no more
  std::size_t flight_bytes_ = 0;
  std::size_t flight_payload_ = 0;
  // §6.3.1 C4: one round trip at a time is measured, never of a chunk that was sent twice (C5, Karn).
  std::optional<Tsn> measured_;
  Timestamp measured_sent_{};
};

}  // namespace tidewire::sctp
