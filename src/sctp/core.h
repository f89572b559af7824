// What the chapters of an association share: its state, its identity, its queues and its timers. The chapters know each
// other only through this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/packet.h"
#include "base/ring.h"
#include "crypto/random.h"
#include "sctp/config.h"
#include "sctp/events.h"
#include "sctp/packet/messages.h"
#include "sctp/path_mtu.h"
#include "sctp/rx/receiver.h"
#include "sctp/timers.h"
#include "sctp/tx/transmitter.h"

namespace tidewire::sctp {

// RFC 9260 §4, with kIdle for CLOSED before the handshake and kClosed for after the end.
enum class State {
  kIdle,
  kCookieWait,
  kCookieEchoed,
  kEstablished,
  kShutdownPending,
  kShutdownReceived,
  kShutdownSent,
  kShutdownAckSent,
  kClosed,
};

// A chunk that is encoded and waits for the next packet.
struct ControlChunk {
  Bytes chunk;
  std::uint32_t verification_tag = 0;
  bool alone = false;  // RFC 9260 §6.10: INIT, INIT ACK and SHUTDOWN COMPLETE are not bundled

  static ControlChunk make(ChunkType type, ByteView value, std::uint32_t verification_tag, std::uint8_t flags = 0);
};

struct Core {
  Core(const Config& config_, PacketPool& pool_, crypto::Random random_);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Queues a chunk: type, flags, value. Dropped when too much is queued, as under a flood of requests, or when no
  // packet can hold it.
  void send_control(ChunkType type, ByteView value, std::uint8_t flags = 0);
  void send_control(ControlChunk chunk);

  void emit(Event event) { events.push_back(std::move(event)); }
  // Hands complete messages to the owner.
  void deliver_received();

  // Ends the association. Nothing but what is in the outbox is sent afterwards.
  void close(CloseReason reason, std::string text, std::optional<std::uint16_t> cause_code = std::nullopt);
  // Tells the peer why, and closes.
  void abort(CloseReason reason, Cause cause, std::string text);
  // Sends ERROR with one cause.
  void send_error(Cause cause, ByteView value) { send_error(cause, value, peer_tag); }
  void send_error(Cause cause, ByteView value, std::uint32_t verification_tag);

  // RFC 9260 §8.1: something was retransmitted. False when that was once too often: the association is closed.
  bool count_error(const char* what);
  // The peer answered.
  void clear_errors() { errors = 0; }

  // DATA, SACK and FORWARD TSN may be received.
  bool receives_data() const;
  // Queued data may be transmitted.
  bool sends_data() const;

  const Config config;
  PacketPool& pool;
  crypto::Random random;
  Timestamp now{};

  State state = State::kIdle;
  const std::uint32_t local_tag;
  const std::uint32_t initial_tsn;
  std::uint32_t peer_tag = 0;
  std::uint32_t peer_initial_tsn = 0;
  std::uint16_t outgoing_streams = 0;  // both sides' limits applied
  std::uint16_t incoming_streams = 0;
  bool peer_re_config = false;
  bool interleaving = false;        // RFC 8260: data goes as I-DATA, both ways
  bool peer_pad = false;            // RFC 4820: it says that it takes PAD chunks
  bool peer_zero_checksum = false;  // RFC 9653: it announced it, and our configuration allows it
  int errors = 0;

  Timers timers;
  Stats stats;
  PathMtu path_mtu;
  Transmitter tx;
  std::optional<Receiver> rx;  // once the peer's initial TSN is known
  Ring<ControlChunk> outbox;
  Ring<Event> events;
  std::size_t undelivered = 0;   // bytes of messages in `events`
  std::size_t reset_events = 0;  // IncomingStreamsReset in `events`
};

// What a message in `events` counts for in the receive window.
inline std::size_t undelivered_size(const MessageReceived& message) { return message.payload.size() + sizeof(Event); }

inline constexpr std::uint16_t kHeartbeatInfo = 1;  // RFC 9260 §3.3.5

// One type-length-value field of 16-bit type, padded (RFC 9260 §3.2.1).
void append_parameter(Bytes& out, std::uint16_t type, ByteView value);

}  // namespace tidewire::sctp
