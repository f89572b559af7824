// Chunks become messages again, and messages of a stream get back into order (RFC 9260 §6.5, §6.6, §6.9).
//
// Without loss a chunk is appended at once to the one message that is being received (fragments of a message have
// consecutive TSNs). What comes after a gap is kept by TSN; each message is put together as soon as it is whole,
// wherever the gap is, so that loss on one stream holds up no other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ring.h"
#include "sctp/events.h"
#include "sctp/packet/messages.h"
#include "sctp/types.h"

namespace tidewire::sctp {

class Reassembly {
 public:
  explicit Reassembly(std::size_t max_message_size) : max_message_size_(max_message_size) {}

  // A chunk that had not arrived before. `cumulative` is the cumulative TSN with it counted in.
  void add(Tsn tsn, const DataChunk& chunk, Tsn cumulative);
  // RFC 3758 §3.6: what is at or below `tsn` and incomplete will never be complete. `cumulative` as above.
  void skip_to(Tsn tsn, Tsn cumulative);
  // RFC 3758 §3.6: ordered messages of the stream up to `ssn` wait no longer for those before them.
  void skip_stream(StreamId stream, std::uint16_t ssn);
  // RFC 6525 §5.2.2: the next message has SSN 0.
  void reset_stream(StreamId stream);
  void reset_all();

  // The next message in the order in which messages became deliverable.
  std::optional<MessageReceived> pop();

  // What is held, except for what pop() would return: payload and the bookkeeping for it.
  std::size_t buffered() const { return buffered_; }
  // A message grew beyond the limit; it was thrown away. Sticky.
  bool oversized() const { return oversized_; }
  // Fragments that fitted no message.
  std::uint64_t orphans() const { return orphans_; }

  // Added to the payload for each piece that is held, so that a window full of tiny chunks takes no more memory than a
  // window full of large ones.
  static constexpr std::size_t kOverhead = 128;

 private:
  struct Header {
    StreamId stream;
    std::uint16_t ssn = 0;
    Ppid ppid;
    std::uint8_t flags = 0;
  };
  struct Fragment {
    Header header;
    Bytes payload;
  };
  // A message while its end is missing. A large one lies in blocks, which are given back one by one as they are put
  // together: it never takes its memory twice, as a growing vector would.
  struct Partial {
    static constexpr std::size_t kBlock = 1024 * 1024;

    void append(ByteView bytes);
    Bytes take();

    Header header;
    std::size_t size;  // no default: clang 14 takes none in an optional of the class that is not complete yet
    std::vector<Bytes> blocks;
    Bytes last;
  };
  // Neighbouring fragments of one message.
  struct Run {
    Tsn last = 0;
    bool begin = false;
    bool end = false;
  };
  struct Stream {
    std::int64_t next_ssn = 0;                      // without wrap
    std::map<std::int64_t, MessageReceived> early;  // whole, but some earlier message is missing
  };
  using Runs = std::map<Tsn, Run>;

  void take_in_order(Tsn tsn, const Header& header, ByteView payload, Bytes* owned);
  void take_up_to(Tsn cumulative);
  void store(Tsn tsn, const DataChunk& chunk);
  Runs::iterator join_runs(Tsn tsn, bool begin, bool end);
  void assemble(Runs::iterator run);
  void drop_partial();
  void deliver(const Header& header, Bytes payload);
  void deliver_early(Stream& stream, std::int64_t below);

  std::size_t max_message_size_;
  std::size_t buffered_ = 0;
  bool oversized_ = false;
  std::uint64_t orphans_ = 0;
  // The message at the cumulative TSN, while it is incomplete: its beginning, all in order.
  std::optional<Partial> partial_;
  Tsn partial_next_ = 0;
  std::map<Tsn, Fragment> fragments_;  // of incomplete messages beyond a gap
  Runs runs_;                          // by their first TSN
  std::unordered_map<StreamId, Stream> streams_;
  Ring<MessageReceived> ready_;
};

}  // namespace tidewire::sctp
