// The delay-based estimate: groups of packets, the trend of their delay, and the rate that follows from it.
#pragma once

#include <optional>
#include <span>

#include "congestion/google/aimd.h"
#include "congestion/google/packet_groups.h"
#include "congestion/google/trendline.h"
#include "congestion/packet_result.h"
#include "tidewire/time.h"

namespace tidewire::congestion::google {

class DelayBased {
 public:
  // After so long without packets what was known of the delay is out of date.
  static constexpr Duration kStale = std::chrono::seconds{2};

  struct Outcome {
    bool updated = false;
    bool recovered = false;  // overuse is over
  };

  DelayBased(double start, double least) : aimd_(start, least) {}

  void set_least(double least) { aimd_.set_least(least); }
  void set_round_trip_time(Duration rtt) { aimd_.set_round_trip_time(rtt); }

  // Packets that arrived, in the order of their arrival; what is measured to arrive; and what a probe found.
  Outcome update(std::span<const PacketResult> arrived, std::optional<double> acknowledged,
                 std::optional<double> probed, Timestamp now);

  double rate() const { return aimd_.rate(); }
  Usage usage() const { return trendline_.usage(); }
  const Trendline& trendline() const { return trendline_; }

 private:
  void add(const PacketResult& packet, Timestamp now);

  PacketGroups groups_;
  Trendline trendline_;
  Aimd aimd_;
  std::optional<Timestamp> seen_;
  Usage before_ = Usage::kNormal;
};

}  // namespace tidewire::congestion::google
