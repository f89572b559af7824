#include "sctp/rx/stream_order.h"

#include <algorithm>
#include <utility>

#include "base/serial.h"

namespace tidewire::sctp {

std::int64_t StreamOrder::distance(std::int64_t next, std::uint32_t number) const {
  if (interleaved_) return serial_distance(static_cast<std::uint32_t>(next), number);
  return serial_distance(static_cast<std::uint16_t>(next), static_cast<std::uint16_t>(number));
}

std::optional<std::int64_t> StreamOrder::unwrap(StreamId id, std::uint32_t number) const {
  const auto found = streams_.find(id);
  const std::int64_t next = found == streams_.end() ? 0 : found->second.next;
  const std::int64_t ahead = distance(next, number);
  return ahead < 0 ? std::nullopt : std::optional(next + ahead);
}

void StreamOrder::add(MessageReceived message, std::uint32_t number) {
  if (!message.ordered) {
    ready_.push_back(std::move(message));
    return;
  }
  Stream& stream = streams_[message.stream];
  const std::int64_t ahead = distance(stream.next, number);
  if (ahead == 0) {
    ++stream.next;
    ready_.push_back(std::move(message));
    if (!stream.early.empty()) deliver_early(stream, stream.next);
    return;
  }
  const std::size_t size = kOverhead + message.payload.size();
  // A number that was delivered or skipped before is nobody's.
  if (ahead < 0 || !stream.early.emplace(stream.next + ahead, std::move(message)).second)
    ++orphans_;
  else
    buffered_ += size;
}

// Delivers what waits below `below`, whatever is missing, and all that follows without a hole.
void StreamOrder::deliver_early(Stream& stream, std::int64_t below) {
  stream.next = std::max(stream.next, below);
  while (!stream.early.empty() && stream.early.begin()->first <= stream.next) {
    auto node = stream.early.extract(stream.early.begin());
    stream.next = std::max(stream.next, node.key() + 1);
    buffered_ -= kOverhead + node.mapped().payload.size();
    ready_.push_back(std::move(node.mapped()));
  }
}

void StreamOrder::skip(StreamId id, std::uint32_t number) {
  Stream& stream = streams_[id];
  const std::int64_t ahead = distance(stream.next, number);
  if (ahead >= 0) deliver_early(stream, stream.next + ahead + 1);
}

void StreamOrder::reset(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  for (const auto& [number, message] : found->second.early) buffered_ -= kOverhead + message.payload.size();
  streams_.erase(found);
}

void StreamOrder::reset_all() {
  while (!streams_.empty()) reset(streams_.begin()->first);
}

std::optional<MessageReceived> StreamOrder::pop() {
  if (ready_.empty()) return std::nullopt;
  return ready_.pop_front();
}

}  // namespace tidewire::sctp
