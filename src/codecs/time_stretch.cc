#include "codecs/time_stretch.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace tidewire::codecs {

namespace {

// Of each 20 ms a period is repeated or left out at most.
constexpr std::size_t kPiece = 960;
// What is kept of the past: the longest period, and as much again to compare with.
constexpr std::size_t kHistory = 2 * TimeStretch::kLongest;
// Compared is the seam and this much of what was heard before it, so that the periods of low voices are seen whole.
constexpr std::size_t kBefore = 480;
// Likeness is looked for in steps, then exactly around the best one.
constexpr std::size_t kStep = 4;
// A period may be longer than what is called for by this much: the next change makes up for it.
constexpr std::size_t kSlack = TimeStretch::kShortest;
// Sound that is this much like itself can be joined; voiced speech and tones are above it, consonants below.
constexpr double kLike = 0.8;
// What fits what is called for is taken when it is nearly as good as the best of all; else more is waited for.
constexpr double kNearly = 0.03;
// Below about -50 dBFS nobody hears a seam.
constexpr double kQuiet = 100;

}  // namespace

TimeStretch::TimeStretch(int channels) : channels_(static_cast<std::size_t>(channels)) {
  history_.assign(kHistory * channels_, 0);
}

void TimeStretch::run(std::vector<std::int16_t>& samples, std::int64_t change) {
  const std::size_t piece = kPiece * channels_;
  if (samples.size() < 2 * piece) return run_piece(samples, change);
  // Of a long run, one period may not be enough.
  result_.clear();
  const auto pieces = static_cast<std::int64_t>(samples.size() / piece);
  for (std::int64_t i = 0; i < pieces; ++i) {
    const auto begin = samples.begin() + i * static_cast<std::ptrdiff_t>(piece);
    piece_.assign(begin, i + 1 == pieces ? samples.end() : begin + static_cast<std::ptrdiff_t>(piece));
    run_piece(piece_, change * (i + 1) / pieces - change * i / pieces);
    result_.insert(result_.end(), piece_.begin(), piece_.end());
  }
  samples.assign(result_.begin(), result_.end());
}

void TimeStretch::run_piece(std::vector<std::int16_t>& samples, std::int64_t change) {
  owed_ += change;
  if (std::abs(owed_) > 2 * kPatience) owed_ = 0;
  if (owed_ <= -static_cast<std::int64_t>(kShortest)) shorten(samples);
  if (owed_ >= static_cast<std::int64_t>(kShortest)) lengthen(samples);
  remember(samples);
}

void TimeStretch::remember(std::span<const std::int16_t> samples) {
  if (samples.size() >= history_.size()) {
    std::copy(samples.end() - static_cast<std::ptrdiff_t>(history_.size()), samples.end(), history_.begin());
    return;
  }
  std::copy(history_.begin() + static_cast<std::ptrdiff_t>(samples.size()), history_.end(), history_.begin());
  std::copy(samples.begin(), samples.end(), history_.end() - static_cast<std::ptrdiff_t>(samples.size()));
}

// Both channels are cut at the same places, or the sound would wander.
void TimeStretch::mix(std::span<const std::int16_t> samples) {
  mixed_.clear();
  for (const std::span<const std::int16_t> part : {std::span<const std::int16_t>(history_), samples}) {
    for (std::size_t i = 0; i < part.size(); i += channels_) {
      float sum = 0;
      for (std::size_t c = 0; c < channels_; ++c) sum += part[i + c];
      mixed_.push_back(sum);
    }
  }
  now_ = kHistory;
}

