#include "codecs/resampler.h"

#include <algorithm>

extern "C" {
#include <libswresample/swresample.h>
}

namespace tidewire::codecs {

void Resampler::Deleter::operator()(SwrContext* context) const { swr_free(&context); }

Resampler::Resampler(int from, int to) : from_(from), to_(to) {
  AVChannelLayout mono{};
  av_channel_layout_default(&mono, 1);
  SwrContext* raw = nullptr;
  swr_alloc_set_opts2(&raw, &mono, AV_SAMPLE_FMT_S16, to, &mono, AV_SAMPLE_FMT_S16, from, 0, nullptr);
  context_.reset(raw);
  if (raw != nullptr && swr_init(raw) < 0) context_.reset();
}

std::vector<std::int16_t> Resampler::run(std::span<const std::int16_t> samples) {
  const auto wanted = samples.size() * static_cast<std::size_t>(to_) / static_cast<std::size_t>(from_);
  const std::size_t before = waiting_.size();
  const int length = static_cast<int>(samples.size());
  const int room = std::max(swr_get_out_samples(context_.get(), length), 0);
  waiting_.resize(before + static_cast<std::size_t>(room));
  auto* output = reinterpret_cast<std::uint8_t*>(waiting_.data() + before);
  const auto* input = reinterpret_cast<const std::uint8_t*>(samples.data());
  const int made = swr_convert(context_.get(), &output, room, &input, length);
  waiting_.resize(before + static_cast<std::size_t>(std::max(made, 0)));
  if (waiting_.size() < wanted) waiting_.insert(waiting_.begin(), wanted - waiting_.size(), 0);
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(wanted);
  std::vector<std::int16_t> out(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  return out;
}

}  // namespace tidewire::codecs
