#include "simulate/cross_traffic.h"

#include <algorithm>

namespace tidewire::simulate {

void CrossTraffic::start() {
  simulation_.at(origin_ + plan_.start, [this] { plan_.is_long() ? transfer() : pause(); });
  if (plan_.stop) simulation_.at(origin_ + *plan_.stop, [this] { end_transfer(); });
}

void CrossTraffic::pause() {
  const double seconds = noise_.exponential(std::chrono::duration<double>(plan_.mean_pause).count());
  simulation_.after(Duration{static_cast<std::int64_t>(seconds * 1e9)}, [this] { transfer(); });
}

void CrossTraffic::transfer() {
  if (stopped()) return;
  const double bytes =
      noise_.uniform(static_cast<double>(plan_.least_bytes), static_cast<double>(plan_.most_bytes) + 1);
  tcp_.emplace(there_, back_, plan_.is_long() ? 0 : std::max<std::size_t>(static_cast<std::size_t>(bytes), 1),
               simulation_.now());
  counted_ = 0;
  const Duration now = simulation_.now() - origin_;
  recording_.active.push_back({now, Duration::max()});
  step();
}

void CrossTraffic::step() {
  if (!tcp_) return;
  tcp_->step(simulation_.now());
  const std::uint64_t delivered = tcp_->delivered_bytes() * TcpCubic::kSegment / TcpCubic::kPayload;
  recording_.received.add(simulation_.now() - origin_, delivered - counted_);
  counted_ = delivered;
  if (!tcp_->done()) return simulation_.at(tcp_->next(), [this] { step(); });
  end_transfer();
  if (!stopped()) pause();
}

void CrossTraffic::end_transfer() {
  if (!tcp_) return;
  recording_.active.back().to = simulation_.now() - origin_;
  tcp_.reset();
}

}  // namespace tidewire::simulate
