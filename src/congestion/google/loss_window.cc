#include "congestion/google/loss_window.h"

#include <algorithm>

#include "congestion/google/units.h"

namespace tidewire::congestion::google {

bool LossWindow::add(std::span<const PacketResult> results) {
  if (results.empty()) return false;
  for (const PacketResult& packet : results) count_packet(packet);
  if (!ended_) ended_ = newest_sent_;
  const Duration passed = *newest_sent_ - *ended_;
  if (passed < kShortest) return false;
  observations_[static_cast<std::size_t>(count_ % kObservations)] = {bytes_, lost_bytes_,
                                                                     bytes_ * 8 / in_seconds(passed)};
  ++count_;
  ended_ = newest_sent_;
  bytes_ = 0;
  lost_bytes_ = 0;
  lost_.clear();
  average_ = measure_average();
  return true;
}

void LossWindow::count_packet(const PacketResult& packet) {
  newest_sent_ = std::max(newest_sent_.value_or(packet.sent), packet.sent);
  const auto place = std::lower_bound(lost_.begin(), lost_.end(), packet.number,
                                      [](const Lost& l, std::int64_t number) { return l.number < number; });
  const bool was_lost = place != lost_.end() && place->number == packet.number;
  if (packet.arrival && was_lost) {  // it was only late
    lost_bytes_ -= static_cast<double>(place->size);
    lost_.erase(place);
    return;
  }
  if (was_lost) return;
  bytes_ += static_cast<double>(packet.size);
  if (packet.arrival) return;
  lost_bytes_ += static_cast<double>(packet.size);
  if (lost_.size() < kRemembered) lost_.insert(place, {packet.number, packet.size});
}

double LossWindow::usual_rate() const {
  std::array<double, kObservations> rates{};
  for (std::size_t i = 0; i < size(); ++i) rates[i] = at(i).rate;
  const auto end = rates.begin() + static_cast<std::ptrdiff_t>(size());
  const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(size() / 2);
  std::nth_element(rates.begin(), middle, end);
  return *middle;
}

double LossWindow::measure_average() const {
  double bytes = 0;
  double lost = 0;
  std::size_t best = 0;
  std::size_t worst = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    bytes += weight(i) * at(i).bytes;
    lost += weight(i) * at(i).lost;
    if (at(i).ratio() < at(best).ratio()) best = i;
    if (at(i).ratio() > at(worst).ratio()) worst = i;
  }
  if (bytes <= 0) return 0;
  if (size() < kEnoughToTrim || best == worst || at(worst).rate >= kOutlier * usual_rate()) return lost / bytes;
  for (const std::size_t left_out : {best, worst}) {
    bytes -= weight(left_out) * at(left_out).bytes;
    lost -= weight(left_out) * at(left_out).lost;
  }
  return bytes > 0 ? std::max(lost, 0.0) / bytes : 0;
}

}  // namespace tidewire::congestion::google
