// Tidewire's own congestion controller for media, the default.
//
// It keeps the queue short and the path full by four means, each in a file of its own:
// - bursts and probes: the spacing at which a frame's packets arrive tells what the path carries, so that a rate
//   far below it grows within a few round trips (burst_rate.h, probe_planner.h);
// - the standing queue: when it is longer than a few packets, the rate follows what is delivered, and a window empties
//   the queue at once (standing_queue.h, delivery_rate.h);
// - loss is congestion only above what the path loses at any rate (loss_floor.h);
// - a queue that stands although we yield is somebody else's, and is shared as TCP shares it until it drains
//   (competing_flow_detector.h, competitive_rate.h).
#pragma once

#include <optional>

#include "congestion/controller.h"
#include "congestion/tidewire/burst_rate.h"
#include "congestion/tidewire/competing_flow_detector.h"
#include "congestion/tidewire/delivery_rate.h"
#include "congestion/tidewire/loss_floor.h"
#include "congestion/tidewire/probe_planner.h"
#include "congestion/tidewire/standing_queue.h"

namespace tidewire::congestion {

class TidewireController : public Controller {
 public:
  TidewireController(const Limits& limits, Timestamp now);

  void set_limits(const Limits& limits, Timestamp now) override;
  void handle_sent(const SentPacket& packet) override;
  void handle_feedback(const Feedback& feedback) override;
  void path_changed(Timestamp now) override;
  void handle_timeout(Timestamp now) override;
  Timestamp next_timeout() const override;
  Estimate estimate() const override;
  std::optional<ProbeCluster> poll_probe() override { return probes_.poll(); }

  enum class Mode {
    kStarting,   // probing up until the path's rate shows
    kSteady,     // short queue, slow growth
    kDraining,   // sending less until the queue is gone
    kCompeting,  // sharing a queue that others keep full
    kTesting,    // competing, and yielding for a moment to see whether the queue is still theirs
    kSilent,     // no feedback
  };
  Mode mode() const { return mode_; }

 private:
  void take_in(const Feedback& feedback);
  void take_in_arrival(const PacketResult& packet, Timestamp now);
  void control(Timestamp now);
  void grow(double seconds, Timestamp now);
  void back_off(Timestamp now);
  void begin_competing(Timestamp now);
  void compete(double seconds, Timestamp now);
  void react_to_loss(Timestamp now);
  void react_to_marks(Timestamp now);
  void use_probe(const ProbePlanner::Result& result, Timestamp now);
  void plan_probe(Timestamp now);
  void end_silence(const Feedback& feedback);
  void set_rate(double rate);

  double queue_seconds() const;
  double threshold() const;
  Duration reaction_time() const;
  double delivered(Duration window) const { return delivery_.over(window).value_or(rate_); }

  Limits limits_;
  Mode mode_ = Mode::kStarting;
  Mode mode_before_silence_ = Mode::kSteady;
  double rate_ = 0;     // what we hold to be ours
  double ceiling_ = 0;  // what was delivered when the queue last grew; 0: not known

  double best_ = 0;  // what we had of late without a queue, slowly forgotten

  StandingQueue queue_;
  DeliveryRate delivery_;
  BurstRate bursts_;
  LossFloor losses_;
  ProbePlanner probes_;
  CompetingFlowDetector competitors_;

  Duration queue_now_{};
  Duration round_trip_ = std::chrono::milliseconds{100};  // the least of late
  Duration feedback_gap_ = std::chrono::milliseconds{100};
  Timestamp last_feedback_;
  Timestamp last_sent_;
  bool unanswered_ = false;  // something was sent since the last feedback
  Timestamp settle_until_{};
  Duration cut_queue_{};
  Timestamp undisturbed_since_{};
  Timestamp ignore_sent_before_{};  // packets that waited out a silence tell nothing about the queue
  // Of what was sent, for whether the application uses the rate.
  double sent_rate_ = 0;
  std::size_t sent_bytes_ = 0;
  Timestamp sent_since_;
  std::size_t lost_ = 0;  // in this feedback
  double marked_share_ = 0;
  bool marks_seen_ = false;
  bool lowered_for_loss_ = false;
  int headroom_ = 0;             // reports in a row that showed it
  double competitive_rate_ = 0;  // what we had against the competitors
  Timestamp competed_{};         // when last
  Timestamp last_test_{};
  Timestamp test_end_{};
};

}  // namespace tidewire::congestion
