// Makes repair packets for the packets of one picture stream, as these leave (RFC 8627 §6.2).
//
// Only sums are kept, one for each column of the present table and one for its row: packets are not.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bounded_queue.h"
#include "base/packet.h"
#include "media/flexfec_plan.h"
#include "rtp/flexfec_header.h"
#include "tidewire/time.h"

namespace tidewire::media {

class FlexfecSender {
 public:
  static constexpr std::size_t kMaxColumns = 6;
  // Repair packets that wait to leave, at most; further ones are not made.
  static constexpr std::size_t kMaxQueue = 32;
  // Repair packets may be sent for so many bytes at once after a time without any.
  static constexpr double kMaxCredit = 16 * 1024;

  explicit FlexfecSender(PacketPool& pool) : pool_(pool) {}

  // From the next table on.
  void set_plan(const FlexfecPlan& plan) { plan_ = plan; }
  const FlexfecPlan& plan() const { return plan_; }

  // A packet of the stream, as it leaves.
  void handle_sent(ByteView packet, bool key_frame, Timestamp now);
  bool empty() const { return queue_.empty(); }
  // The payload of the next repair packet; its header is to name the stream as its only CSRC (§4.2.1).
  std::optional<Packet> poll() { return queue_.pop(); }
  // What was begun or waits is of no use any more.
  void reset();

  // Of the stream, in the last second that it was measured in.
  double packets_per_second() const { return packets_per_second_; }
  // Bytes of repair data for each byte of the stream, in that second.
  double overhead() const { return overhead_; }

 private:
  struct Sum {
    Packet payload;  // none: nothing was added
    rtp::FlexfecRecovery recovery;
    rtp::FlexfecProtection protection;
  };

  void open(const FlexfecShape& shape, bool key_frame, Timestamp now);
  void close();
  void add(Sum& sum, ByteView packet);
  void emit(Sum& sum);
  void measure(std::size_t size, Timestamp now);

  PacketPool& pool_;
  FlexfecPlan plan_;
  BoundedQueue<Packet> queue_{kMaxQueue};

  // The present table.
  FlexfecShape shape_;
  bool open_ = false;
  bool of_key_frame_ = false;
  Timestamp opened_{};
  std::size_t count_ = 0;
  std::uint16_t next_number_ = 0;
  std::array<Sum, kMaxColumns> columns_;
  Sum row_;
  double credit_ = 0;  // bytes

  std::optional<Timestamp> measured_since_;
  std::size_t measured_packets_ = 0;
  std::size_t measured_bytes_ = 0;
  std::size_t measured_repair_ = 0;
  double packets_per_second_ = 0;
  double overhead_ = 0;
};

}  // namespace tidewire::media
