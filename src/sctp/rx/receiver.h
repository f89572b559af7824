// The receiving half of an association: takes DATA and FORWARD TSN, keeps the receive window, and says when and what to
// acknowledge (RFC 9260 §6.2, RFC 3758 §3.6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "sctp/config.h"
#include "sctp/events.h"
#include "sctp/packet/messages.h"
#include "sctp/packet/packet_builder.h"
#include "sctp/rx/interleaved_reassembly.h"
#include "sctp/rx/reassembly.h"
#include "sctp/rx/stream_order.h"
#include "sctp/rx/tsn_tracker.h"
#include "sctp/rx/window.h"

namespace tidewire::sctp {

class Receiver {
 public:
  // `interleaved`: the peer sends I-DATA (RFC 8260). The pool must outlive the receiver.
  Receiver(const Config& config, std::uint32_t peer_initial_tsn, bool interleaved, BytesPool& pool);
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  enum class Outcome {
    kTaken,
    kDuplicate,
    kDropped,   // outside the window, or there is no room for it now
    kTooLarge,  // a message grew over the limit
    kStuck,     // the window is full of messages that cannot be completed
  };
  // `undelivered`: bytes of messages that the owner has not fetched yet; they take up window, too.
  Outcome handle_data(const DataChunk& chunk, std::size_t undelivered, Stats& stats);
  // RFC 9260 §6.5: a chunk of a stream that there is not is acknowledged, and thrown away.
  void discard_data(const DataChunk& chunk);
  // False when it is malformed: too far ahead.
  bool handle_forward_tsn(const ForwardTsnChunk& forward);

  // Complete messages, in the order of delivery.
  std::optional<MessageReceived> pop() { return order_.pop(); }
  // RFC 6525 §5.2.2: messages of the stream are numbered from 0 again.
  void reset_stream(StreamId stream);
  void reset_all_streams();
  const TsnTracker& tracker() const { return tracker_; }
  // What waits for a gap to be filled or a message to be finished.
  std::size_t buffered() const { return order_.buffered() + by_tsn_.buffered() + by_message_.buffered(); }

  // -- Acknowledging --
  // At the end of a packet that held DATA. True when the delayed SACK timer has to run.
  bool end_of_packet();
  void acknowledge_now() { sack_due_ = true; }
  bool sack_due() const { return sack_due_; }
  // The owner fetched so much.
  void on_consumed(std::size_t bytes, Duration rtt, Timestamp now) { window_.on_consumed(bytes, rtt, now); }
  // The path is another one.
  void path_changed() { window_.forget_rtt(); }
  // True when so much was fetched by the owner that the peer should hear of it.
  bool window_opened(std::size_t undelivered) const;
  // False, nothing written, when there is no room for one.
  bool write_sack(PacketBuilder& builder, std::size_t undelivered);

 private:
  std::uint32_t window(std::size_t undelivered) const;

  ReceiveWindow window_;
  std::size_t reserve_;  // beyond it, for the chunk that everything else waits for
  TsnTracker tracker_;
  bool interleaved_;
  StreamOrder order_;
  Reassembly by_tsn_;
  InterleavedReassembly by_message_;
  std::uint32_t advertised_;
  int packets_ = 0;  // with DATA, since the last SACK
  bool sack_due_ = false;
  bool acked_before_ = false;
};

}  // namespace tidewire::sctp
