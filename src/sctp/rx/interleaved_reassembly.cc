#include "sctp/rx/interleaved_reassembly.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/serial.h"

namespace tidewire::sctp {

void InterleavedReassembly::add(const DataChunk& chunk) {
  const auto key = key_of(chunk.stream, chunk.unordered(), chunk.number);
  if (!key) {
    ++orphans_;
    return;
  }
  if (chunk.begin() && chunk.end()) {
    deliver(chunk, chunk.ppid, pool_.copy_of(chunk.payload));
    return;
  }
  const auto found = find_or_begin(*key);
  Message& message = found->second;
  if (!fits(message, chunk)) {
    ++orphans_;
    return;
  }
  append(message, chunk);
  if (message.size > max_message_size_) {
    oversized_ = true;
    drop(found);
  } else if (message.last_fsn && message.next_fsn == *message.last_fsn + 1) {
    expected_ = message.size;
    const Ppid ppid = message.ppid;
    Bytes payload = message.partial.take(pool_);
    retire(found);
    deliver(chunk, ppid, std::move(payload));
  }
}

// Nothing: the message was delivered or skipped before.
std::optional<InterleavedReassembly::Key> InterleavedReassembly::key_of(StreamId stream, bool unordered,
                                                                        std::uint32_t number) {
  if (!unordered) {
    const auto unwrapped = order_.unwrap(stream, number);
    return unwrapped ? std::optional(Key{stream, false, *unwrapped}) : std::nullopt;
  }
  std::int64_t& latest = unordered_[stream];
  const std::int64_t unwrapped = latest + serial_distance(static_cast<std::uint32_t>(latest), number);
  latest = std::max(latest, unwrapped);
  return Key{stream, true, unwrapped};
}

InterleavedReassembly::Messages::iterator InterleavedReassembly::find_or_begin(const Key& key) {
  const auto found = messages_.lower_bound(key);
  if (found != messages_.end() && !(key < found->first)) return found;
  buffered_ += kMessageOverhead;
  if (spare_.empty()) return messages_.try_emplace(found, key);
  Messages::node_type node = std::move(spare_.back());
  spare_.pop_back();
  node.key() = key;
  return messages_.insert(found, std::move(node));
}

// A fragment that was not there, and not beyond the end.
bool InterleavedReassembly::fits(const Message& message, const DataChunk& chunk) const {
  if (message.last_fsn && (chunk.end() || chunk.fsn > *message.last_fsn)) return false;
  if (chunk.end() && !message.later.empty() && message.later.rbegin()->first > chunk.fsn) return false;
  return chunk.fsn >= message.next_fsn && message.later.count(chunk.fsn) == 0;
}

void InterleavedReassembly::append(Message& message, const DataChunk& chunk) {
  // Many that begin at once had better not all expect to become large.
  constexpr std::size_t kFew = 8;
  if (chunk.begin()) message.ppid = chunk.ppid;
  if (chunk.end()) message.last_fsn = chunk.fsn;
  message.size += chunk.payload.size();
  buffered_ += chunk.payload.size();
  if (chunk.fsn != message.next_fsn) {
    message.later.emplace(chunk.fsn, pool_.copy_of(chunk.payload));
    buffered_ += kOverhead;
    return;
  }
  message.partial.append(chunk.payload, messages_.size() <= kFew ? expected_ : 0, pool_);
  ++message.next_fsn;
  while (!message.later.empty() && message.later.begin()->first == message.next_fsn) {
    auto node = message.later.extract(message.later.begin());
    message.partial.append(node.mapped(), 0, pool_);
    pool_.give(std::move(node.mapped()));
    buffered_ -= kOverhead;
    ++message.next_fsn;
  }
}

void InterleavedReassembly::deliver(const DataChunk& chunk, Ppid ppid, Bytes payload) {
  if (payload.size() > max_message_size_)
    oversized_ = true;
  else
    order_.add({chunk.stream, ppid, std::move(payload), !chunk.unordered()}, chunk.number);
}

// Forgets an incomplete message; returns the one after it.
InterleavedReassembly::Messages::iterator InterleavedReassembly::drop(Messages::iterator message) {
  const auto next = std::next(message);
  retire(message);
  return next;
}

void InterleavedReassembly::retire(Messages::iterator found) {
  constexpr std::size_t kMostSpare = 16;
  Message& message = found->second;
  buffered_ -= kMessageOverhead + message.size + message.later.size() * kOverhead;
  message.partial.clear(pool_);
  Messages::node_type node = messages_.extract(found);
  node.mapped() = Message();
  if (spare_.size() < kMostSpare) spare_.push_back(std::move(node));
}

void InterleavedReassembly::skip(const SkippedMessage& skipped) {
  const auto key = key_of(skipped.stream, skipped.unordered, skipped.number);
  if (!key) return;
  auto message = messages_.lower_bound({skipped.stream, skipped.unordered, INT64_MIN});
  while (message != messages_.end() && !(*key < message->first)) message = drop(message);
  if (!skipped.unordered) order_.skip(skipped.stream, skipped.number);
}

void InterleavedReassembly::reset(StreamId stream) {
  auto message = messages_.lower_bound({stream, false, INT64_MIN});
  while (message != messages_.end() && message->first.stream == stream) message = drop(message);
  unordered_.erase(stream);
}

void InterleavedReassembly::reset_all() {
  for (auto message = messages_.begin(); message != messages_.end();) message = drop(message);
  unordered_.clear();
}

}  // namespace tidewire::sctp
