#include "congestion/tidewire/probe_planner.h"

#include <algorithm>

namespace tidewire::congestion {

void ProbePlanner::plan(double bits_per_second, Timestamp now) {
  planned_ = now;
  waiting_ = true;
  wanted_packets_ = kMinPackets;
  wanted_bytes_ = static_cast<std::size_t>(bits_per_second / 8 * std::chrono::duration<double>(kLength).count());
  sent_packets_ = sent_bytes_ = reported_ = arrived_ = bytes_ = between_ = 0;
  first_arrival_.reset();
  passed_ = false;
  pending_ = ProbeCluster{++id_, static_cast<std::uint64_t>(bits_per_second), wanted_packets_, wanted_bytes_};
}

std::optional<ProbeCluster> ProbePlanner::poll() {
  auto cluster = pending_;
  pending_.reset();
  return cluster;
}

void ProbePlanner::handle_sent(const SentPacket& packet) {
  if (!waiting_ || packet.probe != id_) return;
  ++sent_packets_;
  sent_bytes_ += packet.size;
  last_number_ = packet.number;
}

void ProbePlanner::handle_result(const PacketResult& packet) {
  if (!waiting_) return;
  if (packet.probe != id_) {
    // Sound that leaves in the middle takes its time at the bottleneck, too.
    passed_ = passed_ || (sent_packets_ > 0 && packet.number > last_number_);
    if (packet.arrival && first_arrival_) between_ += packet.size;
    return;
  }
  ++reported_;
  if (!packet.arrival) return;
  ++arrived_;
  if (!first_arrival_) {
    first_arrival_ = packet.arrival;
    first_sent_ = packet.sent;
  } else {
    bytes_ += packet.size + between_;
    between_ = 0;
  }
  last_arrival_ = *packet.arrival;
  last_sent_ = packet.sent;
}

std::optional<ProbePlanner::Result> ProbePlanner::take_result() {
  const bool all_sent = sent_packets_ >= wanted_packets_ && sent_bytes_ >= wanted_bytes_;
  if (!waiting_ || !all_sent || (reported_ < sent_packets_ && !passed_)) return std::nullopt;
  waiting_ = false;
  if (arrived_ < std::max(kMinPackets / 2, sent_packets_ / 2)) return std::nullopt;
  const auto rate = [this](Duration time) {
    // A tick of feedback's clock at least: more than that no arrival tells.
    const double seconds =
        std::chrono::duration<double>(std::max<Duration>(time, std::chrono::microseconds{250})).count();
    return static_cast<double>(bytes_) * 8 / seconds;
  };
  return Result{rate(last_sent_ - first_sent_), rate(last_arrival_ - *first_arrival_)};
}

}  // namespace tidewire::congestion
