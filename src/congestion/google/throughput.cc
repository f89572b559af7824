#include "congestion/google/throughput.h"

#include <algorithm>
#include <utility>

#include "congestion/google/units.h"

namespace tidewire::congestion::google {

namespace {

double rate_of(std::size_t bytes, Duration time) {
  return bits(bytes) / in_seconds(std::max<Duration>(time, std::chrono::milliseconds{1}));
}

}  // namespace

void Throughput::add(const PacketResult& packet) {
  if (!packet.arrival) return;
  if (!window_.empty() && window_.back().arrival - *packet.arrival > kReordered) {
    window_.clear();
    discarded_.reset();
  }
  window_.push_back({packet.sent, *packet.arrival, packet.size});
  for (std::size_t i = window_.size() - 1; i > 0 && window_[i].arrival < window_[i - 1].arrival; --i) {
    std::swap(window_[i], window_[i - 1]);
  }
  while (oldest_is_outside()) {
    const Timestamp sent = window_.pop_front().sent;
    discarded_ = std::max(discarded_.value_or(sent), sent);
  }
}

bool Throughput::oldest_is_outside() const {
  const Duration length = window_[window_.size() - 1].arrival - window_.front().arrival;
  return window_.size() > kMostPackets || length > kLongest || (window_.size() > kPackets && length > kShortest);
}

std::optional<double> Throughput::rate() const {
  if (window_.size() < kRequired) return std::nullopt;
  return std::min(arrived_rate(), sent_rate().value_or(kUnlimited));
}

// The time is between packets: the first one's bytes came before it.
double Throughput::arrived_rate() const {
  std::size_t bytes = 0;
  Duration longest{};
  Duration second{};
  for (std::size_t i = 1; i < window_.size(); ++i) {
    bytes += window_[i].size;
    const Duration gap = window_[i].arrival - window_[i - 1].arrival;
    second = std::max(second, std::min(gap, longest));
    longest = std::max(longest, gap);
  }
  // A path that stood still and then delivered all at once was not slow: its silence counts as the next longest.
  const Duration length = window_[window_.size() - 1].arrival - window_.front().arrival;
  return rate_of(bytes, length - longest + second);
}

// The last one's bytes leave after the time. Nothing when too few packets tell.
std::optional<double> Throughput::sent_rate() const {
  Timestamp first = Timestamp::max();
  Timestamp last = Timestamp::min();
  std::size_t last_size = 0;
  std::size_t bytes = 0;
  std::size_t packets = 0;
  for (std::size_t i = 0; i < window_.size(); ++i) {
    const Packet& packet = window_[i];
    if (discarded_ && packet.sent < *discarded_) continue;  // it was overtaken: the time would be too long
    if (packet.sent > last) {
      last = packet.sent;
      last_size = packet.size;
    }
    first = std::min(first, packet.sent);
    bytes += packet.size;
    ++packets;
  }
  if (packets < kRequired) return std::nullopt;
  return rate_of(bytes - last_size, last - first);
}

}  // namespace tidewire::congestion::google
