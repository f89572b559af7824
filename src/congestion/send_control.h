// The sending half of congestion control, put together: numbers what leaves, hands feedback to the controller, and
// says at which pace the rest may follow.
//
// A connection whose peer gives no feedback has no controller; then what is asked for leaves, smoothed a little.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "congestion/controller.h"
#include "congestion/ecn_check.h"
#include "congestion/pacer.h"
#include "congestion/reported_loss.h"
#include "congestion/sent_packet_history.h"
#include "rtp/congestion_feedback.h"
#include "rtp/transport_feedback.h"
#include "tidewire/congestion_control.h"
#include "tidewire/time.h"

namespace tidewire::congestion {

class SendControl {
 public:
  // Without a controller what waits leaves at this multiple of the rate that was asked for, so that a key frame does
  // not fill the queues on its way …
  static constexpr double kPacingFactor = 2.5;
  // … but whatever waits is gone after this time.
  static constexpr Duration kMaxQueueTime = std::chrono::milliseconds{100};
  // Padding is no larger than this, and comes one by one.
  static constexpr std::size_t kPadding = 1000;
  static constexpr Duration kPaddingRetry = std::chrono::milliseconds{50};
  // RFC 8888 and transport-wide feedback do not tell of a peer's own limit; REMB does. It is forgotten after so long.
  static constexpr Duration kRembLifetime = std::chrono::seconds{10};

  SendControl(CongestionControl control, const Limits& limits) : kind_(control), limits_(limits) {}

  // The peer gives feedback from now on. Once.
  void start(Timestamp now);
  bool controlled() const { return controller_ != nullptr; }
  // What the application has use for, all in all.
  void set_wanted(std::uint64_t bits_per_second, Timestamp now);
  // What encoders are told to make, and what waits: without a controller the pace follows from them.
  void set_media_bitrate(std::uint64_t bits_per_second);
  void set_waiting(std::size_t bytes);
  // Pictures wait for the path to carry more: padding takes their place, so that it is noticed when it does.
  void set_filling(bool on, Timestamp now);
  // Another path: what was known does not hold there.
  void path_changed(Timestamp now);

  // When a packet that may wait can leave; kNever while the window is full. Sound does not wait.
  Timestamp next_paced() const;
  // When padding is to leave if nothing else does; kNever when none is wanted.
  Timestamp next_padding() const;
  // There is nothing that could be padding; it is asked for again after a while.
  void no_padding(Timestamp now) { padding_from_ = now + kPaddingRetry; }
  // A packet leaves, whatever it is. `more_waits`: behind it. Returns its transport-wide number.
  std::uint16_t handle_sent(std::size_t size, bool more_waits, Timestamp now);
  // What that packet is known as to a peer whose feedback is by streams (RFC 8888).
  void name_sent(const SentPacketHistory::Name& name) { history_.name_last(name); }
  // Packets that such feedback tells of leave as ECT(1). RFC 9331 §4.3 has only those do it whose rate follows the
  // share of marks, as our own controller's does; ECT(0) would call for a cut as for a loss at each mark (RFC 3168
  // §6.1.2).
  bool marks() const { return controller_ && kind_ == CongestionControl::kTidewire && ecn_.passed(); }
  // Bytes that are not numbered share the path, and its pace: data.
  void handle_other_sent(std::size_t size, Timestamp now);

  void handle_feedback(const rtp::TransportFeedback& feedback, Timestamp now);
  void handle_feedback(const rtp::CongestionFeedback& feedback, Timestamp now);
  // A receiver report: the share of a stream's packets that were lost since the one before. It is all there is to go by
  // when a peer that was to give feedback gives none.
  void handle_reported_loss(double fraction, Timestamp now);
  // draft-alvestrand-rmcat-remb-03.
  void handle_remb(std::uint64_t bits_per_second, Timestamp now);

  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const;

  // What may be sent, all in all; nothing without a controller.
  std::optional<std::uint64_t> target_bitrate() const;
  std::uint64_t pacing_bitrate() const { return pacer_.rate(); }
  const SentPacketHistory& history() const { return history_; }

 private:
  void take_results(std::span<const PacketResult> results, Timestamp now);
  void after_input(Timestamp now);
  void update_free_pace();
  std::uint64_t padding_bitrate() const;

  CongestionControl kind_;
  Limits limits_;
  std::unique_ptr<Controller> controller_;
  Estimate estimate_;
  SentPacketHistory history_;
  EcnCheck ecn_;
  ReportedLoss reported_loss_;
  Pacer pacer_;
  std::uint64_t media_bitrate_ = 0;
  std::size_t waiting_ = 0;
  bool filling_ = false;
  Timestamp padding_due_{};  // what was sent counts
  Timestamp padding_from_{};
  std::optional<std::uint64_t> remb_;
  Timestamp remb_at_{};
};

}  // namespace tidewire::congestion
