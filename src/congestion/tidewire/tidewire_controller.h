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
//
// Read next: SCReAM (RFC 8298), NADA (RFC 8698), Copa (Arun and Balakrishnan 2018), SQP (Ray and others 2022).
#pragma once

#include <optional>

#include "congestion/controller.h"
#include "congestion/tidewire/burst_rate.h"
#include "congestion/tidewire/competing_flow_detector.h"
#include "congestion/tidewire/competitive_rate.h"
#include "congestion/tidewire/delivery_rate.h"
#include "congestion/tidewire/loss_floor.h"
#include "congestion/tidewire/probe_planner.h"
#include "congestion/tidewire/send_rate.h"
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

  enum class Mode : std::uint8_t {
    kStarting,   // probing up until the path's rate shows
    kSteady,     // short queue, slow growth
    kDraining,   // sending less until the queue is gone
    kCompeting,  // sharing a queue that others keep full
    kSilent,     // no feedback comes
  };
  Mode mode() const { return mode_; }

 private:
  // Of what the path is measured to carry, what we take.
  static constexpr double kUse = 0.95;

  // What one report says.
  struct Report {
    Timestamp now{};
    double elapsed = 0;  // seconds since the last
    std::size_t arrived = 0;
    std::size_t lost = 0;
    std::size_t marked = 0;
  };

  void take_in(const Feedback& feedback, Report& report);
  void take_in_arrival(const PacketResult& packet, Timestamp now);
  void control(const Report& report);
  void back_off(Timestamp now);
  void begin_competing(Timestamp now);
  void compete(const Report& report);
  void react_to_loss(Timestamp now);
  void react_to_marks(const Report& report);
  void pace_frames();
  void end_silence(Timestamp now);
  // tidewire_growth.cc
  void grow(const Report& report);
  double step_up(Timestamp now) const;
  double use_headroom(Timestamp now);
  void use_probe(const ProbePlanner::Result& result, Timestamp now);
  void use_first_probe(const ProbePlanner::Result& result, Timestamp now);
  void plan_probe(Timestamp now);

  void set_rate(double rate);
  void disturbed(Timestamp now);

  double queue_seconds() const;
  double threshold() const;
  bool application_limited() const;
  Duration reaction_time() const;
  double delivered(Duration window) const { return delivery_.over(window).value_or(rate_); }
  std::size_t window_of(double rate, Duration beyond_round_trip, std::size_t packets) const;

  Limits limits_;
  Mode mode_ = Mode::kStarting;
  double rate_ = 0;          // what we hold to be ours, in bits per second
  double ceiling_ = 0;       // what was delivered when the queue last grew; 0: not known
  double frame_pacing_ = 0;  // at which multiple of the rate a frame leaves
  double best_ = 0;          // what we had of late without a queue, slowly forgotten

  StandingQueue queue_;
  DeliveryRate delivery_;
  BurstRate bursts_;
  LossFloor losses_;
  SendRate sent_;
  ProbePlanner probes_;
  CompetingFlowDetector competitors_;
  CompetitiveRate competitive_;

  Duration queue_now_{};
  Duration round_trip_{};  // the least of late
  Duration feedback_gap_{};
  Timestamp last_feedback_;
  bool unanswered_ = false;  // something was sent since the last feedback
  std::size_t in_flight_ = 0;
  std::size_t silent_window_ = 0;
  Timestamp next_knock_ = kNever;   // when something leaves in silence, to find its end
  Timestamp settle_until_{};        // before this no report tells of the last cut
  Duration cut_queue_{};            // the queue at the last cut
  Timestamp undisturbed_since_{};   // no congestion since
  Timestamp ignore_sent_before_{};  // packets that waited out a silence tell nothing about the queue
  Timestamp idle_since_{};          // no queue since
  Timestamp spare_until_{};         // the window is no less than this until then
  std::size_t spare_window_ = 0;
  Timestamp nothing_waited_{};  // behind what left then
  bool much_waits_ = false;
  double marked_share_ = 0;
  bool marks_seen_ = false;
  bool smooth_ = false;  // losses were many of late
  Timestamp smooth_since_{};
  int headroom_ = 0;  // reports in a row that showed it
};

}  // namespace tidewire::congestion
