#include "codecs/audio_framer.h"

#include <algorithm>
#include <cmath>

namespace tidewire::codecs {

namespace {

// Position of a moment on the 48 kHz clock. Seconds and the rest apart, against overflow.
std::int64_t to_samples(Timestamp t) {
  const auto ns = t.time_since_epoch().count();
  return ns / 1'000'000'000 * kAudioRate + ns % 1'000'000'000 * kAudioRate / 1'000'000'000;
}

}  // namespace

Timestamp AudioFramer::Run::timestamp() const {
  return Timestamp{
      Duration{position / kAudioRate * 1'000'000'000 + position % kAudioRate * 1'000'000'000 / kAudioRate}};
}

int AudioFramer::Run::level_dbov() const {
  double energy = 0;
  for (const std::int16_t sample : samples) energy += static_cast<double>(sample) * sample;
  const double mean = samples.empty() ? 0 : energy / static_cast<double>(samples.size()) / (32768.0 * 32768.0);
  return mean > 0 ? std::clamp(static_cast<int>(std::lround(10 * std::log10(mean))), -127, 0) : -127;
}

// Keeps the position running with the samples: stamps jitter by scheduling, samples do not. A gap (a source that was
// muted or late) moves it, for else sound would lag behind the picture for ever.
void AudioFramer::follow(Timestamp timestamp) {
  const auto waiting = static_cast<std::int64_t>(waiting_.size()) / channels_;
  const std::int64_t stamped = to_samples(timestamp) - waiting;
  if (!position_ || stamped - *position_ > kAudioFrameLength || *position_ - stamped > kAudioRate) position_ = stamped;
}

void AudioFramer::append(const AudioFrame& frame) {
  if (frame.channels == channels_) {
    waiting_.insert(waiting_.end(), frame.samples.begin(), frame.samples.end());
    return;
  }
  for (std::size_t i = 0; i < frame.samples_per_channel(); ++i) {
    if (channels_ == 2) {
      waiting_.insert(waiting_.end(), 2, frame.samples[i]);
    } else {
      waiting_.push_back(static_cast<std::int16_t>((frame.samples[2 * i] + frame.samples[2 * i + 1]) / 2));
    }
  }
}

Result<> AudioFramer::push(const AudioFrame& frame) {
  if (frame.sample_rate != kAudioRate) return Error{ErrorCode::kNotSupported, "audio encoders take 48 kHz sound only"};
  if (frame.channels != 1 && frame.channels != 2) {
    return Error{ErrorCode::kNotSupported, "audio encoders take one or two channels"};
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  follow(frame.timestamp);
  append(frame);
  return {};
}

std::optional<AudioFramer::Run> AudioFramer::next() {
  const auto step = static_cast<std::size_t>(length_ * channels_);
  if (waiting_.size() - used_ < step) return std::nullopt;
  const Run run{std::span(waiting_).subspan(used_, step), *position_};
  used_ += step;
  *position_ += length_;
  return run;
}

int frame_length(Duration packet_time) {
  for (const int ms : {10, 40, 60}) {
    if (packet_time == std::chrono::milliseconds{ms}) return kAudioRate / 1000 * ms;
  }
  return kAudioFrameLength;
}

int concealed_length(Duration length, int rate) {
  const int shortest = rate / 400;
  const int longest = rate * 120 / 1000;
  const std::int64_t samples = std::clamp<std::int64_t>(length.count(), 0, 1'000'000'000) * rate / 1'000'000'000;
  return std::clamp(static_cast<int>(samples) / shortest * shortest, shortest, longest);
}

}  // namespace tidewire::codecs
