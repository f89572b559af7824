// What was lost lately: the last observations, each of a stretch of sending, weighed by their age.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "congestion/packet_result.h"
#include "tidewire/time.h"

namespace tidewire::congestion::google {

class LossWindow {
 public:
  static constexpr std::size_t kObservations = 15;
  static constexpr Duration kShortest = std::chrono::milliseconds{250};
  static constexpr double kWeight = 0.9;  // an observation counts so much less than the next
  // Lost packets of one observation of which it is remembered that they may still arrive.
  static constexpr std::size_t kRemembered = 4096;
  // The best and the worst observation are left out of the average, from so many on …
  static constexpr std::size_t kEnoughToTrim = 4;
  // … unless the worst was sent at this multiple of the usual rate: then the loss was no chance.
  static constexpr double kOutlier = 2;

  struct Observation {
    double bytes = 0;
    double lost = 0;  // of them
    double rate = 0;  // at which they left

    double ratio() const { return bytes > 0 ? lost / bytes : 0; }
  };

  // True when they complete an observation.
  bool add(std::span<const PacketResult> results);

  std::size_t size() const { return static_cast<std::size_t>(count_ < kObservations ? count_ : kObservations); }
  std::uint64_t count() const { return count_; }
  // Age 0 is the newest.
  const Observation& at(std::size_t age) const {
    return observations_[static_cast<std::size_t>((count_ - 1 - age) % kObservations)];
  }
  static double weight(std::size_t age) { return kWeights[age]; }
  // When the newest observation's last packet left.
  Timestamp ended() const { return ended_.value_or(Timestamp{}); }
  // The part that was lost, 0 when nothing is known.
  double average() const { return average_; }

 private:
  struct Lost {
    std::int64_t number = 0;
    std::size_t size = 0;
  };
  static constexpr std::array<double, kObservations> kWeights = [] {
    std::array<double, kObservations> weights{};
    double weight = 1;
    for (double& w : weights) {
      w = weight;
      weight *= kWeight;
    }
    return weights;
  }();
  void count_packet(const PacketResult& packet);
  double usual_rate() const;
  double measure_average() const;

  std::array<Observation, kObservations> observations_{};  // a ring
  std::uint64_t count_ = 0;
  std::optional<Timestamp> ended_;
  double average_ = 0;
  // The observation that is being made.
  std::optional<Timestamp> newest_sent_;
  double bytes_ = 0;
  double lost_bytes_ = 0;
  std::vector<Lost> lost_;  // by number
};

}  // namespace tidewire::congestion::google
