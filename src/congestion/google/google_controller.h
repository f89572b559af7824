// A model of the congestion control that browsers have (libwebrtc's "GoogCC"): what ours is judged against, and what
// far ends expect of a sender. draft-ietf-rmcat-gcc-02 is an early state of it; what it grew since (the trendline,
// probes, version 2 of the loss-based bound) is described where it is modelled.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "congestion/controller.h"
#include "congestion/google/acknowledged_bitrate.h"
#include "congestion/google/alr_detector.h"
#include "congestion/google/congestion_window.h"
#include "congestion/google/delay_based.h"
#include "congestion/google/loss_based.h"
#include "congestion/google/probe_controller.h"
#include "congestion/google/probe_estimator.h"
#include "congestion/google/silence_backoff.h"
#include "congestion/google/throughput.h"

namespace tidewire::congestion::google {

struct Options {
  // The queue that a congestion window accepts; none: no window, as in browsers.
  std::optional<Duration> window_queue;
  bool probing = true;
  // What arrives is measured as it used to be (AcknowledgedBitrate and not Throughput).
  bool bayesian_throughput = false;
};

class GoogleController final : public Controller {
 public:
  static constexpr double kPacing = 2.5;
  // A probe that finds less than what arrives was unlucky: this much of what arrives is believed at least.
  static constexpr double kProbeFloor = 0.85;

  GoogleController(const Limits& limits, Timestamp now, const Options& options = {});

  void set_limits(const Limits& limits, Timestamp now) override;
  void handle_sent(const SentPacket& packet) override;
  void handle_feedback(const Feedback& feedback) override;
  void path_changed(Timestamp now) override;
  void handle_timeout(Timestamp now) override;
  Timestamp next_timeout() const override;
  Estimate estimate() const override;
  std::optional<ProbeCluster> poll_probe() override;

  // What each part believes, for tests and for the log of events.
  double delay_based() const { return path_.delay.rate(); }
  double loss_based() const { return path_.loss.rate(); }
  double average_loss() const { return path_.loss.average_loss(); }
  std::optional<double> acknowledged() const { return path_.acknowledged; }
  Usage usage() const { return path_.delay.usage(); }

 private:
  // All that is learned of a path.
  struct Path {
    Path(const Limits& limits, const Options& options);
    DelayBased delay;
    LossBased loss;
    Throughput throughput;
    AcknowledgedBitrate bayesian;
    std::optional<double> acknowledged;  // what one of them says
    ProbeEstimator probes;
    AlrDetector alr;
    bool was_limited = false;
    SilenceBackoff silence;
    std::optional<CongestionWindow> window;
    double target;
  };
  void sort_arrived(const Feedback& feedback);
  void learn_round_trip(const Feedback& feedback);
  std::optional<double> learn_rates(Timestamp now);
  void set_target(double target, Timestamp now);
  Limit limit() const;

  Limits limits_;
  Options options_;
  Path path_;
  ProbeController prober_;
  Timestamp now_;
  std::vector<PacketResult> arrived_;  // of the feedback that is being handled
};

std::unique_ptr<Controller> make(const Limits& limits, Timestamp now, const Options& options = {});

}  // namespace tidewire::congestion::google
