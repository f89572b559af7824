// One SCTP association (RFC 9260) as WebRTC uses it: over DTLS, a single path, both sides open at once (RFC 8261,
// RFC 8831), with partial reliability (RFC 3758), stream reset (RFC 6525) and path MTU discovery (RFC 8899).
//
// Packets go in and out without any lower header. The chapters of the protocol are in connect, data, heartbeat,
// path_probe, stream_reset and shutdown; packet/ holds the wire formats, tx/ and rx/ the queues of the two directions.
//
// Bounds: what is received and not yet polled takes at most a_rwnd (which the window only grows to when the
// application takes as much) plus max_message_size; what is sent and not yet
// transmitted at most send_buffer_limit, and unacknowledged data is bounded by the peer's window (64 MiB at most).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/machine.h"
#include "base/packet.h"
#include "crypto/random.h"
#include "sctp/config.h"
#include "sctp/events.h"
#include "sctp/types.h"
#include "tidewire/result.h"

namespace tidewire::sctp {

// RFC 3758 §4: how hard a message is tried. Both limits unset: reliable.
struct SendOptions {
  bool ordered = true;
  // The stream's share beside others, in proportion (RFC 8831 §6.4, RFC 8832 §5.1): the last one that was given.
  std::uint16_t priority = 256;
  std::optional<std::uint16_t> max_retransmits;
  std::optional<Duration> lifetime;
};

struct OutgoingMessage {
  StreamId stream;
  Ppid ppid;
  Bytes payload;  // not empty: SCTP has no empty messages
  SendOptions options;
};

class Association {
 public:
  // The pool must outlive the association.
  Association(const Config& config, PacketPool& pool, crypto::Random random);
  Association(Association&&) noexcept;
  Association& operator=(Association&&) noexcept;
  ~Association();

  // Begins the handshake. Both sides may call it, one side must. Does nothing the second time.
  void connect(Timestamp now);

  void handle_input(ByteView packet, Timestamp now);
  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const;
  std::optional<Packet> poll_transmit();
  std::optional<Event> poll_event();

  // Queues a message; legal from the start, also before Connected. InvalidStateError: closed, shutting down, or the
  // stream is being reset. OperationError: the send buffer is full; wait for BufferedAmountChanged. RangeError: the
  // peer does not take that many streams. TypeError: empty.
  Result<> send(OutgoingMessage message, Timestamp now);

  // Closes our side of streams once all that is queued on them has been transmitted. Ends in OutgoingStreamsReset or
  // OutgoingResetFailed for each of them. NotSupportedError: the peer cannot. InvalidStateError: not connected.
  Result<> reset_outgoing_streams(std::span<const StreamId> streams, Timestamp now);

  // Bytes of messages that wait for their first transmission.
  std::size_t buffered_amount(StreamId stream) const;
  std::size_t buffered_amount() const;

  // Delivers what is queued both ways, then ends in Closed.
  void shutdown(Timestamp now);
  // Ends at once: what is queued is lost, the peer is told `reason`.
  void abort(std::string_view reason, Timestamp now);

  // The packets take another way from now on, of whose MTU nothing is known.
  void path_changed(Timestamp now);

  // Media shares the path: what is sent here keeps the queue before the bottleneck short, at most a frame's time.
  void set_beside_media(bool beside_media);

  bool connected() const;
  const Stats& stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

static_assert(Machine<Association>);

}  // namespace tidewire::sctp
