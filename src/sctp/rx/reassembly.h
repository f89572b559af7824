// DATA chunks become messages again (RFC 9260 §6.9).
//
// Without loss a chunk is appended at once to the one message that is being received (fragments of a message have
// consecutive TSNs). What comes after a gap is kept by TSN; each message is put together as soon as it is whole,
// wherever the gap is, so that loss on one stream holds up no other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "sctp/packet/messages.h"
#include "sctp/rx/partial_message.h"
#include "sctp/rx/stream_order.h"
#include "sctp/types.h"
#include "tidewire/bytes_pool.h"

namespace tidewire::sctp {

class Reassembly {
 public:
  // `order` takes the whole messages. It and the pool must outlive this.
  Reassembly(std::size_t max_message_size, StreamOrder& order, BytesPool& pool)
      : max_message_size_(max_message_size), order_(order), pool_(pool) {}

  // A chunk that had not arrived before. `cumulative` is the cumulative TSN with it counted in.
  void add(Tsn tsn, const DataChunk& chunk, Tsn cumulative);
  // RFC 3758 §3.6: what is at or below `tsn` and incomplete will never be complete. `cumulative` as above.
  void skip_to(Tsn tsn, Tsn cumulative);

  // What is held: payload and the bookkeeping for it.
  std::size_t buffered() const { return buffered_; }
  // A message grew beyond the limit; it was thrown away. Sticky.
  bool oversized() const { return oversized_; }
  // Fragments that fitted no message.
  std::uint64_t orphans() const { return orphans_; }

 private:
  static constexpr std::size_t kOverhead = StreamOrder::kOverhead;

  struct Header {
    StreamId stream;
    std::uint32_t number = 0;
    Ppid ppid;
    std::uint8_t flags = 0;
  };
  struct Fragment {
    Header header;
    Bytes payload;
  };
  // Neighbouring fragments of one message.
  struct Run {
    Tsn last = 0;
    bool begin = false;
    bool end = false;
  };
  using Runs = std::map<Tsn, Run>;

  void take_in_order(Tsn tsn, const Header& header, ByteView payload, Bytes* owned);
  void take_up_to(Tsn cumulative);
  void store(Tsn tsn, const DataChunk& chunk);
  Runs::iterator join_runs(Tsn tsn, bool begin, bool end);
  void assemble(Runs::iterator run);
  void drop_partial();
  void deliver(const Header& header, Bytes payload);

  std::size_t max_message_size_;
  StreamOrder& order_;
  BytesPool& pool_;
  std::size_t buffered_ = 0;
  bool oversized_ = false;
  std::uint64_t orphans_ = 0;
  // The message at the cumulative TSN, while it is incomplete: its beginning, all in order.
  std::optional<Header> begun_;
  PartialMessage partial_;
  std::size_t expected_ = 0;  // as large as the last one
  Tsn partial_next_ = 0;
  std::map<Tsn, Fragment> fragments_;  // of incomplete messages beyond a gap
  Runs runs_;                          // by their first TSN
};

}  // namespace tidewire::sctp
