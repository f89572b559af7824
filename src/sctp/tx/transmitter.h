// The sending half of an association: messages become chunks, chunks are kept until they are acknowledged or given up,
// and congestion control, the pacer and the peer's window say when they may go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sctp/config.h"
#include "sctp/events.h"
#include "sctp/packet/messages.h"
#include "sctp/packet/packet_builder.h"
#include "sctp/tx/loss_recovery.h"
#include "sctp/tx/message_store.h"
#include "sctp/tx/outstanding.h"
#include "sctp/tx/pacer.h"
#include "sctp/tx/send_queue.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

class Transmitter {
 public:
  // The pool takes the memory of messages that are done with. It must outlive the transmitter.
  Transmitter(const Config& config, Tsn initial_tsn, BytesPool& pool);
  Transmitter(const Transmitter&) = delete;
  Transmitter& operator=(const Transmitter&) = delete;

  // -- Messages --
  void push(StoredMessage message) { queue_.push(store_.add(std::move(message))); }
  SendQueue& queue() { return queue_; }
  const SendQueue& queue() const { return queue_; }

  // -- The peer --
  // From its INIT or INIT ACK. `interleaving`: both sides take I-DATA (RFC 8260).
  void set_peer(std::uint32_t a_rwnd, bool forward_tsn, bool interleaving);
  bool peer_forward_tsn() const { return forward_tsn_; }

  // -- The path --
  // The largest packet from now on. What has been cut stays as it is (RFC 9260 §6.9).
  void set_mtu(std::size_t mtu);
  // Media shares it.
  void set_beside_media(bool beside_media) { recovery_.set_beside_media(beside_media); }
  struct Again {
    std::size_t packet = 0;  // bytes of the packet that it needs for itself
    int transmissions = 0;   // until now
  };
  // What write() sends again first.
  std::optional<Again> next_again();

  // -- Output --
  // Gives up the lost messages whose limit is reached, so that a FORWARD TSN says so at once.
  void judge_lost(Timestamp now, Stats& stats) { next_lost_within_limits(now, stats); }
  // True when write() may put a chunk into an empty packet. (False is certain.)
  bool ready(Timestamp now) {
    if (recovery_.probe_due()) return true;
    return !pacer_.blocked(now) && (!queue_.empty() || outstanding_.next_lost()) && may_send(1);
  }
  // When the pacer lets the next burst go.
  Timestamp pace_release() const { return pacer_.release(); }
  // Bundles retransmissions and then new chunks as far as windows and room allow. True when it wrote one.
  bool write(PacketBuilder& builder, Timestamp now, Stats& stats);
  // True when a FORWARD TSN is due; write_forward_tsn() puts it into the packet (false: no room).
  bool forward_tsn_due(Timestamp now) const;
  bool write_forward_tsn(PacketBuilder& builder, Timestamp now);

  // -- Input --
  enum class SackOutcome { kStale, kInvalid, kAccepted };
  struct SackResult {
    SackOutcome outcome = SackOutcome::kStale;
    bool progressed = false;  // something was newly acknowledged
    std::size_t largest = 0;  // the largest packet that one chunk of it needed
  };
  SackResult handle_sack(const SackChunk& sack, Timestamp now, Stats& stats);
  // SHUTDOWN carries a cumulative TSN without the rest of a SACK (RFC 9260 §9.2).
  SackResult handle_cumulative_ack(std::uint32_t cumulative_tsn_ack, Timestamp now, Stats& stats);
  // T3-rtx expired. False when that was no failure yet: a probe goes out first.
  bool probe_before_timeout(Stats& stats) { return probing() && recovery_.probe_before_timeout(stats); }
  void handle_timeout(Timestamp now, Stats& stats);
  // The timer of loss recovery.
  Timestamp recovery_deadline() const { return recovery_.deadline(probing()); }
  void handle_recovery_timer(Timestamp now, Stats& stats) { recovery_.handle_timer(now, probing(), stats); }
  // True once after T3-rtx has to start again because of what was sent.
  bool take_restart_timer() { return std::exchange(restart_timer_, false); }

  // -- State --
  // The T3-rtx timer has to run.
  bool waiting() const {
    return outstanding_.flight_bytes() > 0 || outstanding_.advanced() > outstanding_.cumulative();
  }
  // Nothing queued, nothing unacknowledged.
  bool idle() const { return queue_.empty() && outstanding_.empty(); }
  // When idle(): gives back the memory that a busy time took.
  void trim() {
    outstanding_.trim();
    store_.trim();
  }
  Tsn last_assigned() const { return outstanding_.last_assigned(); }
  const Outstanding& outstanding() const { return outstanding_; }
  Rto& rto() { return recovery_.rto(); }
  // A round trip that something else than data measured.
  void measure(Duration rtt, Timestamp now) { recovery_.measure(rtt, now); }
  const Rto& rto() const { return recovery_.rto(); }
  std::size_t peer_rwnd() const;
  void fill(Stats& stats) const;

 private:
  void set_window(std::uint32_t a_rwnd);
  // Of one chunk that has a packet for itself.
  std::size_t max_payload() const { return packet_size_ - kCommonHeaderSize - data_header_; }
  // Of a packet for a chunk with so much payload.
  std::size_t packet_for(std::size_t payload) const;
  bool may_send(std::size_t size) const;
  // A closed window is asked by T3-rtx alone.
  bool probing() const { return peer_a_rwnd_ >= max_payload(); }
  bool write_probe(PacketBuilder& builder, Timestamp now, Stats& stats);
  void send_new(PacketBuilder& builder, MessageIndex index, std::size_t size, Timestamp now, Stats& stats);
  void send_again(PacketBuilder& builder, Tsn tsn, Timestamp now, Stats& stats);
  void note_sent(Tsn tsn, bool again, Timestamp now);
  void set_pace();
  bool write_lost(PacketBuilder& builder, Timestamp now, Stats& stats);
  bool write_new(PacketBuilder& builder, Timestamp now, Stats& stats);
  void write_chunk(PacketBuilder& builder, Tsn tsn, bool immediate);
  std::optional<Tsn> next_lost_within_limits(Timestamp now, Stats& stats);
  std::optional<MessageIndex> next_new_within_limits(Timestamp now, Stats& stats);
  bool given_up(const OutstandingChunk& chunk, Timestamp now) const;
  void abandon(MessageIndex message, Timestamp now, Stats& stats);
  bool note_skipped(const StoredMessage& message, std::size_t most);
  SackResult apply(Tsn cumulative, std::span<const Tsn> duplicates, Timestamp now, Stats& stats);
  bool read_blocks(const SackChunk& sack, Tsn cumulative);
  void read_duplicates(const SackChunk& sack, Tsn cumulative);

  std::size_t packet_size_;
  bool interleaving_ = false;
  std::size_t data_header_ = kDataHeaderSize;
  MessageStore store_;
  SendQueue queue_;
  Outstanding outstanding_;
  LossRecovery recovery_;
  Pacer pacer_;
  std::size_t pace_above_;         // windows up to this are not paced; SIZE_MAX: none is
  std::uint32_t peer_a_rwnd_ = 0;  // as last told
  bool forward_tsn_ = false;
  bool restart_timer_ = false;
  Tsn forward_sent_ = 0;  // the last FORWARD TSN said this
  Timestamp forward_sent_at_{};
  std::vector<SkippedMessage> skipped_;  // scratch, like the next
  std::vector<TsnRange> blocks_;
  std::vector<Tsn> duplicates_;
};

}  // namespace tidewire::sctp
