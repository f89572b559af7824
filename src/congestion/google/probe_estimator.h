// What a cluster of probe packets measured: the lesser of the rates at which it left and arrived.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "congestion/controller.h"
#include "congestion/packet_result.h"
#include "tidewire/time.h"

namespace tidewire::congestion::google {

class ProbeEstimator {
 public:
  static constexpr std::size_t kClusters = 8;  // remembered; there are two or three at a time
  static constexpr double kArrived = 0.8;      // of a cluster's packets and bytes, before it counts
  static constexpr Duration kLongest = std::chrono::seconds{1};
  static constexpr double kFastest = 2.0;       // arriving so many times faster than sent is no measurement
  static constexpr double kSaturated = 0.9;     // arriving slower than this part of the pace, the link was full:
  static constexpr double kUtilization = 0.95;  // then a little less than what arrived

  void expect(const ProbeCluster& cluster);
  // A packet of a cluster that arrived; the others are ignored. In bits per second, once enough of it did.
  std::optional<double> add(const PacketResult& packet);

 private:
  struct Cluster {
    ProbeCluster asked;
    std::size_t packets = 0;
    std::size_t bytes = 0;
    Timestamp first_sent{};
    Timestamp last_sent{};
    std::size_t last_sent_size = 0;
    Duration first_arrival{};
    Duration last_arrival{};
    std::size_t first_arrived_size = 0;
  };
  static std::optional<double> measure(const Cluster& cluster);

  std::array<Cluster, kClusters> clusters_{};  // a ring by id
};

}  // namespace tidewire::congestion::google
