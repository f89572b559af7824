#include "sctp/tx/outstanding.h"

#include <algorithm>
#include <functional>

#include "sctp/packet/chunk.h"

namespace tidewire::sctp {
namespace {

using State = OutstandingChunk::State;

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

Tsn Outstanding::add(MessageIndex message, std::size_t offset, std::size_t size, std::uint8_t flags, Timestamp now) {
  const Tsn tsn = next_tsn();
  StoredMessage& stored = store_[message];
  if (stored.chunks_sent == 0) stored.first_tsn = tsn;
  ++stored.chunks_sent;
  ++stored.chunks;
  chunks_.push_back({.message = message,
                     .offset = static_cast<std::uint32_t>(offset),
                     .size = static_cast<std::uint16_t>(size),
                     .transmissions = 1,
                     .flags = flags});
  flight_bytes_ += wire_size(chunks_.back());
  flight_payload_ += size;
  if (!measured_) {
    measured_ = tsn;
    measured_sent_ = now;
  }
  return tsn;
}

std::optional<Tsn> Outstanding::next_lost() {
  while (!lost_.empty()) {
    const Tsn tsn = lost_.front();
    if (tsn > cumulative_ && chunks_[index(tsn)].state == State::kLost) return tsn;
    std::pop_heap(lost_.begin(), lost_.end(), std::greater<>());
    lost_.pop_back();
  }
  return std::nullopt;
}

void Outstanding::retransmit(Tsn tsn) {
  OutstandingChunk& chunk = chunks_[index(tsn)];
  chunk.state = State::kInFlight;
  chunk.missing_reports = 0;
  if (chunk.transmissions < UINT16_MAX) ++chunk.transmissions;
  flight_bytes_ += wire_size(chunk);
  flight_payload_ += chunk.size;
  if (measured_ == tsn) measured_.reset();
}

void Outstanding::leave_flight(const OutstandingChunk& chunk) {
  if (chunk.state != State::kInFlight) return;
  flight_bytes_ -= wire_size(chunk);
  flight_payload_ -= chunk.size;
}

void Outstanding::acknowledge_chunk(Tsn tsn, AckResult& result) {
  OutstandingChunk& chunk = chunks_[index(tsn)];
  if (chunk.state == State::kAcked) return;
  leave_flight(chunk);
  // An abandoned chunk that arrives after all stays abandoned: the FORWARD TSN covers its whole message.
  if (chunk.state == State::kAbandoned) return;
  chunk.state = State::kAcked;
  result.acked_bytes += wire_size(chunk);
  if (measured_ == tsn) {
    result.sent_at = measured_sent_;
    measured_.reset();
  }
}

void Outstanding::acknowledge_cumulative(Tsn cumulative, AckResult& result) {
  result.cumulative_advanced = cumulative > cumulative_;
  while (cumulative_ < cumulative) {
    acknowledge_chunk(cumulative_ + 1, result);
    const MessageIndex message = chunks_.front().message;
    chunks_.pop_front();
    ++cumulative_;
    --store_[message].chunks;
    store_.release_if_unused(message);
  }
  if (measured_ && *measured_ <= cumulative_) measured_.reset();
}

// Returns the highest TSN that is newly acknowledged, 0 when none is. Only the parts of the blocks that earlier SACKs
// did not hold are walked.
Tsn Outstanding::acknowledge_blocks(std::span<const TsnRange> blocks, AckResult& result) {
  merged_.clear();
  Tsn highest = cumulative_;
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
      if (stop >= tsn) highest = stop;
      for (Tsn t = tsn; t <= stop; ++t) acknowledge_chunk(t, result);
      append_merged(merged_, {block.first, stop});
      keep_known(stop + 1);
      tsn = std::max(stop, merged_.back().second) + 1;
    }
  }
  keep_known(INT64_MAX);
  acked_.swap(merged_);
  latest_blocks_.assign(blocks.begin(), blocks.end());
  return highest;
}

Outstanding::AckResult Outstanding::acknowledge(Tsn cumulative, std::span<const TsnRange> blocks) {
  AckResult result;
  acknowledge_cumulative(cumulative, result);
  const Tsn highest = acknowledge_blocks(blocks, result);
  if (highest > cumulative_) report_missing(highest, result);
  advance();
  return result;
}

// RFC 9260 §7.2.4: the third report that a chunk is missing, while later ones arrive, means that it is lost. A report
// counts only for chunks below the highest one that this SACK newly acknowledges (HTNA).
void Outstanding::report_missing(Tsn below, AckResult& result) {
  constexpr std::uint8_t kReports = 3;
  Tsn tsn = cumulative_ + 1;
  for (const TsnRange& range : acked_) {
    for (; tsn < range.first && tsn < below; ++tsn) {
      OutstandingChunk& chunk = chunks_[index(tsn)];
      if (chunk.state != State::kInFlight || chunk.fast_retransmitted || ++chunk.missing_reports < kReports) continue;
      chunk.fast_retransmitted = true;  // §7.2.4: once only; after that the timer has to find it
      lose(tsn, chunk);
      result.found_missing = true;
    }
    if (range.first > below) break;
    tsn = range.second + 1;
  }
}

void Outstanding::lose(Tsn tsn, OutstandingChunk& chunk) {
  leave_flight(chunk);
  chunk.state = State::kLost;
  lost_.push_back(tsn);
  std::push_heap(lost_.begin(), lost_.end(), std::greater<>());
  if (measured_ == tsn) measured_.reset();
}

void Outstanding::lose_all() {
  // RFC 9260 §6.2.1: a peer may take back what it acknowledged in a block (it reneged). It counts as missing when the
  // newest SACK no longer names it; as that is rare, it is enough that the timer finds it.
  std::size_t block = 0;
  lost_.clear();
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const Tsn tsn = cumulative_ + 1 + static_cast<Tsn>(i);
    OutstandingChunk& chunk = chunks_[i];
    while (block < latest_blocks_.size() && latest_blocks_[block].second < tsn) ++block;
    const bool named = block < latest_blocks_.size() && latest_blocks_[block].first <= tsn;
    const bool reneged = chunk.state == State::kAcked && !named;
    if (chunk.state != State::kInFlight && chunk.state != State::kLost && !reneged) continue;
    leave_flight(chunk);
    chunk.state = State::kLost;
    lost_.push_back(tsn);  // ascending, which is a heap
  }
  acked_ = latest_blocks_;
  measured_.reset();
}

void Outstanding::abandon(MessageIndex message) {
  StoredMessage& stored = store_[message];
  stored.abandoned = true;
  stored.payload = Bytes();
  const Tsn end = next_tsn();
  for (Tsn tsn = std::max(stored.first_tsn, cumulative_ + 1); tsn < end; ++tsn) {
    OutstandingChunk& chunk = chunks_[index(tsn)];
    if (chunk.message != message) break;
    leave_flight(chunk);
    chunk.state = State::kAbandoned;
    if (measured_ == tsn) measured_.reset();
  }
  advance();
}

void Outstanding::advance() {
  advanced_ = std::max(advanced_, cumulative_);
  while (advanced_ < last_assigned() && chunks_[index(advanced_ + 1)].state == State::kAbandoned) ++advanced_;
}

}  // namespace tidewire::sctp
