#include "sctp/rx/receiver.h"

#include <algorithm>

namespace tidewire::sctp {
Receiver::Receiver(const Config& config, std::uint32_t peer_initial_tsn, bool interleaved, BytesPool& pool)
    : window_(config),
      reserve_(config.max_message_size),
      tracker_(peer_initial_tsn),
      interleaved_(interleaved),
      order_(interleaved),
      by_tsn_(config.max_message_size, order_, pool),
      by_message_(config.max_message_size, order_, pool),
      advertised_(window_.size()) {}

Receiver::Outcome Receiver::handle_data(const DataChunk& chunk, std::size_t undelivered, Stats& stats) {
  const Tsn tsn = tracker_.unwrap(chunk.tsn);
  if (tracker_.seen(tsn)) {
    // RFC 9260 §6.2: a duplicate is answered at once; the first SACK may have been lost.
    ++stats.duplicates_received;
    tracker_.add_duplicate(chunk.tsn);
    sack_due_ = true;
    return Outcome::kDuplicate;
  }
  // RFC 9260 §6.2: with no room left new chunks are dropped, and the SACK says so. The chunk that all others wait for
  // is taken all the same: it is what makes room.
  const bool next = tsn == tracker_.cumulative() + 1;
  window_.make_room_beside(buffered());
  const std::size_t held = buffered() + undelivered;
  const std::size_t room = window_.size() + (next ? reserve_ : 0);
  if (!tracker_.acceptable(tsn) || held + chunk.payload.size() > room) {
    sack_due_ = true;
    return next && undelivered == 0 ? Outcome::kStuck : Outcome::kDropped;
  }
  tracker_.add(tsn);
  if (interleaved_)
    by_message_.add(chunk);
  else
    by_tsn_.add(tsn, chunk, tracker_.cumulative());
  // RFC 9260 §6.7: a gap is reported at once, and so is what closes one. RFC 9260 §3.3.1: bit I asks for it.
  if (!tracker_.runs().empty() || tracker_.cumulative() > tsn || (chunk.flags & kFlagImmediate) != 0) sack_due_ = true;
  return by_tsn_.oversized() || by_message_.oversized() ? Outcome::kTooLarge : Outcome::kTaken;
}

void Receiver::discard_data(const DataChunk& chunk) {
  const Tsn tsn = tracker_.unwrap(chunk.tsn);
  sack_due_ = true;
  if (!tracker_.seen(tsn) && tracker_.acceptable(tsn)) tracker_.add(tsn);
}

bool Receiver::handle_forward_tsn(const ForwardTsnChunk& forward) {
  const Tsn tsn = tracker_.unwrap(forward.new_cumulative_tsn);
  // RFC 3758 §3.6: an old one means that our SACK was lost.
  sack_due_ = true;
  if (tsn <= tracker_.cumulative()) return true;
  if (tsn > tracker_.cumulative() + TsnTracker::kWindow) return false;
  tracker_.advance(tsn);
  if (!interleaved_) by_tsn_.skip_to(tsn, tracker_.cumulative());
  for (std::size_t i = 0; i < forward.skipped_messages(); ++i) {
    const SkippedMessage skipped = forward.skipped_message(i);
    if (interleaved_)
      by_message_.skip(skipped);
    else
      order_.skip(skipped.stream, skipped.number);
  }
  return true;
}

void Receiver::reset_stream(StreamId stream) {
  by_message_.reset(stream);
  order_.reset(stream);
}

void Receiver::reset_all_streams() {
  by_message_.reset_all();
  order_.reset_all();
}

bool Receiver::end_of_packet() {
  ++packets_;
  // RFC 9260 §6.2: at least every second packet. The first of all is answered at once: it gives the peer its round trip
  // time and a window that grows.
  if (packets_ >= 2 || !acked_before_) sack_due_ = true;
  return !sack_due_;
}

std::uint32_t Receiver::window(std::size_t undelivered) const {
  const std::size_t held = buffered() + undelivered;
  return held < window_.size() ? static_cast<std::uint32_t>(window_.size() - held) : 0;
}

// RFC 9260 §6.2: small openings are not worth a packet (silly window syndrome).
bool Receiver::window_opened(std::size_t undelivered) const {
  const std::uint32_t now = window(undelivered);
  return advertised_ < window_.size() / 2 && now > advertised_ && now - advertised_ >= window_.size() / 4;
}

bool Receiver::write_sack(PacketBuilder& builder, std::size_t undelivered) {
  constexpr std::size_t kFixed = kChunkHeaderSize + 12;
  if (builder.room() < kFixed) return false;
  const std::size_t room = (builder.room() - kFixed) / 4;
  // When not all runs fit: those that the peer has to fill first, and the newest, which were in no SACK yet. (RFC 9260
  // §6.2: as many as fit, and does not say which.) Those between were in earlier ones.
  const auto runs = tracker_.runs();
  const std::size_t low = runs.size() <= room ? runs.size() : room - room / 2;
  const std::size_t high = runs.size() <= room ? 0 : room / 2;
  const auto duplicates = tracker_.duplicates().first(std::min(tracker_.duplicates().size(), room - low - high));
  advertised_ = window(undelivered);
  const Tsn cumulative = tracker_.cumulative();
  ByteWriter& writer = builder.start_chunk(ChunkType::kSack, 0);
  writer.u32(wire_tsn(cumulative));
  writer.u32(advertised_);
  writer.u16(low + high);
  writer.u16(duplicates.size());
  const auto write_runs = [&](std::span<const std::pair<Tsn, Tsn>> some) {
    for (const auto& [first, last] : some) {
      writer.u16(static_cast<std::uint64_t>(first - cumulative));
      writer.u16(static_cast<std::uint64_t>(last - cumulative));
    }
  };
  write_runs(runs.first(low));
  write_runs(runs.last(high));
  for (const std::uint32_t tsn : duplicates) writer.u32(tsn);
  builder.end_chunk();
  tracker_.forget_duplicates();
  sack_due_ = false;
  acked_before_ = true;
  packets_ = 0;
  return true;
}

}  // namespace tidewire::sctp
