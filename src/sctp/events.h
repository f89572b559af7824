// What an association tells its owner, and what it counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sctp/types.h"
#include "tidewire/bytes.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

// The handshake is done; data flows both ways.
struct Connected {
  std::uint16_t outgoing_streams = 0;  // stream ids below this may be sent on (both sides' limits applied)
  std::uint16_t incoming_streams = 0;
  bool peer_resets_streams = false;   // RFC 6525: else reset_outgoing_streams() is refused
  bool peer_skips_abandoned = false;  // RFC 3758: else limits of reliability apply only to what was never sent
};

struct MessageReceived {
  StreamId stream;
  Ppid ppid;
  Bytes payload;
  bool ordered = true;
};

// The peer will number the next messages on these streams from 0 again: it has closed its side of them. All earlier
// messages of the streams come as events before this one. The peer may name a stream twice.
struct IncomingStreamsReset {
  std::vector<StreamId> streams;
  bool all = false;  // every stream; `streams` is empty
};

// The peer has carried out what reset_outgoing_streams() asked; the streams may be sent on afresh.
struct OutgoingStreamsReset {
  std::vector<StreamId> streams;
};

// The peer refused. The streams go on as before.
struct OutgoingResetFailed {
  std::vector<StreamId> streams;
  std::string text;
};

// Less waits on this stream than before. Several changes between two polls come as one event.
struct BufferedAmountChanged {
  StreamId stream;
  std::size_t amount = 0;    // bytes
  std::size_t messages = 0;  // that they are of
};

enum class CloseReason {
  kShutdown,       // both sides agreed (SHUTDOWN)
  kAbortedByUs,    // abort() was called
  kAbortedByPeer,  // an ABORT arrived; text holds its cause
  kTimedOut,       // too many retransmissions without an answer
  kProtocolError,  // the peer broke the protocol and was sent an ABORT
  kResourceLimit,  // the peer sent a message over max_message_size, or kept the receive window full for good
};

// The last event. Nothing is sent or accepted after it, but for the answer to a repeated SHUTDOWN ACK.
struct Closed {
  CloseReason reason = CloseReason::kShutdown;
  std::string text;  // one sentence for a person
  // RFC 9260 §3.3.10: the first cause of the ABORT that was received or sent.
  std::optional<std::uint16_t> cause_code;
};

using Event = std::variant<Connected, MessageReceived, IncomingStreamsReset, OutgoingStreamsReset, OutgoingResetFailed,
                           BufferedAmountChanged, Closed>;

struct Stats {
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;  // whole SCTP packets
  std::uint64_t bytes_received = 0;
  std::uint64_t messages_sent = 0;  // handed to the network in full at least once
  std::uint64_t messages_received = 0;
  std::uint64_t messages_abandoned = 0;  // given up under their limit of reliability
  std::uint64_t chunks_retransmitted = 0;
  std::uint64_t fast_retransmits = 0;  // times that fast recovery began
  std::uint64_t tail_probes = 0;       // sent because no SACK came for two round trips
  std::uint64_t undone = 0;            // recoveries that turned out to be needless
  std::uint64_t timeouts = 0;          // T3-rtx expiries
  std::uint64_t duplicates_received = 0;
  std::uint64_t packets_dropped = 0;  // wrong checksum, tag or ports, or malformed
  std::uint64_t chunks_dropped = 0;   // malformed, outside the window, or for no state of ours
  std::uint64_t path_probes = 0;      // packets that measured the path's MTU
  std::size_t mtu = 0;                // the largest packet that is sent (RFC 8899: PLPMTU)
  std::size_t cwnd = 0;
  std::size_t ssthresh = 0;
  std::size_t flight_size = 0;
  std::size_t peer_rwnd = 0;
  std::size_t receive_buffered = 0;
  Duration srtt{};
  Duration min_rtt{};  // of late; zero before the first measurement
  Duration rto{};
};

}  // namespace tidewire::sctp
