// What waits to be transmitted for the first time: a queue per stream, served by the scheduler. Chunk by chunk when the
// peer takes I-DATA (RFC 8260); else message by message, as RFC 9260 §6.9 forbids to mix the fragments of two messages
// of DATA chunks.
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/ring.h"
#include "sctp/tx/message_store.h"
#include "sctp/tx/stream_scheduler.h"
#include "sctp/types.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

class SendQueue {
 public:
  explicit SendQueue(MessageStore& store) : store_(store) {}

  // The peer takes I-DATA. Before anything is sent.
  void set_interleaving(bool interleaving) { interleaving_ = interleaving; }

  void push(MessageIndex index);
  bool empty() const { return messages_ == 0; }
  std::size_t buffered() const { return buffered_; }
  std::size_t buffered(StreamId stream) const;
  std::size_t messages(StreamId stream) const;

  // The message whose next fragment goes out next, having thrown away those that expired before they were begun
  // (`expired` counts them). Stays the same until consume(), without interleaving until the message is finished.
  std::optional<MessageIndex> next(Timestamp now, std::uint64_t& expired);
  // Bytes [sent, sent + size) of next() have become a chunk. Numbers the message with the first of them.
  void consume(std::size_t size);
  // Throws away the rest of a message that is begun and not finished: it was abandoned half sent.
  void drop_begun(MessageIndex index);

  // RFC 6525 §5.1.2: a stream to be reset takes no more messages, and is ready when it has none left.
  void begin_reset(StreamId stream);
  bool resetting(StreamId stream) const;
  // Streams that became ready for reset since the last call.
  std::vector<StreamId> take_drained();
  bool any_drained() const { return !drained_.empty(); }
  // Done (numbers start from 0 again) or refused (they go on).
  void end_reset(StreamId stream, bool performed);

  // A stream on which less waits than when it was last named here.
  std::optional<StreamId> take_changed();

  // With interleaving the peer holds the beginnings of several messages, and none is whole before its end has come:
  // they must fit into its window together, or nothing would go on. So the messages that are begun have at most this
  // much together, besides one that is larger by itself; those that surely are one chunk do not count.
  static constexpr std::size_t kMaxBegun = 512 * 1024;
  static constexpr std::size_t kSmall = 1024;

 private:
  struct Stream {
    Ring<MessageIndex> queue;
    std::size_t buffered = 0;
    StreamScheduler::VirtualTime served = 0;
    std::uint32_t next_ordered = 0;  // SSN or MID (RFC 8260 §2.1: two sequences)
    std::uint32_t next_unordered = 0;
    std::uint16_t weight = 256;
    bool waiting = false;  // in the scheduler, held back, or current
    bool changed = false;
    bool resetting = false;
  };

  Stream& find(StreamId stream) { return streams_.find(stream)->second; }
  bool may_begin(std::size_t size) const;
  bool hold_back(StreamId id, const Stream& stream);
  void release_held();
  bool choose();
  void rest(StreamId id, Stream& stream);
  void shrink(StreamId id, Stream& stream, std::size_t size);
  void finish_front(StreamId id, Stream& stream);

  MessageStore& store_;
  bool interleaving_ = false;
  std::unordered_map<StreamId, Stream> streams_;
  StreamScheduler scheduler_;
  Ring<StreamId> held_back_;        // their next message may not begin yet
  Ring<StreamId> held_back_large_;  // the same, and it is larger than kMaxBegun
  std::optional<StreamId> current_;
  Ring<StreamId> changed_;
  std::vector<StreamId> drained_;
  std::size_t messages_ = 0;
  std::size_t buffered_ = 0;
  std::size_t begun_bytes_ = 0;
  bool large_begun_ = false;
};

}  // namespace tidewire::sctp
