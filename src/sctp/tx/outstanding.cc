#include "sctp/tx/outstanding.h"

#include <algorithm>
#include <functional>

#include "sctp/packet/chunk.h"

namespace tidewire::sctp {
namespace {

std::size_t wire_size(const OutstandingChunk& chunk) { return (kDataHeaderSize + chunk.size + 3) & ~std::size_t{3}; }

// Appends a range that begins at or after the last one's beginning.
void append_merged(std::vector<TsnRange>& ranges, TsnRange range) {
  if (!ranges.empty() && range.first <= ranges.back().second + 1) {
    ranges.back().second = std::max(ranges.back().second, range.second);
  } else {
    ranges.push_back(range);
  }
}

}  // namespace

// What the chunks that one SACK acknowledges say of time.
struct Outstanding::Newest {
  Rack& rack;
  Timestamp now;
  std::optional<Timestamp> sent_once;
};

Tsn Outstanding::add(MessageIndex message, std::size_t offset, std::size_t size, std::uint8_t flags, Timestamp now) {
  const Tsn tsn = next_tsn();
  StoredMessage& stored = store_[message];
  if (stored.chunks_sent == 0) stored.first_tsn = tsn;
  const std::uint32_t fsn = stored.chunks_sent++;
  ++stored.chunks;
  chunks_.push_back({.message = message,
                     .offset = static_cast<std::uint32_t>(offset),
                     .fsn = fsn,
                     .size = static_cast<std::uint16_t>(size),
                     .transmissions = 1,
                     .flags = flags,
                     .sent_at = now});
  enter_flight(tsn, newest_);
  return tsn;
}

// The chunk's place in the order of transmission is after `after`; kNone: it is the oldest.
void Outstanding::enter_flight(Tsn tsn, Tsn after) {
  OutstandingChunk& chunk = at(tsn);
  chunk.state = State::kInFlight;
  chunk.older = after;
  chunk.newer = after == kNone ? oldest_ : at(after).newer;
  (after == kNone ? oldest_ : at(after).newer) = tsn;
  (chunk.newer == kNone ? newest_ : at(chunk.newer).older) = tsn;
  flight_bytes_ += wire_size(chunk);
  flight_payload_ += chunk.size;
}

void Outstanding::leave_flight(Tsn tsn) {
  const OutstandingChunk& chunk = at(tsn);
  if (chunk.state != State::kInFlight) return;
  (chunk.older == kNone ? oldest_ : at(chunk.older).newer) = chunk.newer;
  (chunk.newer == kNone ? newest_ : at(chunk.newer).older) = chunk.older;
  flight_bytes_ -= wire_size(chunk);
  flight_payload_ -= chunk.size;
}

std::optional<Tsn> Outstanding::next_lost() {
  while (!lost_.empty()) {
    const Tsn tsn = lost_.front();
    if (tsn > cumulative_ && at(tsn).state == State::kLost) return tsn;
    std::pop_heap(lost_.begin(), lost_.end(), std::greater<>());
    lost_.pop_back();
  }
  return std::nullopt;
}

void Outstanding::retransmit(Tsn tsn, Timestamp now) {
  leave_flight(tsn);
  OutstandingChunk& chunk = at(tsn);
  if (chunk.transmissions < UINT16_MAX) ++chunk.transmissions;
  chunk.sent_at = now;
  enter_flight(tsn, newest_);
}

void Outstanding::acknowledge_chunk(Tsn tsn, Newest& newest, AckResult& result) {
  OutstandingChunk& chunk = at(tsn);
  if (chunk.state == State::kAcked) return;
  leave_flight(tsn);
  // An abandoned chunk that arrives after all stays abandoned: the FORWARD TSN covers its whole message.
  if (chunk.state == State::kAbandoned) return;
  if (chunk.state == State::kLost) result.acked_lost = true;
  chunk.state = State::kAcked;
  result.acked_bytes += wire_size(chunk);
  ++result.chunks;
  result.largest = std::max<std::size_t>(result.largest, chunk.size);
  const bool once = chunk.transmissions == 1;
  if (once) newest.sent_once = std::max(newest.sent_once.value_or(chunk.sent_at), chunk.sent_at);
  if (!newest.rack.on_delivered(tsn, chunk.sent_at, !once, newest.now)) result.needless.push_back(tsn);
}

void Outstanding::acknowledge_cumulative(Tsn cumulative, Newest& newest, AckResult& result) {
  result.cumulative_advanced = cumulative > cumulative_;
  while (cumulative_ < cumulative) {
    if (chunks_.front().state == State::kAcked)
      --gap_acked_;
    else
      acknowledge_chunk(cumulative_ + 1, newest, result);
    const MessageIndex message = chunks_.front().message;
    chunks_.pop_front();
    ++cumulative_;
    --store_[message].chunks;
    store_.release_if_unused(message);
  }
}

// Only the parts of the blocks that earlier SACKs did not hold are walked.
void Outstanding::acknowledge_blocks(std::span<const TsnRange> blocks, Newest& newest, AckResult& result) {
  merged_.clear();
  std::size_t known = 0;
  const auto keep_known = [&](Tsn below) {
    for (; known < acked_.size() && acked_[known].first <= below; ++known) {
      if (acked_[known].second > cumulative_) append_merged(merged_, acked_[known]);
    }
  };
  for (const TsnRange& block : blocks) {
    keep_known(block.first);
    Tsn tsn = block.first;
    if (!merged_.empty()) tsn = std::max(tsn, merged_.back().second + 1);
    while (tsn <= block.second) {
      const Tsn stop = known < acked_.size() ? std::min(block.second, acked_[known].first - 1) : block.second;
      for (Tsn t = tsn; t <= stop; ++t) acknowledge_chunk(t, newest, result);
      append_merged(merged_, {block.first, stop});
      keep_known(stop + 1);
      tsn = std::max(stop, merged_.back().second) + 1;
    }
  }
  keep_known(INT64_MAX);
  acked_.swap(merged_);
  latest_blocks_.assign(blocks.begin(), blocks.end());
}

Outstanding::AckResult Outstanding::acknowledge(Tsn cumulative, std::span<const TsnRange> blocks, Rack& rack,
                                                Timestamp now) {
  AckResult result;
  Newest newest{rack, now, {}};
  acknowledge_cumulative(cumulative, newest, result);
  const std::size_t in_order = result.chunks;
  acknowledge_blocks(blocks, newest, result);
  gap_acked_ += result.chunks - in_order;
  if (newest.sent_once) result.rtt = now - *newest.sent_once;
  advance();
  return result;
}

Outstanding::Detection Outstanding::detect_lost(const Rack& rack, Duration patience, Timestamp now) {
  Detection detection;
  while (oldest_ != kNone && rack.overtaken(oldest_, at(oldest_).sent_at)) {
    const Timestamp due = at(oldest_).sent_at + patience;
    if (due > now) {
      // The list is in the order of time: no other is due before.
      detection.due = due;
      break;
    }
    lose(oldest_);
    ++detection.lost;
  }
  return detection;
}

void Outstanding::lose(Tsn tsn) {
  leave_flight(tsn);
  at(tsn).state = State::kLost;
  lost_.push_back(tsn);
  std::push_heap(lost_.begin(), lost_.end(), std::greater<>());
}

void Outstanding::lose_sent_before(Timestamp before) {
  // RFC 9260 §6.2.1: a peer may take back what it acknowledged in a block (it reneged). It counts as missing when the
  // newest SACK no longer names it; as that is rare, it is enough that the timer finds it. A long SACK may have had no
  // room for all.
  constexpr std::size_t kLong = 128;
  const bool complete = latest_blocks_.size() < kLong;
  std::size_t block = 0;
  lost_.clear();
  gap_acked_ = 0;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const Tsn tsn = cumulative_ + 1 + static_cast<Tsn>(i);
    OutstandingChunk& chunk = chunks_[i];
    while (block < latest_blocks_.size() && latest_blocks_[block].second < tsn) ++block;
    const bool named = !complete || (block < latest_blocks_.size() && latest_blocks_[block].first <= tsn);
    if (chunk.state == State::kAcked && named) ++gap_acked_;
    const bool in_flight = chunk.state == State::kInFlight;
    const bool reneged = chunk.state == State::kAcked && !named;
    const bool expired = in_flight && (lost_.empty() || chunk.sent_at < before);
    if (!expired && chunk.state != State::kLost && !reneged) continue;
    leave_flight(tsn);
    chunk.state = State::kLost;
    lost_.push_back(tsn);  // ascending, which is a heap
  }
  if (complete) acked_ = latest_blocks_;
}

