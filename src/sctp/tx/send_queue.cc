#include "sctp/tx/send_queue.h"

#include <utility>

namespace tidewire::sctp {

void SendQueue::push(MessageIndex index) {
  const StreamId id = store_[index].stream;
  Stream& stream = streams_[id];
  if (stream.queue.empty()) active_.push_back(id);
  stream.queue.push_back(index);
  stream.buffered += store_[index].payload.size();
  buffered_ += store_[index].payload.size();
}

std::size_t SendQueue::buffered(StreamId stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? 0 : found->second.buffered;
}

void SendQueue::shrink(StreamId id, Stream& stream, std::size_t size) {
  stream.buffered -= size;
  buffered_ -= size;
  if (stream.changed || size == 0) return;
  stream.changed = true;
  changed_.push_back(id);
}

// The front message of the front stream leaves the queue, and the next stream gets its turn.
void SendQueue::finish_front(Stream& stream) {
  const MessageIndex index = stream.queue.pop_front();
  store_[index].queued = false;
  store_.release_if_unused(index);
  begun_ = false;
  const StreamId id = active_.pop_front();
  if (!stream.queue.empty()) {
    active_.push_back(id);
  } else if (stream.resetting) {
    drained_.push_back(id);
  }
}

std::optional<MessageIndex> SendQueue::next(Timestamp now, std::uint64_t& expired) {
  while (!active_.empty()) {
    Stream& stream = streams_.find(active_.front())->second;
    const MessageIndex index = stream.queue.front();
    // RFC 3758 §4.1: a message whose lifetime is over before its first chunk has a TSN is dropped without a trace.
    if (begun_ || now < store_[index].expires_at) return index;
    ++expired;
    shrink(active_.front(), stream, store_[index].payload.size());
    finish_front(stream);
  }
  return std::nullopt;
}

void SendQueue::consume(std::size_t size) {
  const StreamId id = active_.front();
  Stream& stream = streams_.find(id)->second;
  StoredMessage& message = store_[stream.queue.front()];
  // RFC 9260 §6.6: the SSN belongs to the message, unordered ones use none up.
  if (!begun_ && message.ordered) message.ssn = stream.next_ssn++;
  begun_ = true;
  message.sent += size;
  shrink(id, stream, size);
  if (message.sent == message.payload.size()) finish_front(stream);
}

void SendQueue::drop_begun() {
  if (!begun_) return;
  const StreamId id = active_.front();
  Stream& stream = streams_.find(id)->second;
  const StoredMessage& message = store_[stream.queue.front()];
  shrink(id, stream, message.payload.size() - message.sent);
  finish_front(stream);
}

void SendQueue::begin_reset(StreamId id) {
  Stream& stream = streams_[id];
  if (stream.resetting) return;
  stream.resetting = true;
  if (stream.queue.empty()) drained_.push_back(id);
}

bool SendQueue::resetting(StreamId stream) const {
  const auto found = streams_.find(stream);
  return found != streams_.end() && found->second.resetting;
}

std::vector<StreamId> SendQueue::take_drained() { return std::exchange(drained_, {}); }

void SendQueue::end_reset(StreamId id, bool performed) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.resetting = false;
  if (performed) found->second.next_ssn = 0;
}

std::optional<StreamId> SendQueue::take_changed() {
  if (changed_.empty()) return std::nullopt;
  const StreamId id = changed_.pop_front();
  streams_.find(id)->second.changed = false;
  return id;
}

}  // namespace tidewire::sctp
