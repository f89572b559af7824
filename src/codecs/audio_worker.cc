// Threads for audio codecs.
#include "codecs/audio_worker.h"

#include <atomic>
#include <mutex>
#include <utility>

#include "codecs/audio_framer.h"
#include "codecs/audio_level.h"
#include "codecs/time_stretch.h"
#include "codecs/worker.h"

namespace tidewire::codecs {

namespace {

class Counters {
 public:
  template <typename Change>
  void change(Change&& how) {
    const std::lock_guard lock(mutex_);
    how(stats_);
  }
  AudioWorkerStats read() {
    const std::lock_guard lock(mutex_);
    return stats_;
  }

 private:
  std::mutex mutex_;
  AudioWorkerStats stats_;
};

// The drop rule of both workers: the newest counts, the oldest makes room.
template <typename Item>
void push_newest(Worker<Item>& worker, Counters& counters, Item item) {
  worker.post([&](BoundedQueue<Item>& queue) {
    counters.change([&](AudioWorkerStats& stats) {
      ++stats.pushed;
      if (queue.full()) ++stats.dropped;
    });
    if (queue.full()) queue.pop();
    (void)queue.push(std::move(item));
  });
}

}  // namespace

// --- encoding ---

class AudioEncodeWorker::Impl {
 public:
  // What the thread uses; it outlives the Impl when a callback destroys that.
  struct Core {
    std::unique_ptr<AudioEncoder> encoder;
    Callbacks callbacks;
    std::atomic<int> bitrate = 0;         // 0: unchanged
    std::atomic<int> expected_loss = -1;  // -1: unchanged
    Counters counters;

    void encode(const AudioFrame& frame, const std::atomic<bool>& stopped) {
      if (const int wanted = bitrate.exchange(0); wanted != 0) encoder->set_bitrate(wanted);
      if (const int percent = expected_loss.exchange(-1); percent >= 0) encoder->set_expected_loss(percent);
      auto encoded = encoder->encode(frame);
      if (!encoded) {
        counters.change([](AudioWorkerStats& stats) { ++stats.errors; });
        if (!stopped && callbacks.on_error) callbacks.on_error(encoded.error());
        return;
      }
      for (EncodedFrame& one : *encoded) {
        if (stopped) return;
        counters.change([](AudioWorkerStats& stats) { ++stats.done; });
        callbacks.on_frame(std::move(one));
      }
    }
  };

  Impl(std::unique_ptr<AudioEncoder> encoder, Callbacks callbacks)
      : core(std::make_shared<Core>()),
        worker("tw-audio-enc", kQueueLimit,
               [core = core](AudioFrame frame, const std::atomic<bool>& stopped) { core->encode(frame, stopped); }) {
    core->encoder = std::move(encoder);
    core->callbacks = std::move(callbacks);
  }

  std::shared_ptr<Core> core;
  Worker<AudioFrame> worker;
};

AudioEncodeWorker::AudioEncodeWorker(std::unique_ptr<AudioEncoder> encoder, Callbacks callbacks)
    : impl_(std::make_unique<Impl>(std::move(encoder), std::move(callbacks))) {}
AudioEncodeWorker::~AudioEncodeWorker() = default;
void AudioEncodeWorker::push(AudioFrame frame) { push_newest(impl_->worker, impl_->core->counters, std::move(frame)); }
void AudioEncodeWorker::set_bitrate(int bits_per_second) { impl_->core->bitrate = bits_per_second; }
void AudioEncodeWorker::set_expected_loss(int percent) { impl_->core->expected_loss = percent; }
void AudioEncodeWorker::stop() { impl_->worker.stop(); }
AudioWorkerStats AudioEncodeWorker::stats() const { return impl_->core->counters.read(); }

// --- decoding ---

class AudioDecodeWorker::Impl {
 public:
  struct Item {
    // The frame to play or, of a loss, the one after it.
    std::optional<EncodedFrame> frame;
    std::optional<Duration> lost;
    Duration stretch{};
  };

  struct Core {
    std::unique_ptr<AudioDecoder> decoder;
    Callbacks callbacks;
    Counters counters;
    // Made with the first sound, and anew when that has another number of channels.
    std::optional<TimeStretch> stretcher;
    int channels = 0;         // of it
    Duration stretch_left{};  // less than a sample

    Result<AudioFrame> make(const Item& item) {
      if (!item.lost) return decoder->decode(*item.frame);
      return item.frame ? decoder->recover(*item.lost, *item.frame) : decoder->conceal(*item.lost);
    }

    void stretch(AudioFrame& frame, Duration by) {
      if (frame.sample_rate != kAudioRate || (frame.channels != 1 && frame.channels != 2)) return;
      if (std::exchange(channels, frame.channels) != frame.channels) stretcher.emplace(frame.channels);
      stretch_left += by;
      const std::int64_t samples = stretch_left.count() * kAudioRate / 1'000'000'000;
      stretch_left -= Duration{samples * 1'000'000'000 / kAudioRate};
      stretcher->run(frame.samples, samples);
    }

    void measure(const AudioFrame& frame) {
      if (frame.samples.empty()) return;
      const double level = audio_level(frame);
      const std::chrono::duration<double> duration = frame.duration();
      counters.change([&](AudioWorkerStats& stats) {
        stats.level = level;
        stats.energy += level * level * duration.count();
        stats.duration += duration;
      });
    }

    void handle(const Item& item, const std::atomic<bool>& stopped) {
      auto decoded = make(item);
      counters.change([&](AudioWorkerStats& stats) {
        ++(decoded ? stats.done : stats.errors);
        if (decoded && item.lost) ++stats.concealed;
      });
      if (stopped) return;
      if (decoded) {
        // What is made up is as long as it is to be; its sound is what the next seam is looked for in.
        stretch(*decoded, item.stretch);
        measure(*decoded);
        callbacks.on_frame(std::move(*decoded));
      } else if (callbacks.on_error) {
        callbacks.on_error(decoded.error());
      }
    }
  };

  Impl(std::unique_ptr<AudioDecoder> decoder, Callbacks callbacks)
      : core(std::make_shared<Core>()),
        worker("tw-audio-dec", kQueueLimit,
               [core = core](const Item& item, const std::atomic<bool>& stopped) { core->handle(item, stopped); }) {
    core->decoder = std::move(decoder);
    core->callbacks = std::move(callbacks);
  }

  std::shared_ptr<Core> core;
  Worker<Item> worker;
};

AudioDecodeWorker::AudioDecodeWorker(std::unique_ptr<AudioDecoder> decoder, Callbacks callbacks)
    : impl_(std::make_unique<Impl>(std::move(decoder), std::move(callbacks))) {}
AudioDecodeWorker::~AudioDecodeWorker() = default;
void AudioDecodeWorker::push(EncodedFrame frame, Duration stretch) {
  push_newest(impl_->worker, impl_->core->counters,
              Impl::Item{.frame = std::move(frame), .lost = std::nullopt, .stretch = stretch});
}
void AudioDecodeWorker::push_lost(Duration length, std::optional<EncodedFrame> next) {
  push_newest(impl_->worker, impl_->core->counters,
              Impl::Item{.frame = std::move(next), .lost = length, .stretch = {}});
}
void AudioDecodeWorker::stop() { impl_->worker.stop(); }
AudioWorkerStats AudioDecodeWorker::stats() const { return impl_->core->counters.read(); }

}  // namespace tidewire::codecs
