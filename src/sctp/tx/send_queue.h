// What waits to be transmitted for the first time: a queue per stream, served in turn, message by message (RFC 9260
// §6.9 forbids to mix the fragments of two messages of DATA chunks).
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/ring.h"
#include "sctp/tx/message_store.h"
#include "sctp/types.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

class SendQueue {
 public:
  explicit SendQueue(MessageStore& store) : store_(store) {}

  void push(MessageIndex index);
  bool empty() const { return active_.empty(); }
  std::size_t buffered() const { return buffered_; }
  std::size_t buffered(StreamId stream) const;

  // The message whose next fragment goes out next, having thrown away those that expired before they were begun
  // (`expired` counts them). Stays the same until it is finished.
  std::optional<MessageIndex> next(Timestamp now, std::uint64_t& expired);
  // Bytes [sent, sent + size) of next() have become a chunk. Gives the message its SSN with the first of them.
  void consume(std::size_t size);
  // Throws away the rest of a message, which must be next(): it was abandoned half sent.
  void drop_begun();

  // RFC 6525 §5.1.2: a stream to be reset takes no more messages, and is ready when it has none left.
  void begin_reset(StreamId stream);
  bool resetting(StreamId stream) const;
  // Streams that became ready for reset since the last call.
  std::vector<StreamId> take_drained();
  bool any_drained() const { return !drained_.empty(); }
  // Done (SSNs start from 0 again) or refused (they go on).
  void end_reset(StreamId stream, bool performed);

  // A stream on which less waits than when it was last named here.
  std::optional<StreamId> take_changed();

 private:
  struct Stream {
    Ring<MessageIndex> queue;
    std::size_t buffered = 0;
    std::uint16_t next_ssn = 0;
    bool changed = false;
    bool resetting = false;
  };

  void shrink(StreamId id, Stream& stream, std::size_t size);
  void finish_front(Stream& stream);

  MessageStore& store_;
  std::unordered_map<StreamId, Stream> streams_;
  Ring<StreamId> active_;  // streams with messages, the one whose turn it is in front
  Ring<StreamId> changed_;
  std::vector<StreamId> drained_;
  std::size_t buffered_ = 0;
  bool begun_ = false;  // a part of the front message of the front stream is out

  // For tests of the wrap.
  friend class SendQueueTestAccess;
};

}  // namespace tidewire::sctp
