#include "congestion/google/probe_estimator.h"

#include <algorithm>

#include "congestion/google/units.h"

namespace tidewire::congestion::google {

void ProbeEstimator::expect(const ProbeCluster& cluster) {
  clusters_[static_cast<std::size_t>(cluster.id) % kClusters] = Cluster{.asked = cluster};
}

std::optional<double> ProbeEstimator::add(const PacketResult& packet) {
  if (packet.probe <= 0 || !packet.arrival) return std::nullopt;
  Cluster& cluster = clusters_[static_cast<std::size_t>(packet.probe) % kClusters];
  if (cluster.asked.id != packet.probe) return std::nullopt;
  const bool first = cluster.packets == 0;
  if (first || packet.sent < cluster.first_sent) cluster.first_sent = packet.sent;
  if (first || packet.sent > cluster.last_sent) {
    cluster.last_sent = packet.sent;
    cluster.last_sent_size = packet.size;
  }
  if (first || *packet.arrival < cluster.first_arrival) {
    cluster.first_arrival = *packet.arrival;
    cluster.first_arrived_size = packet.size;
  }
  if (first || *packet.arrival > cluster.last_arrival) cluster.last_arrival = *packet.arrival;
  ++cluster.packets;
  cluster.bytes += packet.size;
  return measure(cluster);
}

std::optional<double> ProbeEstimator::measure(const Cluster& cluster) {
  if (static_cast<double>(cluster.packets) < kArrived * static_cast<double>(cluster.asked.min_packets) ||
      static_cast<double>(cluster.bytes) < kArrived * static_cast<double>(cluster.asked.min_bytes)) {
    return std::nullopt;
  }
  const Duration sent = cluster.last_sent - cluster.first_sent;
  const Duration arrived = cluster.last_arrival - cluster.first_arrival;
  if (sent <= Duration::zero() || sent > kLongest || arrived <= Duration::zero() || arrived > kLongest) {
    return std::nullopt;
  }
  // An interval is between packets: the last one sent and the first one to arrive are at its edges.
  const double left = bits(cluster.bytes - cluster.last_sent_size) / in_seconds(sent);
  const double came = bits(cluster.bytes - cluster.first_arrived_size) / in_seconds(arrived);
  if (came > kFastest * left) return std::nullopt;
  if (came < kSaturated * left) return kUtilization * came;
  return std::min(left, came);
}

}  // namespace tidewire::congestion::google
