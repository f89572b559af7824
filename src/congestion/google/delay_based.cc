#include "congestion/google/delay_based.h"

namespace tidewire::congestion::google {

DelayBased::Outcome DelayBased::update(std::span<const PacketResult> arrived, std::optional<double> acknowledged,
                                       std::optional<double> probed, Timestamp now) {
  if (arrived.empty()) return {};
  bool recovered = false;
  for (const PacketResult& packet : arrived) {
    add(packet, now);
    // The queue has drained.
    if (before_ == Usage::kUnderuse && usage() == Usage::kNormal) recovered = true;
    before_ = usage();
  }
  if (usage() == Usage::kOveruse) {
    if (acknowledged && aimd_.may_decrease_again(*acknowledged, now)) {
      aimd_.update(Usage::kOveruse, acknowledged, now);
      return {.updated = true};
    }
    if (!acknowledged && aimd_.may_halve(now)) {
      aimd_.set_rate(aimd_.rate() / 2, now);
      return {.updated = true};
    }
    return {};
  }
  if (probed) {
    aimd_.set_rate(*probed, now);
    return {.updated = true, .recovered = recovered};
  }
  aimd_.update(usage(), acknowledged, now);
  return {.updated = true, .recovered = recovered};
}

void DelayBased::add(const PacketResult& packet, Timestamp now) {
  if (seen_ && now - *seen_ > kStale) {
    groups_ = {};
    trendline_ = {};
  }
  seen_ = now;
  const auto delta = groups_.add(packet.sent, *packet.arrival, now);
  if (delta) trendline_.add(delta->sent, delta->arrived, *packet.arrival);
}

}  // namespace tidewire::congestion::google
