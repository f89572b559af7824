// The chunks that have a TSN and are not yet acknowledged cumulatively: what SACKs acknowledge, what counts as lost by
// the times of transmission (RFC 9260 §6.2.1, RFC 8985 §6.2), and what is abandoned (RFC 3758 §3.5).
//
// The work for one SACK is proportional to what it newly acknowledges, to its blocks, and to the chunks that it finds
// lost: never to all that is out. For this, what is in flight is also a list in the order of transmission.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/ring.h"
#include "sctp/tx/message_store.h"
#include "sctp/tx/rack.h"
#include "sctp/types.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

// A run of TSNs, both ends included.
using TsnRange = std::pair<Tsn, Tsn>;

struct OutstandingChunk {
  enum class State : std::uint8_t { kInFlight, kLost, kAcked, kAbandoned };

  MessageIndex message = 0;
  std::uint32_t offset = 0;  // of its payload in the message's
  std::uint32_t fsn = 0;     // which chunk of the message
  std::uint16_t size = 0;
  std::uint16_t transmissions = 0;
  std::uint8_t flags = 0;
  State state = State::kInFlight;
  Timestamp sent_at{};  // the last time
  // In flight: those that were sent just before and just after it.
  Tsn older = kNoTsn;
  Tsn newer = kNoTsn;

  static constexpr Tsn kNoTsn = -1;
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
  // Chunks that have arrived beyond a gap.
  std::size_t gap_acked() const { return gap_acked_; }
  // At most one chunk is in flight.
  bool lone() const { return oldest_ == newest_; }
  // The chunk in flight that was sent last.
  std::optional<Tsn> newest() const { return newest_ == kNone ? std::nullopt : std::optional(newest_); }

  // -- Sending --
  // A new chunk goes out; returns its TSN.
  Tsn add(MessageIndex message, std::size_t offset, std::size_t size, std::uint8_t flags, Timestamp now);
  // The lowest chunk that is to be sent again.
  std::optional<Tsn> next_lost();
  // It goes out again; it is lost, or in flight and sent once more as a probe.
  void retransmit(Tsn tsn, Timestamp now);

  // -- Acknowledgements --
  struct AckResult {
    std::size_t acked_bytes = 0;  // of whole chunks, newly acknowledged
    std::size_t chunks = 0;       // newly acknowledged
    std::size_t largest = 0;      // payload of one of them
    bool cumulative_advanced = false;
    bool acked_lost = false;      // one of them had been found lost and was not yet sent again
    std::optional<Duration> rtt;  // of the chunk sent last among those that were sent once (RFC 9260 §6.3.1 C5, Karn)
    std::vector<Tsn> needless;    // were sent again, and arrived too soon after it (see Rack::on_delivered())
  };
  // `blocks` are ascending and lie in (cumulative, last_assigned]; `cumulative` lies in [cumulative(),
  // last_assigned()].
  AckResult acknowledge(Tsn cumulative, std::span<const TsnRange> blocks, Rack& rack, Timestamp now);

  struct Detection {
    std::size_t lost = 0;    // chunks
    Timestamp due = kNever;  // when the next one is to be judged
  };
  // RFC 8985 §6.2 step 5: what was sent before the newest delivery and longer than `patience` ago is lost.
  Detection detect_lost(const Rack& rack, Duration patience, Timestamp now);
  // RFC 9260 §6.3.3 E3: what was sent before `before` counts as lost, and so does the lowest chunk in any case.
  void lose_sent_before(Timestamp before);
  // What is lost and was not sent again is on its way after all.
  void restore_lost();

  // Gives back the memory of what was out; nothing is.
  void trim() {
    chunks_.trim();
    acked_ = merged_ = latest_blocks_ = {};
    lost_ = {};
  }

  // -- Partial reliability --
  // Gives up every chunk of a message.
  void abandon(MessageIndex message);
  // RFC 3758 §3.5 C2: Advanced.Peer.Ack.Point: above cumulative() when a FORWARD TSN has something to say.
  Tsn advanced() const { return advanced_; }

 private:
  using State = OutstandingChunk::State;
  static constexpr Tsn kNone = OutstandingChunk::kNoTsn;

  std::size_t index(Tsn tsn) const { return static_cast<std::size_t>(tsn - cumulative_ - 1); }
  OutstandingChunk& at(Tsn tsn) { return chunks_[index(tsn)]; }
  void enter_flight(Tsn tsn, Tsn after);
  void leave_flight(Tsn tsn);
  struct Newest;
  void acknowledge_chunk(Tsn tsn, Newest& newest, AckResult& result);
  void acknowledge_cumulative(Tsn cumulative, Newest& newest, AckResult& result);
  void acknowledge_blocks(std::span<const TsnRange> blocks, Newest& newest, AckResult& result);
  void lose(Tsn tsn);
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
  std::size_t gap_acked_ = 0;
  Tsn oldest_ = kNone;  // the ends of the list of what is in flight
  Tsn newest_ = kNone;
};

}  // namespace tidewire::sctp
