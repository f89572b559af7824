#include "sctp/tx/transmitter.h"

#include <algorithm>
#include <chrono>

#include "base/serial.h"

namespace tidewire::sctp {
namespace {

// The distances in a SACK have 16 bits (RFC 9260 §3.3.4): what lies further could not be acknowledged.
constexpr std::size_t kMaxChunks = 65535;

std::size_t rounded_down(std::size_t size) { return size & ~std::size_t{3}; }

}  // namespace

Transmitter::Transmitter(const Config& config, Tsn initial_tsn, BytesPool& pool)
    : packet_size_(rounded_down(config.mtu)),
      store_(pool),
      queue_(store_),
      outstanding_(store_, initial_tsn),
      recovery_(config, rounded_down(config.mtu) - kCommonHeaderSize, outstanding_),
      pacer_(rounded_down(config.mtu)),
      pace_above_(config.pacing ? rounded_down(config.mtu) * config.initial_cwnd : SIZE_MAX),
      forward_sent_(initial_tsn - 1) {}

void Transmitter::set_mtu(std::size_t mtu) {
  if (rounded_down(mtu) == packet_size_) return;
  packet_size_ = rounded_down(mtu);
  recovery_.set_segment(packet_size_ - kCommonHeaderSize);
}

std::size_t Transmitter::packet_for(std::size_t payload) const {
  return rounded_down(kCommonHeaderSize + data_header_ + payload + 3);
}

std::optional<Transmitter::Again> Transmitter::next_again() {
  auto tsn = outstanding_.next_lost();
  if (recovery_.probe_due()) {
    if (!tsn && !queue_.empty()) return std::nullopt;  // the probe is something new
    tsn = outstanding_.newest();
  }
  if (!tsn) return std::nullopt;
  const OutstandingChunk& chunk = outstanding_.chunk(*tsn);
  return Again{packet_for(chunk.size), chunk.transmissions};
}

void Transmitter::set_peer(std::uint32_t a_rwnd, bool forward_tsn, bool interleaving) {
  set_window(a_rwnd);
  forward_tsn_ = forward_tsn;
  interleaving_ = interleaving;
  data_header_ = interleaving ? kInterleavedDataHeaderSize : kDataHeaderSize;
  queue_.set_interleaving(interleaving);
}

void Transmitter::set_window(std::uint32_t a_rwnd) {
  // What is unacknowledged has to be remembered: no peer needs more than this at any plausible delay.
  constexpr std::uint32_t kMaxWindow = 64 * 1024 * 1024;
  peer_a_rwnd_ = std::min(a_rwnd, kMaxWindow);
}

// RFC 9260 §6.2.1: what the peer said it has room for, less what has been sent since.
std::size_t Transmitter::peer_rwnd() const {
  const std::size_t flight = outstanding_.flight_payload();
  return peer_a_rwnd_ > flight ? peer_a_rwnd_ - flight : 0;
}

bool Transmitter::may_send(std::size_t size) const {
  const std::size_t flight = outstanding_.flight_bytes();
  // RFC 9260 §6.1 A: one chunk may always be out; with a closed window it is the probe that finds it open again.
  if (flight == 0) return true;
  if (size > peer_rwnd()) return false;
  return flight + kDataHeaderSize + size <= recovery_.congestion().cwnd();
}

// RFC 3758 §4, RFC 7496 §4: the limit is judged when a chunk would be sent again.
bool Transmitter::given_up(const OutstandingChunk& chunk, Timestamp now) const {
  const StoredMessage& message = store_[chunk.message];
  if (now >= message.expires_at) return true;
  return message.max_retransmits && chunk.transmissions > *message.max_retransmits;
}

void Transmitter::abandon(MessageIndex message, Timestamp now, Stats& stats) {
  if (store_[message].abandoned) return;
  ++stats.messages_abandoned;
  if (store_[message].queued) {
    // Half of it has no TSN yet. The peer may hold all that has one, and would wait for the rest for ever: a last TSN,
    // which is never sent, lets the FORWARD TSN end the message.
    outstanding_.add(message, store_[message].sent, 0, kFlagEnd, now);
    queue_.drop_begun(message);
  }
  outstanding_.abandon(message);
}

std::optional<Tsn> Transmitter::next_lost_within_limits(Timestamp now, Stats& stats) {
  while (const auto tsn = outstanding_.next_lost()) {
    const OutstandingChunk chunk = outstanding_.chunk(*tsn);
    if (!forward_tsn_ || !given_up(chunk, now)) return tsn;
    abandon(chunk.message, now, stats);
  }
  return std::nullopt;
}

std::optional<MessageIndex> Transmitter::next_new_within_limits(Timestamp now, Stats& stats) {
  while (const auto message = queue_.next(now, stats.messages_abandoned)) {
    const bool begun = store_[*message].sent > 0;
    if (!begun || !forward_tsn_ || now < store_[*message].expires_at) return message;
    abandon(*message, now, stats);
  }
  return std::nullopt;
}

bool Transmitter::write(PacketBuilder& builder, Timestamp now, Stats& stats) {
  if (recovery_.probe_due()) return write_probe(builder, now, stats);
  if (pacer_.blocked(now)) return false;
  const bool retransmitted = write_lost(builder, now, stats);
  // RFC 9260 §6.1 C: new chunks only when none waits to be sent again.
  const bool wrote = !outstanding_.next_lost() && write_new(builder, now, stats);
  return retransmitted || wrote;
}

bool Transmitter::write_lost(PacketBuilder& builder, Timestamp now, Stats& stats) {
  bool wrote = false;
  while (const auto tsn = next_lost_within_limits(now, stats)) {
    const std::size_t size = outstanding_.chunk(*tsn).size;
    if (data_header_ + size > builder.room() || !may_send(size)) break;
    send_again(builder, *tsn, now, stats);
    wrote = true;
  }
  return wrote;
}

// RFC 8985 §7.3: something new when there is something, else what was sent last. The windows do not matter but for the
// peer's.
bool Transmitter::write_probe(PacketBuilder& builder, Timestamp now, Stats& stats) {
  if (const auto index = next_new_within_limits(now, stats); index && !outstanding_.next_lost()) {
    const StoredMessage& message = store_[*index];
    const std::size_t room = rounded_down(builder.room() - std::min(builder.room(), data_header_));
    const std::size_t size = std::min({message.payload.size() - message.sent, max_payload(), room});
    if (size > 0 && size <= peer_rwnd() && outstanding_.chunks() < kMaxChunks) {
      send_new(builder, *index, size, now, stats);
      recovery_.on_probe_sent({});
      restart_timer_ = true;
      return true;
    }
  }
  const auto tsn = outstanding_.newest();
  // What may not be sent again is left to the timer, which gives it up.
  const bool again = tsn && data_header_ + outstanding_.chunk(*tsn).size <= builder.room() &&
                     !(forward_tsn_ && given_up(outstanding_.chunk(*tsn), now));
  if (!again) return recovery_.cancel_probe(), false;
  send_again(builder, *tsn, now, stats);
  recovery_.on_probe_sent(tsn);
  restart_timer_ = true;
  return true;
}

bool Transmitter::write_new(PacketBuilder& builder, Timestamp now, Stats& stats) {
  if (queue_.empty()) return false;
  if (outstanding_.flight_bytes() == 0) recovery_.on_start(now);
  bool wrote = false;
  while (builder.room() > data_header_ && outstanding_.chunks() < kMaxChunks) {
    const auto index = next_new_within_limits(now, stats);
    if (!index) break;
    const StoredMessage& message = store_[*index];
    const std::size_t rest = message.payload.size() - message.sent;
    const std::size_t size = std::min({rest, max_payload(), rounded_down(builder.room() - data_header_)});
    // A piece is cut smaller than a packet only to share it with a SACK, not to fill up behind other messages.
    if (size < rest && size < max_payload() / 2) break;
    if (!may_send(size)) break;
    send_new(builder, *index, size, now, stats);
    wrote = true;
  }
  return wrote;
}

void Transmitter::send_new(PacketBuilder& builder, MessageIndex index, std::size_t size, Timestamp now, Stats& stats) {
  const StoredMessage& message = store_[index];
  const std::size_t offset = message.sent;
  std::uint8_t flags = message.ordered ? 0 : kFlagUnordered;
  if (offset == 0) flags |= kFlagBegin;
  if (offset + size == message.payload.size()) flags |= kFlagEnd;
  if (flags & kFlagEnd) ++stats.messages_sent;
  const Tsn tsn = outstanding_.add(index, offset, size, flags, now);
  queue_.consume(size);
  note_sent(tsn, false, now);
  // RFC 7053 §4: nothing follows that would make the peer answer soon.
  write_chunk(builder, tsn, queue_.empty() || outstanding_.lone() || recovery_.probe_due());
}

void Transmitter::send_again(PacketBuilder& builder, Tsn tsn, Timestamp now, Stats& stats) {
  outstanding_.retransmit(tsn, now);
  // RFC 9260 §7.2.4 step 4
  if (tsn == outstanding_.cumulative() + 1) restart_timer_ = true;
  ++stats.chunks_retransmitted;
  note_sent(tsn, true, now);
  write_chunk(builder, tsn, outstanding_.lone() || recovery_.probe_due());
}

void Transmitter::note_sent(Tsn tsn, bool again, Timestamp now) {
  const std::size_t bytes = kDataHeaderSize + outstanding_.chunk(tsn).size;
  recovery_.on_sent(tsn, bytes, again, now);
  set_pace();
  pacer_.on_sent(bytes, now);
}

// A little faster than a window in a round trip, so that pacing is never what limits; in slow start so much faster that
// the window is used up while it doubles (the rate is 1 / ln 2 times the window then).
void Transmitter::set_pace() {
  const Congestion& congestion = recovery_.congestion();
  const auto rtt = static_cast<std::uint64_t>(rto().srtt().count());
  if (congestion.cwnd() <= pace_above_ || rtt == 0) return pacer_.set_rate(0);
  const std::uint64_t gain = congestion.in_slow_start() ? 150 : 120;
  pacer_.set_rate(std::max<std::uint64_t>(congestion.cwnd() * gain * 10'000'000 / rtt, 1));
}

void Transmitter::write_chunk(PacketBuilder& builder, Tsn tsn, bool immediate) {
  const OutstandingChunk& chunk = outstanding_.chunk(tsn);
  const StoredMessage& message = store_[chunk.message];
  const std::uint8_t flags = immediate ? chunk.flags | kFlagImmediate : chunk.flags;
  ByteWriter& writer = builder.start_chunk(interleaving_ ? ChunkType::kInterleavedData : ChunkType::kData, flags);
  writer.u32(wire_tsn(tsn));
  writer.u16(message.stream.value());
  if (interleaving_) {
    writer.u16(0);  // reserved
    writer.u32(message.number);
    writer.u32((flags & kFlagBegin) != 0 ? message.ppid.value() : chunk.fsn);
  } else {
    writer.u16(message.ordered ? message.number & 0xFFFF : 0);
    writer.u32(message.ppid.value());
  }
  writer.bytes(ByteView(message.payload).subspan(chunk.offset, chunk.size));
  builder.end_chunk();
}

// RFC 3758 §3.5 F2 wants the FORWARD TSN sent whenever a SACK finds the peer behind; once a round trip is enough when
// nothing new was abandoned. (F3, F4: T3-rtx guards its loss.)
bool Transmitter::forward_tsn_due(Timestamp now) const {
  if (outstanding_.advanced() <= outstanding_.cumulative()) return false;
  if (outstanding_.advanced() > forward_sent_) return true;
  return now - forward_sent_at_ >= std::max<Duration>(rto().srtt(), std::chrono::milliseconds(10));
}

// Notes a given up message for the FORWARD TSN; false: `most` are noted.
bool Transmitter::note_skipped(const StoredMessage& message, std::size_t most) {
  // RFC 3758 §3.5 C4: the highest SSN given up on each stream. RFC 8260 §2.3.1: the highest MID, of unordered too.
  if (!message.ordered && !interleaving_) return true;
  const auto same = std::find_if(skipped_.begin(), skipped_.end(), [&](const SkippedMessage& s) {
    return s.stream == message.stream && s.unordered != message.ordered;
  });
  if (same != skipped_.end()) return same->number = message.number, true;
  if (skipped_.size() == most) return false;
  skipped_.push_back({message.stream, !message.ordered, message.number});
  return true;
}

bool Transmitter::write_forward_tsn(PacketBuilder& builder, Timestamp now) {
  constexpr std::size_t kFixed = kChunkHeaderSize + 4;
  const std::size_t entry = ForwardTsnChunk::entry_size(interleaving_);
  if (builder.room() < kFixed + entry) return false;
  // RFC 3758 §3.5 F5: as many as fit, with the TSN that they cover.
  skipped_.clear();
  Tsn covered = outstanding_.cumulative();
  MessageIndex message = 0;
  for (bool first = true; covered < outstanding_.advanced(); first = false, ++covered) {
    const MessageIndex next = outstanding_.chunk(covered + 1).message;
    if (!first && next == message) continue;
    message = next;
    if (!note_skipped(store_[message], (builder.room() - kFixed) / entry)) break;
  }
  ByteWriter& writer =
      builder.start_chunk(interleaving_ ? ChunkType::kInterleavedForwardTsn : ChunkType::kForwardTsn, 0);
  writer.u32(wire_tsn(covered));
  for (const SkippedMessage& skipped : skipped_) {
    writer.u16(skipped.stream.value());
    writer.u16(interleaving_ ? skipped.unordered : skipped.number & 0xFFFF);
    if (interleaving_) writer.u32(skipped.number);
  }
  builder.end_chunk();
  forward_sent_ = covered;
  forward_sent_at_ = now;
  return true;
}

bool Transmitter::read_blocks(const SackChunk& sack, Tsn cumulative) {
  blocks_.clear();
  for (std::size_t i = 0; i < sack.gap_ack_blocks; ++i) {
    const auto [first, last] = sack.gap_ack_block(i);
    if (first == 0 || last < first || cumulative + last > outstanding_.last_assigned()) return false;
    blocks_.emplace_back(cumulative + first, cumulative + last);
  }
  if (!std::is_sorted(blocks_.begin(), blocks_.end())) std::sort(blocks_.begin(), blocks_.end());
  return true;
}

// Of what the peer says that it got twice.
void Transmitter::read_duplicates(const SackChunk& sack, Tsn cumulative) {
  constexpr std::size_t kMost = 32;  // a hostile list could be long
  duplicates_.clear();
  for (std::size_t i = 0; i < std::min(sack.duplicate_tsns, kMost); ++i) {
    duplicates_.push_back(cumulative + serial_distance(wire_tsn(cumulative), sack.duplicate_tsn(i)));
  }
}

Transmitter::SackResult Transmitter::handle_sack(const SackChunk& sack, Timestamp now, Stats& stats) {
  const Tsn base = outstanding_.cumulative();
  const Tsn cumulative = base + serial_distance(wire_tsn(base), sack.cumulative_tsn_ack);
  // RFC 9260 §6.2.1 D i: older than what we know.
  if (cumulative < base) return {SackOutcome::kStale};
  // What was never sent cannot be acknowledged.
  if (cumulative > outstanding_.last_assigned() || !read_blocks(sack, cumulative)) return {SackOutcome::kInvalid};
  read_duplicates(sack, cumulative);
  const SackResult result = apply(cumulative, duplicates_, now, stats);
  set_window(sack.a_rwnd);
  return result;
}

Transmitter::SackResult Transmitter::handle_cumulative_ack(std::uint32_t cumulative_tsn_ack, Timestamp now,
                                                           Stats& stats) {
  const Tsn base = outstanding_.cumulative();
  const Tsn cumulative = base + serial_distance(wire_tsn(base), cumulative_tsn_ack);
  if (cumulative < base) return {SackOutcome::kStale};
  if (cumulative > outstanding_.last_assigned()) return {SackOutcome::kInvalid};
  blocks_.clear();
  return apply(cumulative, {}, now, stats);
}

Transmitter::SackResult Transmitter::apply(Tsn cumulative, std::span<const Tsn> duplicates, Timestamp now,
                                           Stats& stats) {
  const LossRecovery::Outcome outcome = recovery_.on_sack(cumulative, blocks_, duplicates, now, stats);
  return {SackOutcome::kAccepted, outcome.progressed, packet_for(outcome.largest)};
}

void Transmitter::handle_timeout(Timestamp now, Stats& stats) {
  recovery_.on_timeout(now, stats);
  // RFC 3758 §3.5 F4: the FORWARD TSN may have been the one that was lost.
  forward_sent_ = std::min(forward_sent_, outstanding_.cumulative());
  // Chunks past their limit are given up now, so that the FORWARD TSN covers them.
  next_lost_within_limits(now, stats);
}

void Transmitter::fill(Stats& stats) const {
  stats.cwnd = recovery_.congestion().cwnd();
  stats.ssthresh = recovery_.congestion().ssthresh();
  stats.flight_size = outstanding_.flight_bytes();
  stats.peer_rwnd = peer_rwnd();
  stats.srtt = rto().srtt();
  stats.min_rtt = recovery_.rack().min_rtt();
  stats.rto = rto().value();
}

}  // namespace tidewire::sctp
