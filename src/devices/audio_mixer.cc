#include "devices/audio_mixer.h"

#include <algorithm>
#include <cmath>

extern "C" {
#include <libswresample/swresample.h>
}

namespace tidewire::devices {

namespace {

constexpr std::size_t kFade = AudioMixer::kStep / 2;
constexpr float kFullScale = 32'767;
constexpr float kCeiling = 0.9F * kFullScale;  // of the sum of several
constexpr float kRecovery = 0.02F;             // by which the gain grows in a step: back to all of it in half a second

std::vector<std::int16_t> to_stereo(const AudioFrame& frame) {
  if (frame.channels == AudioMixer::kChannels) {
    return {frame.samples.begin(), frame.samples.end() - static_cast<std::ptrdiff_t>(frame.samples.size() % 2)};
  }
  std::vector<std::int16_t> stereo;
  stereo.reserve(frame.samples.size() * AudioMixer::kChannels);
  for (const std::int16_t sample : frame.samples) stereo.insert(stereo.end(), AudioMixer::kChannels, sample);
  return stereo;
}

}  // namespace

void AudioMixer::Deleter::operator()(SwrContext* context) const { swr_free(&context); }

void AudioMixer::Input::drop(std::size_t length) {
  waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(length * kChannels));
}

AudioMixer::InputId AudioMixer::add() {
  inputs_.try_emplace(++last_);
  return last_;
}

void AudioMixer::push(InputId id, const AudioFrame& frame) {
  const auto found = inputs_.find(id);
  if (found == inputs_.end()) return;
  if (frame.channels != 1 && frame.channels != kChannels) return;
  if (frame.sample_rate < 4'000 || frame.sample_rate > 384'000) return;
  Input& input = found->second;
  const std::vector<std::int16_t> stereo = to_stereo(frame);
  if (frame.sample_rate == kRate) {
    input.waiting.insert(input.waiting.end(), stereo.begin(), stereo.end());
  } else if (!resample(input, stereo, frame.sample_rate)) {
    return;
  }
  if (input.length() > kMost) input.drop(input.length() - kMost);
}

bool AudioMixer::resample(Input& input, const std::vector<std::int16_t>& stereo, int rate) {
  if (input.rate != rate) {
    AVChannelLayout layout{};
    av_channel_layout_default(&layout, kChannels);
    SwrContext* raw = nullptr;
    swr_alloc_set_opts2(&raw, &layout, AV_SAMPLE_FMT_S16, kRate, &layout, AV_SAMPLE_FMT_S16, rate, 0, nullptr);
    input.resampler.reset(raw);
    if (raw != nullptr && swr_init(raw) < 0) input.resampler.reset();
    input.rate = rate;
  }
  if (!input.resampler) return false;
  const int length = static_cast<int>(stereo.size() / kChannels);
  const int room = std::max(swr_get_out_samples(input.resampler.get(), length), 0);
  const std::size_t before = input.waiting.size();
  input.waiting.resize(before + static_cast<std::size_t>(room) * kChannels);
  auto* output = reinterpret_cast<std::uint8_t*>(input.waiting.data() + before);
  const auto* from = reinterpret_cast<const std::uint8_t*>(stereo.data());
  const int made = swr_convert(input.resampler.get(), &output, room, &from, length);
  input.waiting.resize(before + static_cast<std::size_t>(std::max(made, 0)) * kChannels);
  return true;
}

// Leaves out a step of an input that waits too long all the time; over half of the next one it blends.
void AudioMixer::keep_short(Input& input) {
  input.least = input.pulls == 0 ? input.length() : std::min(input.least, input.length());
  if (++input.pulls < kPatience) return;
  input.pulls = 0;
  if (input.least < kStart + kTooMuch) return;
  for (std::size_t i = 0; i < kFade * kChannels; ++i) {
    const auto step = i / kChannels + 1;
    const float share = static_cast<float>(step) / (kFade + 1);
    const auto now = static_cast<float>(input.waiting[i]);
    const auto later = static_cast<float>(input.waiting[i + kStep * kChannels]);
    input.waiting[i + kStep * kChannels] = static_cast<std::int16_t>(std::lround((1 - share) * now + share * later));
  }
  input.drop(kStep);
}

// Whether the input has a part in this step.
bool AudioMixer::add_to_sum(Input& input) {
  const bool starts = !input.heard && input.length() >= kStart;
  if (!input.heard && !starts) return false;
  const std::size_t length = std::min(input.length(), kStep);
  const bool ends = input.length() < kStep + kFade;
  input.heard = !ends;
  // One that runs dry is faded out while there is something to fade.
  for (std::size_t i = 0; i < length * kChannels; ++i) {
    const std::size_t at = i / kChannels;
    float share = 1;
    if (starts && at < kFade) share = static_cast<float>(at + 1) / (kFade + 1);
    if (ends && at + kFade > length) share *= static_cast<float>(length - at) / (kFade + 1);
    sum_[i] += share * static_cast<float>(input.waiting[i]);
  }
  input.drop(ends ? input.length() : length);
  if (ends) input.pulls = 0;
  return true;
}

// What the step means for statistics: so much waited in the input, which had a part in it or not.
void AudioMixer::note(Input& input, std::size_t waited, bool has_part) {
  const bool ran_dry = has_part && !input.heard;
  if (ran_dry) {
    input.dry = 1;
    step_.missing = std::max(step_.missing, kStep - std::min(waited, kStep));
  } else if (!has_part && input.dry > 0 && input.dry < kPatience) {
    ++input.dry;
    step_.missing = kStep;
  } else {
    input.dry = 0;
  }
  step_.sounds = step_.sounds || has_part || input.dry > 0;
  step_.ran_dry = step_.ran_dry || ran_dry;
}

// Down at once, though not within a sample; up slowly.
void AudioMixer::limit() {
  float peak = 0;
  for (const float sample : sum_) peak = std::max(peak, std::abs(sample));
  const float allowed = peak > kCeiling ? kCeiling / peak : 1;
  const float from = gain_;
  gain_ = std::min(allowed, gain_ + kRecovery);
  for (std::size_t i = 0; i < sum_.size(); ++i) {
    const auto step = i / kChannels + 1;
    const float share = std::min(1.0F, static_cast<float>(step) / kFade);
    sum_[i] *= from + (gain_ - from) * share;
  }
}

AudioFrame AudioMixer::pull() {
  sum_.assign(kStep * kChannels, 0);
  step_ = {};
  std::size_t parts = 0;
  for (auto& [id, input] : inputs_) {
    const std::size_t waited = input.length();
    const bool has_part = add_to_sum(input);
    note(input, waited, has_part);
    if (!has_part) continue;
    ++parts;
    step_.waited += waited;
    if (input.heard) keep_short(input);
  }
  if (parts > 0) step_.waited /= parts;
  if (parts > 1 || gain_ < 1) limit();
  AudioFrame frame{.sample_rate = kRate, .channels = kChannels};
  frame.samples.reserve(sum_.size());
  for (const float sample : sum_) {
    frame.samples.push_back(static_cast<std::int16_t>(std::lround(std::clamp(sample, -kFullScale - 1, kFullScale))));
  }
  return frame;
}

}  // namespace tidewire::devices
