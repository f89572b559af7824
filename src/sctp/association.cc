#include "sctp/association.h"

#include <algorithm>
#include <utility>

#include "sctp/connect.h"
#include "sctp/core.h"
#include "sctp/data.h"
#include "sctp/heartbeat.h"
#include "sctp/path_probe.h"
#include "sctp/shutdown.h"
#include "sctp/stream_reset.h"

namespace tidewire::sctp {

struct Association::Impl {
  Impl(const Config& config, PacketPool& pool, crypto::Random random)
      : core(config, pool, std::move(random)),
        connect(core),
        data(core),
        probe(core),
        heartbeat(core, probe),
        reset(core),
        shutdown(core) {}

  bool acceptable(const CommonHeader& header, const ChunkView& first) const;
  void handle_chunks(const CommonHeader& header, ByteView chunks);
  bool handle_chunk(const CommonHeader& header, const ChunkView& chunk);
  bool handle_unknown(const ChunkView& chunk);
  void handle_error(const ChunkView& chunk);
  void note_established();
  void progress();
  std::optional<Packet> count_sent(std::optional<Packet> packet);
  bool append_control(PacketBuilder& builder, bool& with_cookie);

  Core core;
  Connect connect;
  Data data;
  PathProbe probe;
  Heartbeat heartbeat;
  StreamReset reset;
  Shutdown shutdown;
  bool was_connected = false;
};

Association::Association(const Config& config, PacketPool& pool, crypto::Random random)
    : impl_(std::make_unique<Impl>(config, pool, std::move(random))) {}
Association::Association(Association&&) noexcept = default;
Association& Association::operator=(Association&&) noexcept = default;
Association::~Association() = default;

void Association::connect(Timestamp now) {
  impl_->core.now = now;
  impl_->connect.start();
}

// RFC 9260 §8.5, §8.5.1: which tag a packet must carry depends on its first chunk.
bool Association::Impl::acceptable(const CommonHeader& header, const ChunkView& first) const {
  if (header.destination_port != core.config.local_port || header.source_port != core.config.remote_port) return false;
  const std::uint32_t tag = header.verification_tag;
  switch (first.type) {
    case ChunkType::kInit: return tag == 0;  // A
    case ChunkType::kAbort:
    case ChunkType::kShutdownComplete:  // B, C
      return (first.flags & kFlagTagReflected) != 0 ? tag == core.peer_tag && tag != 0 : tag == core.local_tag;
    default: return tag == core.local_tag;
  }
}

void Association::handle_input(ByteView packet, Timestamp now) {
  Core& core = impl_->core;
  core.now = now;
  ++core.stats.packets_received;
  core.stats.bytes_received += packet.size();
  // RFC 9653 §5.3: we have announced it to everyone who knows our tag, which acceptable() asks for.
  const auto header = parse_common_header(packet, core.config.zero_checksum);
  const ByteView chunks = packet.subspan(std::min(kCommonHeaderSize, packet.size()));
  const auto first = ChunkReader(chunks).next();
  if (!header || !first || !impl_->acceptable(*header, *first)) {
    ++core.stats.packets_dropped;
    return;
  }
  impl_->handle_chunks(*header, chunks);
  impl_->data.end_of_packet();
  impl_->progress();
}

void Association::Impl::handle_chunks(const CommonHeader& header, ByteView chunks) {
  ChunkReader reader(chunks);
  const auto first = reader.next();
  // RFC 9260 §6.10: these come alone; what follows them is not looked at.
  const bool alone = first->type == ChunkType::kInit || first->type == ChunkType::kInitAck ||
                     first->type == ChunkType::kShutdownComplete;
  bool more = handle_chunk(header, *first) && !alone;
  while (more) {
    const auto chunk = reader.next();
    if (!chunk) break;
    // RFC 9260 §8.5.1 A: an INIT among others is against the rules.
    more = chunk->type != ChunkType::kInit && handle_chunk(header, *chunk);
  }
  if (!reader.ok()) ++core.stats.chunks_dropped;
}

// False: the rest of the packet is not looked at.
bool Association::Impl::handle_chunk(const CommonHeader& header, const ChunkView& chunk) {
  if (core.state == State::kClosed && chunk.type != ChunkType::kShutdownAck) return false;
  switch (chunk.type) {
    case ChunkType::kData:
    case ChunkType::kInterleavedData:
      if (chunk.type == ChunkType::kInterleavedData && !core.interleaving) return handle_unknown(chunk);
      data.handle_data(chunk);
      shutdown.handle_late_data();
      return true;
    case ChunkType::kSack: data.handle_sack(chunk); return true;
    case ChunkType::kForwardTsn:
    case ChunkType::kInterleavedForwardTsn:
      if (chunk.type == ChunkType::kInterleavedForwardTsn && !core.interleaving) return handle_unknown(chunk);
      data.handle_forward_tsn(chunk);
      return true;
    case ChunkType::kInit: connect.handle_init(chunk); return true;
    case ChunkType::kInitAck: connect.handle_init_ack(chunk); return true;
    case ChunkType::kCookieEcho:
      if (!connect.handle_cookie_echo(chunk)) return false;
      note_established();
      return true;
    case ChunkType::kCookieAck:
      connect.handle_cookie_ack();
      note_established();
      return true;
    case ChunkType::kHeartbeat: heartbeat.handle_heartbeat(chunk); return true;
    case ChunkType::kHeartbeatAck: heartbeat.handle_heartbeat_ack(chunk); return true;
    case ChunkType::kPad: return true;  // RFC 4820 §3
    case ChunkType::kReConfig: reset.handle_re_config(chunk); return true;
    case ChunkType::kAbort: shutdown.handle_abort(chunk); return false;
    case ChunkType::kError: handle_error(chunk); return true;
    case ChunkType::kShutdown: {
      ByteReader reader(chunk.value);
      const std::uint32_t cumulative_tsn_ack = reader.u32();
      if (!reader.ok() || !core.receives_data()) return true;
      data.handle_cumulative_ack(cumulative_tsn_ack);
      shutdown.handle_shutdown();
      return true;
    }
    case ChunkType::kShutdownAck: shutdown.handle_shutdown_ack(header); return true;
    case ChunkType::kShutdownComplete: shutdown.handle_shutdown_complete(); return true;
  }
  return handle_unknown(chunk);
}

// RFC 9260 §3.2: the highest two bits of an unknown type say whether to go on, and whether to report it.
bool Association::Impl::handle_unknown(const ChunkView& chunk) {
  ++core.stats.chunks_dropped;
  const auto type = static_cast<std::uint8_t>(chunk.type);
  constexpr std::size_t kReported = 64;
  if ((type & 0x40) != 0 && core.rx) {
    core.send_error(Cause::kUnrecognizedChunkType, chunk.whole.first(std::min(chunk.whole.size(), kReported)));
  }
  return (type & 0x80) != 0;
}

void Association::Impl::handle_error(const ChunkView& chunk) {
  if (has_cause(chunk.value, Cause::kStaleCookie)) connect.handle_stale_cookie();
}

void Association::Impl::note_established() {
  if (core.state != State::kEstablished || was_connected) return;
  was_connected = true;
  reset.start();
  heartbeat.start();
  probe.start();
}

// What one chapter did may let another one go on.
void Association::Impl::progress() {
  if (!core.receives_data()) return;
  probe.progress();
  reset.progress();
  shutdown.progress();
}

Timestamp Association::next_timeout() const { return impl_->core.timers.next(); }

void Association::handle_timeout(Timestamp now) {
  Core& core = impl_->core;
  core.now = now;
  if (core.timers.next() > now) return;
  if (core.timers.take_expired(Timer::kInit, now)) impl_->connect.handle_timeout();
  if (core.timers.take_expired(Timer::kDelayedSack, now)) impl_->data.handle_delayed_sack_timeout();
  if (core.timers.take_expired(Timer::kRecovery, now)) impl_->data.handle_recovery_timeout();
  if (core.timers.take_expired(Timer::kRetransmit, now)) impl_->data.handle_retransmit_timeout();
  static_cast<void>(core.timers.take_expired(Timer::kPace, now));  // poll_transmit() has something again
  if (core.timers.take_expired(Timer::kReConfig, now)) impl_->reset.handle_timeout();
  if (core.timers.take_expired(Timer::kHeartbeat, now)) impl_->heartbeat.handle_timeout();
  if (core.timers.take_expired(Timer::kPathMtu, now)) impl_->probe.handle_timeout();
  if (core.timers.take_expired(Timer::kShutdown, now)) impl_->shutdown.handle_timeout();
  if (core.timers.take_expired(Timer::kShutdownGuard, now)) impl_->shutdown.handle_guard_timeout();
  impl_->progress();
}

// Moves queued control chunks into the packet: all that fit, go to one peer tag, and may share a packet. False when the
// packet is complete with them.
bool Association::Impl::append_control(PacketBuilder& builder, bool& with_cookie) {
  const std::uint32_t tag = core.outbox.front().verification_tag;
  builder.begin(tag);
  while (!core.outbox.empty()) {
    const ControlChunk& next = core.outbox.front();
    if (next.verification_tag != tag || (next.alone && !builder.empty())) return false;
    if (!builder.append(next.chunk)) {
      if (!builder.empty()) return false;
      // No packet takes it: it must not hold up the others for ever.
      core.outbox.pop_front();
      ++core.stats.chunks_dropped;
      continue;
    }
    const ControlChunk taken = core.outbox.pop_front();
    if (taken.alone) return false;
    if (static_cast<ChunkType>(taken.chunk[0]) == ChunkType::kCookieEcho) with_cookie = true;
  }
  return tag == core.peer_tag;
}

std::optional<Packet> Association::poll_transmit() {
  Core& core = impl_->core;
  if (core.outbox.empty() && !impl_->data.ready()) return impl_->count_sent(impl_->probe.poll_transmit());
  std::size_t most = impl_->probe.packet_size();
  if (!core.outbox.empty()) most = std::max(most, kCommonHeaderSize + core.outbox.front().chunk.size());
  PacketBuilder builder(core.pool.make(), most, core.config.local_port, core.config.remote_port);
  // RFC 9653 §5.2: an answer to what belongs to no association has a real one.
  const std::uint32_t tag = core.outbox.empty() ? core.peer_tag : core.outbox.front().verification_tag;
  const bool zero_checksum = core.peer_zero_checksum && core.state != State::kClosed && tag == core.peer_tag;
  bool with_cookie = false;
  bool bundle = true;
  if (core.outbox.empty())
    builder.begin(core.peer_tag);
  else
    bundle = impl_->append_control(builder, with_cookie);
  if (bundle && core.state != State::kClosed) {
    impl_->data.write(builder, with_cookie && core.state == State::kCookieEchoed);
    impl_->progress();
  }
  if (builder.empty()) {
    // What was given up instead of sent may have let a reset or the shutdown go on.
    return core.outbox.empty() ? std::nullopt : poll_transmit();
  }
  if (builder.room() <= kInterleavedDataHeaderSize) core.path_mtu.want();
  Packet packet = std::move(builder).finish(zero_checksum);
  packet.set_fragmentation(impl_->probe.fragmentation(packet.size()));
  return impl_->count_sent(std::move(packet));
}

std::optional<Packet> Association::Impl::count_sent(std::optional<Packet> packet) {
  if (!packet) return std::nullopt;
  ++core.stats.packets_sent;
  core.stats.bytes_sent += packet->size();
  return packet;
}

std::optional<Event> Association::poll_event() {
  Core& core = impl_->core;
  // Closed is the last one.
  if (core.events.empty() || std::holds_alternative<Closed>(core.events.front())) {
    if (const auto stream = core.tx.queue().take_changed()) {
      return BufferedAmountChanged{*stream, core.tx.queue().buffered(*stream), core.tx.queue().messages(*stream)};
    }
  }
  if (core.events.empty()) return std::nullopt;
  Event event = core.events.pop_front();
  if (std::holds_alternative<IncomingStreamsReset>(event)) --core.reset_events;
  if (const auto* message = std::get_if<MessageReceived>(&event)) {
    core.undelivered -= undelivered_size(*message);
    if (!core.rx) return event;
    core.rx->on_consumed(message->payload.size(), core.tx.rto().srtt(), core.now);
    if (core.rx->window_opened(core.undelivered)) core.rx->acknowledge_now();
  }
  return event;
}

Result<> Association::send(OutgoingMessage message, Timestamp now) {
  Core& core = impl_->core;
  core.now = now;
  const bool open = core.state <= State::kEstablished;
  if (!open) return Error{ErrorCode::kInvalidState, "the association is closed or closing"};
  if (message.payload.empty()) return Error{ErrorCode::kType, "SCTP has no empty messages"};
  if (impl_->was_connected && message.stream.value() >= core.outgoing_streams) {
    return Error{ErrorCode::kRange, "stream " + std::to_string(message.stream.value()) + " is beyond the " +
                                        std::to_string(core.outgoing_streams) + " that were agreed on"};
  }
  if (core.tx.queue().resetting(message.stream)) return Error{ErrorCode::kInvalidState, "the stream is being reset"};
  if (core.tx.queue().buffered() + message.payload.size() > core.config.send_buffer_limit) {
    return Error{ErrorCode::kOperation, "the send buffer is full"};
  }
  StoredMessage stored;
  stored.stream = message.stream;
  stored.ppid = message.ppid;
  stored.payload = std::move(message.payload);
  stored.ordered = message.options.ordered;
  stored.priority = message.options.priority;
  stored.max_retransmits = message.options.max_retransmits;
  if (message.options.lifetime) stored.expires_at = now + *message.options.lifetime;
  core.tx.push(std::move(stored));
  return {};
}

Result<> Association::reset_outgoing_streams(std::span<const StreamId> streams, Timestamp now) {
  impl_->core.now = now;
  return impl_->reset.reset_outgoing(streams);
}

std::size_t Association::buffered_amount(StreamId stream) const { return impl_->core.tx.queue().buffered(stream); }

std::size_t Association::buffered_amount() const { return impl_->core.tx.queue().buffered(); }

void Association::shutdown(Timestamp now) {
  impl_->core.now = now;
  impl_->shutdown.begin();
}

void Association::abort(std::string_view reason, Timestamp now) {
  impl_->core.now = now;
  impl_->core.abort(CloseReason::kAbortedByUs, Cause::kUserInitiatedAbort, std::string(reason));
}

void Association::path_changed(Timestamp now) {
  impl_->core.now = now;
  impl_->probe.path_changed();
  if (impl_->core.rx) impl_->core.rx->path_changed();
}

void Association::set_beside_media(bool beside_media) { impl_->core.tx.set_beside_media(beside_media); }

bool Association::connected() const { return impl_->core.receives_data(); }

const Stats& Association::stats() const {
  Core& core = impl_->core;
  core.tx.fill(core.stats);
  core.stats.mtu = core.path_mtu.mtu();
  core.stats.receive_buffered = core.undelivered + (core.rx ? core.rx->buffered() : 0);
  return core.stats;
}

}  // namespace tidewire::sctp
