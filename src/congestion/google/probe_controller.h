// When the path is probed, and how hard: at the start, while the answers say that there is more, from time to time
// while the application sends too little to show it, when it wants more, and after a fall that may have been a chance.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ring.h"
#include "congestion/controller.h"
#include "congestion/google/units.h"
#include "tidewire/time.h"

namespace tidewire::congestion::google {

// What holds the estimate where it is.
enum class Limit : std::uint8_t {
  kNothing,  // delay, in its usual way
  kDelay,    // the queue grows or drains: no probes
  kLoss,     // no probes, not even while the rate grows again
  kSilence,  // feedback does not come: no probes
};

class ProbeController {
 public:
  static constexpr double kFirstScale = 3;
  static constexpr double kSecondScale = 6;
  static constexpr double kFurtherScale = 2;
  static constexpr double kFurtherThreshold = 0.7;  // of the last probe
  static constexpr double kAlrScale = 2;
  static constexpr Duration kAlrInterval = std::chrono::seconds{5};
  static constexpr Duration kAlrRecent = std::chrono::seconds{3};
  static constexpr double kWantedScale = 2;
  static constexpr double kDrop = 0.66;  // less than this of what was is a fall
  static constexpr double kAfterDropScale = 0.85;
  static constexpr double kUncertainty = 0.05;  // a probe finds this much less than there is
  static constexpr Duration kAfterDrop = std::chrono::seconds{5};
  static constexpr Duration kLongestWait = std::chrono::seconds{1};  // for an answer
  static constexpr Duration kRetry = std::chrono::milliseconds{25};  // while something forbids probes
  static constexpr Duration kDuration = std::chrono::milliseconds{15};
  static constexpr std::size_t kPackets = 5;
  // Not probed beyond this when the application gave no maximum.
  static constexpr double kGreatest = 5'000'000;

  ProbeController(const Limits& limits, Timestamp now);

  void set_limits(const Limits& limits, Timestamp now);
  // Begins again, on another path.
  void restart(Timestamp now);
  void set_estimate(double rate, Limit limit, Timestamp now);
  // Since when the application sends less than it may.
  void set_alr(std::optional<Timestamp> since, Timestamp now);
  // Overuse is over.
  void recovered(Timestamp now);

  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const;
  std::optional<ProbeCluster> poll();

 private:
  void start(Timestamp now);
  // Clusters at `rate`, and at `second` when that is more than 0.
  void probe(double rate, double second, bool further, Timestamp now);
  bool add_cluster(double rate, double greatest);
  Timestamp alr_probe_due() const;

  Limits limits_;
  double greatest_ = kGreatest;
  double estimate_ = 0;
  Limit limit_ = Limit::kNothing;
  Ring<ProbeCluster> clusters_;  // two at a time; those that nobody asked for give way
  int last_id_ = 0;
  bool waiting_ = false;  // for an answer, to go further
  double threshold_ = 0;
  std::optional<Timestamp> probed_;
  Timestamp not_before_{};
  std::optional<Timestamp> alr_since_;
  std::optional<Timestamp> alr_ended_;
  double before_drop_ = 0;
  std::optional<Timestamp> dropped_;
  std::optional<Timestamp> probed_after_drop_;
};

}  // namespace tidewire::congestion::google
