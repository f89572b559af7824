// The messages that are on their way out, each kept once from send() until its last chunk is acknowledged. Queues and
// chunks name them by index; the slots are reused.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "sctp/types.h"
#include "tidewire/bytes.h"
#include "tidewire/bytes_pool.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

using MessageIndex = std::uint32_t;

struct StoredMessage {
  StreamId stream;
  Ppid ppid;
  Bytes payload;
  bool ordered = true;
  std::optional<std::uint16_t> max_retransmits;  // RFC 7496 §4.2
  Timestamp expires_at = kNever;                 // RFC 3758 §4.1

  std::size_t sent = 0;  // bytes that have become chunks
  std::uint16_t priority = 256;
  std::uint32_t number = 0;       // SSN or MID; valid once something was sent
  Tsn first_tsn = 0;              // the same
  std::uint32_t chunks_sent = 0;  // chunks that it has become so far
  std::size_t chunks = 0;         // those of them that are not yet acknowledged cumulatively
  bool queued = true;             // still in the send queue
  bool begun = false;             // and more than one chunk, so that the peer waits for the rest
  bool abandoned = false;
};

class MessageStore {
 public:
  // The pool takes the memory of messages that are done with. It must outlive the store.
  explicit MessageStore(BytesPool& pool) : pool_(pool) {}

  MessageIndex add(StoredMessage message) {
    if (free_.empty()) {
      slots_.push_back(std::move(message));
      return static_cast<MessageIndex>(slots_.size() - 1);
    }
    const MessageIndex index = free_.back();
    free_.pop_back();
    slots_[index] = std::move(message);
    return index;
  }
  // Valid until the next add().
  StoredMessage& operator[](MessageIndex index) { return slots_[index]; }
  const StoredMessage& operator[](MessageIndex index) const { return slots_[index]; }

  // Frees the message when neither the send queue nor a chunk needs it any more.
  void release_if_unused(MessageIndex index) {
    StoredMessage& message = slots_[index];
    if (message.queued || message.chunks > 0) return;
    free_payload(index);
    free_.push_back(index);
  }

  // Nobody needs its content any more.
  void free_payload(MessageIndex index) { pool_.give(std::exchange(slots_[index].payload, {})); }

  // Gives the slots back; no message may be left.
  void trim() {
    slots_ = {};
    free_ = {};
  }

 private:
  BytesPool& pool_;
  std::vector<StoredMessage> slots_;
  std::vector<MessageIndex> free_;
};

}  // namespace tidewire::sctp
