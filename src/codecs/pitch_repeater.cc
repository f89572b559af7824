#include "codecs/pitch_repeater.h"

#include <algorithm>
#include <cmath>

namespace tidewire::codecs {

// The lag between 5 and 15 ms (200 to 66 Hz, as voices have it) at which the last 20 ms are most like those before.
std::size_t PitchRepeater::find_period() const {
  const std::size_t shortest = rate_ / 200;
  const std::size_t longest = rate_ * 3 / 200;
  const std::size_t window = rate_ / 50;
  if (history_.size() < window + longest) return 0;
  std::size_t best = 0;
  double best_score = 0;
  for (std::size_t lag = shortest; lag <= longest; ++lag) {
    double product = 0;
    double energy = 1;  // of silence too
    for (std::size_t i = history_.size() - window; i < history_.size(); ++i) {
      product += double{1} * history_[i] * history_[i - lag];
      energy += double{1} * history_[i - lag] * history_[i - lag];
    }
    const double score = product / std::sqrt(energy);
    if (best == 0 || score > best_score) {
      best = lag;
      best_score = score;
    }
  }
  return best;
}

double PitchRepeater::next() {
  const std::size_t full = rate_ / 100;       // 10 ms as loud as before,
  const std::size_t silent = rate_ * 3 / 50;  // then down to nothing at 60 ms
  if (concealed_ == 0) period_ = find_period();
  const std::size_t at = concealed_++;
  if (period_ == 0 || at >= silent) return 0;
  const double sample = history_[history_.size() - period_ + at % period_];
  return at < full ? sample : sample * static_cast<double>(silent - at) / static_cast<double>(silent - full);
}

void PitchRepeater::heard(std::vector<std::int16_t>& samples) {
  const std::size_t blend = concealed_ > 0 ? std::min(samples.size(), rate_ / 400) : 0;
  for (std::size_t i = 0; i < blend; ++i) {
    const double share = static_cast<double>(i + 1) / static_cast<double>(blend + 1);
    samples[i] = static_cast<std::int16_t>(share * samples[i] + (1 - share) * next());
  }
  concealed_ = 0;
  history_.insert(history_.end(), samples.begin(), samples.end());
  const std::size_t keep = rate_ / 25;
  if (history_.size() > keep) history_.erase(history_.begin(), history_.end() - static_cast<std::ptrdiff_t>(keep));
}

std::vector<std::int16_t> PitchRepeater::conceal(std::size_t length) {
  std::vector<std::int16_t> samples(length);
  for (std::int16_t& sample : samples) sample = static_cast<std::int16_t>(next());
  return samples;
}

}  // namespace tidewire::codecs
