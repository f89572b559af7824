// I-DATA chunks become messages again (RFC 8260 §2.1, §2.2.3): each says which message it is of and where in it, so
// that any number of messages can be on their way at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "sctp/packet/messages.h"
#include "sctp/rx/partial_message.h"
#include "sctp/rx/stream_order.h"
#include "sctp/types.h"
#include "tidewire/bytes_pool.h"

namespace tidewire::sctp {

class InterleavedReassembly {
 public:
  // `order` takes the whole messages. It and the pool must outlive this.
  InterleavedReassembly(std::size_t max_message_size, StreamOrder& order, BytesPool& pool)
      : max_message_size_(max_message_size), order_(order), pool_(pool) {}

  // A chunk that had not arrived before.
  void add(const DataChunk& chunk);
  // RFC 8260 §2.3.1: this message and those before it of its stream and kind will never be complete.
  void skip(const SkippedMessage& skipped);
  // RFC 6525 §5.2.2: the stream begins anew.
  void reset(StreamId stream);
  void reset_all();

  // What is held: payload and the bookkeeping for it.
  std::size_t buffered() const { return buffered_; }
  // A message grew beyond the limit; it was thrown away. Sticky.
  bool oversized() const { return oversized_; }
  // Fragments that fitted no message.
  std::uint64_t orphans() const { return orphans_; }

 private:
  static constexpr std::size_t kOverhead = StreamOrder::kOverhead;
  static constexpr std::size_t kMessageOverhead = 512;

  struct Message {
    Ppid ppid;
    PartialMessage partial;  // fragments below next_fsn
    std::uint32_t next_fsn = 0;
    std::optional<std::uint32_t> last_fsn;  // once the last fragment has come
    std::map<std::uint32_t, Bytes> later;   // fragments after a gap
    std::size_t size = 0;                   // of all fragments
  };
  struct Key {
    StreamId stream;
    bool unordered = false;
    std::int64_t number = 0;  // MID without wrap

    friend bool operator<(const Key& x, const Key& y) {
      return std::tie(x.stream, x.unordered, x.number) < std::tie(y.stream, y.unordered, y.number);
    }
  };
  using Messages = std::map<Key, Message>;

  std::optional<Key> key_of(StreamId stream, bool unordered, std::uint32_t number);
  Messages::iterator find_or_begin(const Key& key);
  bool fits(const Message& message, const DataChunk& chunk) const;
  void append(Message& message, const DataChunk& chunk);
  void deliver(const DataChunk& chunk, Ppid ppid, Bytes payload);
  Messages::iterator drop(Messages::iterator message);
  void retire(Messages::iterator message);

  std::size_t max_message_size_;
  StreamOrder& order_;
  BytesPool& pool_;
  std::size_t buffered_ = 0;
  bool oversized_ = false;
  std::uint64_t orphans_ = 0;
  Messages messages_;                                     // that are incomplete
  std::vector<Messages::node_type> spare_;                // their memory, for the next ones
  std::size_t expected_ = 0;                              // as large as the last one
  std::unordered_map<StreamId, std::int64_t> unordered_;  // the latest number of unordered messages
};

}  // namespace tidewire::sctp
