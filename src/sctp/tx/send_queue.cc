#include "sctp/tx/send_queue.h"

#include <utility>

#include "sctp/packet/chunk.h"

namespace tidewire::sctp {

void SendQueue::push(MessageIndex index) {
  const StoredMessage& message = store_[index];
  Stream& stream = streams_[message.stream];
  stream.weight = message.priority;
  stream.queue.push_back(index);
  stream.buffered += message.payload.size();
  buffered_ += message.payload.size();
  ++messages_;
  if (stream.waiting) return;
  stream.waiting = true;
  scheduler_.add(message.stream, stream.served);
}

std::size_t SendQueue::buffered(StreamId stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? 0 : found->second.buffered;
}

std::size_t SendQueue::messages(StreamId stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? 0 : found->second.queue.size();
}

void SendQueue::shrink(StreamId id, Stream& stream, std::size_t size) {
  stream.buffered -= size;
  buffered_ -= size;
  if (stream.changed || size == 0) return;
  stream.changed = true;
  changed_.push_back(id);
}

bool SendQueue::may_begin(std::size_t size) const {
  if (!interleaving_ || size <= kSmall) return true;
  return size > kMaxBegun ? !large_begun_ : begun_bytes_ + size <= kMaxBegun;
}

// True: the stream's turn comes when what is begun is finished.
bool SendQueue::hold_back(StreamId id, const Stream& stream) {
  const StoredMessage& message = store_[stream.queue.front()];
  if (message.sent > 0 || may_begin(message.payload.size())) return false;
  (message.payload.size() > kMaxBegun ? held_back_large_ : held_back_).push_back(id);
  return true;
}

void SendQueue::release_held() {
  for (Ring<StreamId>* held : {&held_back_, &held_back_large_}) {
    std::size_t released = 0;
    while (!held->empty()) {
      Stream& stream = find(held->front());
      const std::size_t size = store_[stream.queue.front()].payload.size();
      // As many as may begin together.
      if (!may_begin(released + size) || (released > 0 && released + size > kMaxBegun)) break;
      released += size;
      scheduler_.add(held->pop_front(), stream.served);
    }
  }
}

// Makes a stream that has something to send the current one. False: none has.
bool SendQueue::choose() {
  while (!current_) {
    if (scheduler_.empty()) return false;
    const StreamId id = scheduler_.take();
    Stream& stream = find(id);
    if (stream.queue.empty())
      stream.waiting = false;  // its last message was dropped
    else if (!hold_back(id, stream))
      current_ = id;
  }
  return true;
}

// The current stream has had its turn.
void SendQueue::rest(StreamId id, Stream& stream) {
  current_.reset();
  stream.waiting = !stream.queue.empty();
  if (stream.waiting) scheduler_.add(id, stream.served);
}

// The front message of the stream leaves the queue.
void SendQueue::finish_front(StreamId id, Stream& stream) {
  const MessageIndex index = stream.queue.pop_front();
  StoredMessage& message = store_[index];
  if (message.begun) {
    if (message.payload.size() > kMaxBegun)
      large_begun_ = false;
    else
      begun_bytes_ -= message.payload.size();
    release_held();
  }
  message.queued = false;
  store_.release_if_unused(index);
  --messages_;
  if (stream.queue.empty() && stream.resetting) drained_.push_back(id);
}

std::optional<MessageIndex> SendQueue::next(Timestamp now, std::uint64_t& expired) {
  while (choose()) {
    const StreamId id = *current_;
    Stream& stream = find(id);
    const MessageIndex index = stream.queue.front();
    // RFC 3758 §4.1: a message whose lifetime is over before its first chunk has a TSN is dropped without a trace.
    if (store_[index].sent > 0 || now < store_[index].expires_at) return index;
    ++expired;
    shrink(id, stream, store_[index].payload.size());
    finish_front(id, stream);
    rest(id, stream);
  }
  return std::nullopt;
}

void SendQueue::consume(std::size_t size) {
  const StreamId id = *current_;
  Stream& stream = find(id);
  StoredMessage& message = store_[stream.queue.front()];
  const bool first = message.sent == 0;
  // RFC 9260 §6.6, RFC 8260 §2.1: the number belongs to the message; ordered and unordered ones are counted apart.
  if (first) message.number = message.ordered ? stream.next_ordered++ : stream.next_unordered++;
  message.sent += size;
  stream.served += StreamScheduler::cost(kDataHeaderSize + size, stream.weight);
  shrink(id, stream, size);
  const bool finished = message.sent == message.payload.size();
  if (first && !finished && message.payload.size() > kMaxBegun) large_begun_ = message.begun = true;
  if (first && !finished && !message.begun) begun_bytes_ += message.payload.size(), message.begun = true;
  if (finished) finish_front(id, stream);
  if (finished || interleaving_) rest(id, stream);
}

void SendQueue::drop_begun(MessageIndex index) {
  const StreamId id = store_[index].stream;
  Stream& stream = find(id);
  shrink(id, stream, store_[index].payload.size() - store_[index].sent);
  finish_front(id, stream);
  if (current_ == id) rest(id, stream);
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
  if (performed) found->second.next_ordered = found->second.next_unordered = 0;
}

std::optional<StreamId> SendQueue::take_changed() {
  if (changed_.empty()) return std::nullopt;
  const StreamId id = changed_.pop_front();
  find(id).changed = false;
  return id;
}

}  // namespace tidewire::sctp
