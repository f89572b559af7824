// The floor: the same pictures through the same encoder and decoder, thirty times a second, and nothing else. What is
// counted is the processor's time inside them.
//
// usage: media_codec --clip FILE [--bitrate BPS] [--duration SECONDS]
#include <CLI/CLI.hpp>
#include <ctime>
#include <thread>

#include "clip.h"
#include "codecs/video_codec.h"
#include "report.h"
#include "tidewire/event_loop.h"

namespace tidewire::bench {
namespace {

// Of the whole process: a codec may have threads of its own, and nothing else runs meanwhile.
double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Totals {
  double encoding = 0;  // seconds
  double decoding = 0;
  std::size_t bytes = 0;
  int frames = 0;
  double decibels = 0;
};

class Codec {
 public:
  explicit Codec(int bitrate)
      : encoder_(codecs::make_video_encoder(CodecType::kVp8, {.bitrate = bitrate}).value()),
        decoder_(codecs::make_video_decoder(CodecType::kVp8).value()) {}

  void pass(const Picture& picture, Totals& totals) {
    const double begin = processor_seconds();
    const auto encoded = encoder_->encode({.buffer = picture, .timestamp = EventLoop::now()}).value();
    const double middle = processor_seconds();
    totals.encoding += middle - begin;
    if (!encoded) return;  // the rate control has skipped it
    const auto decoded = decoder_->decode(*encoded).value();
    totals.decoding += processor_seconds() - middle;
    totals.bytes += encoded->payload.size();
    ++totals.frames;
    totals.decibels += psnr(luma_error(*picture, *decoded->buffer));
  }

 private:
  std::unique_ptr<codecs::VideoEncoder> encoder_;
  std::unique_ptr<codecs::VideoDecoder> decoder_;
};

void measure(const Options& options) {
  const std::vector<Picture> clip = read_clip(options.clip);
  Codec codec(options.bitrate);
  Totals totals;
  const auto warm_up = static_cast<std::size_t>(kWarmUpSeconds * kFramerate);
  const auto count = static_cast<std::size_t>(options.duration * kFramerate);
  auto due = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < warm_up + count; ++i) {
    if (i == warm_up) totals = {};
    codec.pass(clip[i % clip.size()], totals);
    due += kFrameTime;
    std::this_thread::sleep_until(due);
  }
  const double seconds = static_cast<double>(count) / kFramerate;
  emit({{"cores", (totals.encoding + totals.decoding) / seconds},
        {"encode_cores", totals.encoding / seconds},
        {"decode_cores", totals.decoding / seconds},
        {"mbps", static_cast<double>(totals.bytes) * 8 / seconds / 1e6},
        {"fps", totals.frames / seconds},
        {"psnr_y", totals.decibels / std::max(totals.frames, 1)}});
}

}  // namespace
}  // namespace tidewire::bench

int main(int argc, char** argv) {
  tidewire::bench::Options options;
  CLI::App app("What encoding and decoding 720p30 VP8 costs.");
  app.add_option("--clip", options.clip, "what media_clip has written")->required();
  app.add_option("--bitrate", options.bitrate, "bits per second");
  app.add_option("--duration", options.duration, "seconds of measuring");
  CLI11_PARSE(app, argc, argv);
  tidewire::bench::measure(options);
}
