#include "sctp/rx/reassembly.h"

#include <algorithm>
#include <iterator>

#include "base/serial.h"

namespace tidewire::sctp {

void Reassembly::add(Tsn tsn, const DataChunk& chunk, Tsn cumulative) {
  if (tsn > cumulative) {
    store(tsn, chunk);
    return;
  }
  const Header header{chunk.stream, chunk.ssn, chunk.ppid, chunk.flags};
  take_in_order(tsn, header, chunk.payload, nullptr);
  take_up_to(cumulative);
}

// Everything below `tsn` has been taken or skipped. `owned`, when given, is the payload to take over.
void Reassembly::take_in_order(Tsn tsn, const Header& header, ByteView payload, Bytes* owned) {
  const bool begin = (header.flags & kFlagBegin) != 0;
  const bool end = (header.flags & kFlagEnd) != 0;
  if (begin) drop_partial();
  if (begin && end) {
    deliver(header, owned ? std::move(*owned) : Bytes(payload.begin(), payload.end()));
    return;
  }
  if (begin) {
    partial_ = Partial{.header = header, .size = 0, .blocks = {}, .last = {}};
    buffered_ += kOverhead;
  } else if (!partial_ || partial_next_ != tsn) {
    ++orphans_;
    return;
  }
  partial_->append(payload);
  buffered_ += payload.size();
  partial_next_ = tsn + 1;
  if (partial_->size > max_message_size_) {
    oversized_ = true;
    drop_partial();
  } else if (end) {
    buffered_ -= kOverhead + partial_->size;
    const Header first = partial_->header;
    Bytes whole = partial_->take();
    partial_.reset();
    deliver(first, std::move(whole));
  }
}

void Reassembly::Partial::append(ByteView bytes) {
  if (!last.empty() && last.size() + bytes.size() > kBlock) {
    blocks.push_back(std::exchange(last, {}));
    last.reserve(kBlock);
  }
  last.insert(last.end(), bytes.begin(), bytes.end());
  size += bytes.size();
}

Bytes Reassembly::Partial::take() {
  if (blocks.empty()) return std::move(last);
  Bytes whole;
  whole.reserve(size);
  for (Bytes& block : blocks) {
    whole.insert(whole.end(), block.begin(), block.end());
    block = Bytes();
  }
  whole.insert(whole.end(), last.begin(), last.end());
  return whole;
}

// The gap is closed up to `cumulative`: what was kept beyond it follows.
void Reassembly::take_up_to(Tsn cumulative) {
  while (!fragments_.empty() && fragments_.begin()->first <= cumulative) {
    auto node = fragments_.extract(fragments_.begin());
    Fragment& fragment = node.mapped();
    buffered_ -= kOverhead + fragment.payload.size();
    take_in_order(node.key(), fragment.header, fragment.payload, &fragment.payload);
  }
  runs_.erase(runs_.begin(), runs_.upper_bound(cumulative));
}

void Reassembly::store(Tsn tsn, const DataChunk& chunk) {
  const Header header{chunk.stream, chunk.ssn, chunk.ppid, chunk.flags};
  if (chunk.begin() && chunk.end()) {
    deliver(header, Bytes(chunk.payload.begin(), chunk.payload.end()));
    return;
  }
  fragments_.emplace(tsn, Fragment{header, Bytes(chunk.payload.begin(), chunk.payload.end())});
  buffered_ += kOverhead + chunk.payload.size();
  const auto run = join_runs(tsn, chunk.begin(), chunk.end());
  if (run->second.begin && run->second.end) assemble(run);
}

// A new fragment joins its neighbours, unless a message ends between them.
Reassembly::Runs::iterator Reassembly::join_runs(Tsn tsn, bool begin, bool end) {
  auto run = runs_.emplace(tsn, Run{tsn, begin, end}).first;
  if (const auto after = std::next(run);
      !end && after != runs_.end() && after->first == tsn + 1 && !after->second.begin) {
    run->second.last = after->second.last;
    run->second.end = after->second.end;
    runs_.erase(after);
  }
  if (begin || run == runs_.begin()) return run;
  const auto before = std::prev(run);
  if (before->second.last != tsn - 1 || before->second.end) return run;
  before->second.last = run->second.last;
  before->second.end = run->second.end;
  runs_.erase(run);
  return before;
}

// A run holds a whole message.
void Reassembly::assemble(Runs::iterator run) {
  const auto first = fragments_.find(run->first);
  const auto last = fragments_.upper_bound(run->second.last);
  const Header header = first->second.header;
  std::size_t size = 0;
  for (auto it = first; it != last; ++it) size += it->second.payload.size();
  Bytes message;
  if (size > max_message_size_) {
    oversized_ = true;
  } else {
    message.reserve(size);
    for (auto it = first; it != last; ++it) {
      message.insert(message.end(), it->second.payload.begin(), it->second.payload.end());
      it->second.payload = Bytes();
    }
  }
  const auto count = static_cast<std::size_t>(std::distance(first, last));
  buffered_ -= size + count * kOverhead;
  fragments_.erase(first, last);
  runs_.erase(run);
  if (!oversized_) deliver(header, std::move(message));
}

void Reassembly::drop_partial() {
  if (!partial_) return;
  buffered_ -= kOverhead + partial_->size;
  partial_.reset();
  ++orphans_;
}

void Reassembly::deliver(const Header& header, Bytes payload) {
  MessageReceived message{header.stream, header.ppid, std::move(payload), (header.flags & kFlagUnordered) == 0};
  if (message.payload.size() > max_message_size_) {
    oversized_ = true;
    return;
  }
  if (!message.ordered) {
    ready_.push_back(std::move(message));
    return;
  }
  Stream& stream = streams_[header.stream];
  const std::int64_t ssn = stream.next_ssn + serial_distance(static_cast<std::uint16_t>(stream.next_ssn), header.ssn);
  if (ssn == stream.next_ssn) {
    ++stream.next_ssn;
    ready_.push_back(std::move(message));
    if (!stream.early.empty()) deliver_early(stream, stream.next_ssn);
    return;
  }
  const std::size_t size = kOverhead + message.payload.size();
  // An SSN that was delivered or skipped before is nobody's.
  if (ssn < stream.next_ssn || !stream.early.emplace(ssn, std::move(message)).second)
    ++orphans_;
  else
    buffered_ += size;
}

// Delivers what waits below `below`, whatever is missing, and all that follows without a hole.
void Reassembly::deliver_early(Stream& stream, std::int64_t below) {
  stream.next_ssn = std::max(stream.next_ssn, below);
  while (!stream.early.empty() && stream.early.begin()->first <= stream.next_ssn) {
    auto node = stream.early.extract(stream.early.begin());
    stream.next_ssn = std::max(stream.next_ssn, node.key() + 1);
    buffered_ -= kOverhead + node.mapped().payload.size();
    ready_.push_back(std::move(node.mapped()));
  }
}

void Reassembly::skip_to(Tsn tsn, Tsn cumulative) {
  drop_partial();
  while (!fragments_.empty() && fragments_.begin()->first <= tsn) {
    buffered_ -= kOverhead + fragments_.begin()->second.payload.size();
    fragments_.erase(fragments_.begin());
  }
  take_up_to(cumulative);
}

void Reassembly::skip_stream(StreamId id, std::uint16_t ssn) {
  Stream& stream = streams_[id];
  const std::int64_t skipped = stream.next_ssn + serial_distance(static_cast<std::uint16_t>(stream.next_ssn), ssn);
  if (skipped >= stream.next_ssn) deliver_early(stream, skipped + 1);
}

void Reassembly::reset_stream(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  for (const auto& [ssn, message] : found->second.early) buffered_ -= kOverhead + message.payload.size();
  streams_.erase(found);
}

void Reassembly::reset_all() {
  while (!streams_.empty()) reset_stream(streams_.begin()->first);
}

std::optional<MessageReceived> Reassembly::pop() {
  if (ready_.empty()) return std::nullopt;
  return ready_.pop_front();
}

}  // namespace tidewire::sctp
