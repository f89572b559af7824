// Whole messages get back into the order of their stream and wait here to be fetched (RFC 9260 §6.5, §6.6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>

#include "base/ring.h"
#include "sctp/events.h"
#include "sctp/types.h"

namespace tidewire::sctp {

class StreamOrder {
 public:
  // Whether messages are numbered by MIDs of 32 bits (RFC 8260), or by SSNs of 16.
  explicit StreamOrder(bool interleaved) : interleaved_(interleaved) {}

  // A whole message; `number` is its SSN or MID.
  void add(MessageReceived message, std::uint32_t number);
  // RFC 3758 §3.6: ordered messages of the stream up to `number` wait no longer for those before them.
  void skip(StreamId stream, std::uint32_t number);
  // RFC 6525 §5.2.2: the next message has number 0.
  void reset(StreamId stream);
  void reset_all();

  // The number of an ordered message without its wrap. Nothing: it was delivered or skipped.
  std::optional<std::int64_t> unwrap(StreamId stream, std::uint32_t number) const;

  // The next message in the order in which messages became deliverable.
  std::optional<MessageReceived> pop();

  // What waits for an earlier message: payload and the bookkeeping for it.
  std::size_t buffered() const { return buffered_; }
  // Messages with a number that was used before.
  std::uint64_t orphans() const { return orphans_; }

  // Added to the payload for each piece that is held, so that a window full of tiny ones takes no more memory than a
  // window full of large ones.
  static constexpr std::size_t kOverhead = 128;

 private:
  struct Stream {
    std::int64_t next = 0;                          // without wrap
    std::map<std::int64_t, MessageReceived> early;  // some earlier message is missing
  };

  std::int64_t distance(std::int64_t next, std::uint32_t number) const;
  void deliver_early(Stream& stream, std::int64_t below);

  bool interleaved_;
  std::size_t buffered_ = 0;
  std::uint64_t orphans_ = 0;
  std::unordered_map<StreamId, Stream> streams_;
  Ring<MessageReceived> ready_;
};

}  // namespace tidewire::sctp