void Outstanding::restore_lost() {
  Tsn after = kNone;
  while (const auto tsn = next_lost()) {
    // Nearly always older than all that is in flight, and later than the one restored before.
    if (after != kNone && at(after).sent_at > at(*tsn).sent_at) after = kNone;
    Tsn next = after == kNone ? oldest_ : at(after).newer;
    for (; next != kNone && at(next).sent_at <= at(*tsn).sent_at; next = at(next).newer) after = next;
    enter_flight(*tsn, after);
    after = *tsn;
  }
}

void Outstanding::abandon(MessageIndex message) {
  StoredMessage& stored = store_[message];
  stored.abandoned = true;
  store_.free_payload(message);
  // Interleaved messages have chunks of others between theirs.
  std::size_t left = stored.chunks;
  for (Tsn tsn = std::max(stored.first_tsn, cumulative_ + 1); left > 0; ++tsn) {
    OutstandingChunk& chunk = chunks_[index(tsn)];
    if (chunk.message != message) continue;
    --left;
    leave_flight(tsn);
    if (chunk.state == State::kAcked) --gap_acked_;
    chunk.state = State::kAbandoned;
  }
  advance();
}

void Outstanding::advance() {
  advanced_ = std::max(advanced_, cumulative_);
  while (advanced_ < last_assigned() && chunks_[index(advanced_ + 1)].state == State::kAbandoned) ++advanced_;
}

}  // namespace tidewire::sctp