// The lag at which what surrounds the beginning of the run is most like what surrounds `other(lag)`.
template <typename Other>
TimeStretch::Match TimeStretch::find(std::size_t longest, Other&& other) const {
  const std::size_t fitting = std::min(longest, static_cast<std::size_t>(std::abs(owed_)) + kSlack);
  const auto likeness = [&](std::size_t lag, std::size_t step) {
    const float* a = mixed_.data() + now_ - kBefore;
    const float* b = mixed_.data() + other(lag) - kBefore;
    double product = 0;
    double energy_a = 1;  // of silence, too
    double energy_b = 1;
    for (std::size_t i = 0; i < kBefore + kBlend; i += step) {
      product += double{a[i]} * b[i];
      energy_a += double{a[i]} * a[i];
      energy_b += double{b[i]} * b[i];
    }
    return product / std::sqrt(energy_a * energy_b);
  };
  // The best of those that fit, and of all.
  Match best;
  double best_of_all = -1;
  for (std::size_t lag = kShortest; lag <= longest; lag += kStep) {
    const double value = likeness(lag, kStep);
    best_of_all = std::max(best_of_all, value);
    if (lag <= fitting && (best.lag == 0 || value > best.likeness)) best = {lag, value};
  }
  if (best.lag == 0) return best;
  if (best.likeness < best_of_all - kNearly && std::abs(owed_) <= kPatience) return {};
  const std::size_t middle = best.lag;
  best = {};
  for (std::size_t lag = std::max(kShortest, middle - kStep); lag <= std::min(fitting, middle + kStep); ++lag) {
    const double value = likeness(lag, 1);
    if (best.lag == 0 || value > best.likeness) best = {lag, value};
  }
  return best;
}

bool TimeStretch::good_enough(const Match& match) const {
  if (match.lag == 0) return false;
  if (match.likeness >= kLike || std::abs(owed_) > kPatience) return true;
  double energy = 0;
  for (std::size_t i = now_; i < now_ + kBlend; ++i) energy += double{mixed_[i]} * mixed_[i];
  return std::sqrt(energy / kBlend) < kQuiet * static_cast<double>(channels_);
}

// Goes over from the beginning of the run to what comes a lag later.
void TimeStretch::shorten(std::vector<std::int16_t>& samples) {
  const std::size_t length = samples.size() / channels_;
  if (length < kShortest + kBlend) return;
  mix(samples);
  const Match match = find(std::min(kLongest, length - kBlend), [&](std::size_t lag) { return now_ + lag; });
  if (!good_enough(match)) return;
  const std::size_t skip = match.lag * channels_;
  for (std::size_t i = 0; i < kBlend * channels_; ++i) {
    const auto step = i / channels_ + 1;
    const float share = static_cast<float>(step) / (kBlend + 1);
    samples[i] = static_cast<std::int16_t>(
        std::lround((1 - share) * static_cast<float>(samples[i]) + share * static_cast<float>(samples[i + skip])));
  }
  const auto from = samples.begin() + static_cast<std::ptrdiff_t>(kBlend * channels_);
  samples.erase(from, from + static_cast<std::ptrdiff_t>(skip));
  owed_ += static_cast<std::int64_t>(match.lag);
}

// Goes over from the beginning of the run to what came a lag earlier, and so comes by the beginning again.
void TimeStretch::lengthen(std::vector<std::int16_t>& samples) {
  const std::size_t length = samples.size() / channels_;
  if (length < kBlend) return;
  mix(samples);
  const Match match = find(kLongest, [&](std::size_t lag) { return now_ - lag; });
  if (!good_enough(match)) return;
  const std::size_t back = match.lag * channels_;
  const auto earlier = [&](std::size_t i) {
    return i < back ? history_[history_.size() - back + i] : samples[i - back];
  };
  output_.clear();
  for (std::size_t i = 0; i < kBlend * channels_; ++i) {
    const auto step = i / channels_ + 1;
    const float share = static_cast<float>(step) / (kBlend + 1);
    output_.push_back(static_cast<std::int16_t>(
        std::lround((1 - share) * static_cast<float>(samples[i]) + share * static_cast<float>(earlier(i)))));
  }
  for (std::size_t i = kBlend * channels_; i < samples.size() + back; ++i) output_.push_back(earlier(i));
  samples.assign(output_.begin(), output_.end());
  owed_ -= static_cast<std::int64_t>(match.lag);
}

}  // namespace tidewire::codecs
