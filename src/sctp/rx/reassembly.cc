#include "sctp/rx/reassembly.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tidewire::sctp {

void Reassembly::add(Tsn tsn, const DataChunk& chunk, Tsn cumulative) {
  if (tsn > cumulative) {
    store(tsn, chunk);
    return;
  }
  const Header header{chunk.stream, chunk.number, chunk.ppid, chunk.flags};
  take_in_order(tsn, header, chunk.payload, nullptr);
  take_up_to(cumulative);
}

// Everything below `tsn` has been taken or skipped. `owned`, when given, is the payload to take over.
void Reassembly::take_in_order(Tsn tsn, const Header& header, ByteView payload, Bytes* owned) {
  const bool begin = (header.flags & kFlagBegin) != 0;
  const bool end = (header.flags & kFlagEnd) != 0;
  if (begin) drop_partial();
  if (begin && end) {
    deliver(header, owned ? std::move(*owned) : pool_.copy_of(payload));
    return;
  }
  if (begin) {
    begun_ = header;
    buffered_ += kOverhead;
  } else if (!begun_ || partial_next_ != tsn) {
    ++orphans_;
    return;
  }
  partial_.append(payload, expected_, pool_);
  buffered_ += payload.size();
  partial_next_ = tsn + 1;
  if (partial_.size() > max_message_size_) {
    oversized_ = true;
    drop_partial();
  } else if (end) {
    expected_ = partial_.size();
    buffered_ -= kOverhead + partial_.size();
    const Header first = *std::exchange(begun_, std::nullopt);
    deliver(first, partial_.take(pool_));
  }
}

// The gap is closed up to `cumulative`: what was kept beyond it follows.
void Reassembly::take_up_to(Tsn cumulative) {
  while (!fragments_.empty() && fragments_.begin()->first <= cumulative) {
    auto node = fragments_.extract(fragments_.begin());
    Fragment& fragment = node.mapped();
    buffered_ -= kOverhead + fragment.payload.size();
    take_in_order(node.key(), fragment.header, fragment.payload, &fragment.payload);
    pool_.give(std::move(fragment.payload));
  }
  runs_.erase(runs_.begin(), runs_.upper_bound(cumulative));
}

void Reassembly::store(Tsn tsn, const DataChunk& chunk) {
  const Header header{chunk.stream, chunk.number, chunk.ppid, chunk.flags};
  if (chunk.begin() && chunk.end()) {
    deliver(header, pool_.copy_of(chunk.payload));
    return;
  }
  fragments_.emplace(tsn, Fragment{header, pool_.copy_of(chunk.payload)});
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
    message = pool_.take(size);
    for (auto it = first; it != last; ++it) {
      message.insert(message.end(), it->second.payload.begin(), it->second.payload.end());
      pool_.give(std::exchange(it->second.payload, {}));
    }
  }
  const auto count = static_cast<std::size_t>(std::distance(first, last));
  buffered_ -= size + count * kOverhead;
  fragments_.erase(first, last);
  runs_.erase(run);
  if (!oversized_) deliver(header, std::move(message));
}

void Reassembly::drop_partial() {
  if (!begun_) return;
  buffered_ -= kOverhead + partial_.size();
  begun_.reset();
  partial_.clear(pool_);
  ++orphans_;
}

void Reassembly::deliver(const Header& header, Bytes payload) {
  if (payload.size() > max_message_size_) {
    oversized_ = true;
    return;
  }
  order_.add({header.stream, header.ppid, std::move(payload), (header.flags & kFlagUnordered) == 0}, header.number);
}

void Reassembly::skip_to(Tsn tsn, Tsn cumulative) {
  drop_partial();
  while (!fragments_.empty() && fragments_.begin()->first <= tsn) {
    buffered_ -= kOverhead + fragments_.begin()->second.payload.size();
    fragments_.erase(fragments_.begin());
  }
  take_up_to(cumulative);
}

}  // namespace tidewire::sctp
