// Threads for video codecs.
#include "codecs/video_worker.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "codecs/worker.h"

namespace tidewire::codecs {

// --- encoding ---

class VideoEncodeWorker::Impl {
 public:
  Impl(std::unique_ptr<VideoEncoder> encoder, Callbacks callbacks, const VideoRates& rates)
      : core_(std::make_shared<Core>()),
        worker_("tw-video-enc", 1,
                [core = core_](VideoFrame frame, const std::atomic<bool>& stopped) { core->encode(frame, stopped); }) {
    core_->encoder = std::move(encoder);
    core_->callbacks = std::move(callbacks);
    core_->present_rates = rates;
  }

  void push(VideoFrame frame) {
    worker_.post([&](BoundedQueue<VideoFrame>& queue) {
      core_->count([&](Stats& stats) {
        ++stats.pushed;
        if (queue.full()) ++stats.dropped;
      });
      if (queue.full()) queue.pop();
      (void)queue.push(std::move(frame));
    });
  }
  void set_rates(const VideoRates& rates) { core_->rates = rates; }
  void request_key_frame() { core_->key_frame_wanted = true; }
  void leave_out(Duration time) { core_->left_out += time.count(); }
  void stop() { worker_.stop(); }
  Stats stats() const {
    Stats copy;
    core_->count([&](const Stats& stats) { copy = stats; });
    return copy;
  }

 private:
  static constexpr VideoRates kUnchanged{0, 0};

  // What the thread uses; it outlives the Impl when a callback destroys that.
  struct Core {
    std::unique_ptr<VideoEncoder> encoder;
    Callbacks callbacks;
    std::atomic<VideoRates> rates = kUnchanged;
    std::atomic<bool> key_frame_wanted = false;
    std::atomic<Duration::rep> left_out = 0;
    // The thread's own.
    VideoRates present_rates;
    std::optional<Timestamp> last_encoded;
    std::mutex mutex;
    Stats totals;

    template <typename Change>
    void count(Change&& change) {
      const std::lock_guard lock(mutex);
      change(totals);
    }

    // The bytes that the bitrate has for the time since the last frame; after a pause, for a second.
    std::uint64_t share_of(Timestamp timestamp) {
      const std::chrono::duration<double> usual(1.0 / std::max(present_rates.max_framerate, 1));
      std::chrono::duration<double> since = last_encoded ? timestamp - *last_encoded : usual;
      if (since <= since.zero()) since = usual;
      last_encoded = timestamp;
      return static_cast<std::uint64_t>(present_rates.bitrate / 8.0 * std::min(since.count(), 1.0));
    }

    void encode(const VideoFrame& frame, const std::atomic<bool>& stopped) {
      if (const VideoRates wanted = rates.exchange(kUnchanged); wanted != kUnchanged) {
        encoder->set_rates(present_rates = wanted);
      }
      if (key_frame_wanted.exchange(false)) encoder->request_key_frame();
      if (const Duration time{left_out.exchange(0)}; time > Duration::zero()) encoder->leave_out(time);
      const auto began = std::chrono::steady_clock::now();
      auto encoded = encoder->encode(frame);
      const Duration took = std::chrono::steady_clock::now() - began;
      count([&](Stats& stats) {
        ++(!encoded ? stats.errors : *encoded ? stats.encoded : stats.skipped);
        stats.busy_time += took;
        if (!encoded || !*encoded) return;
        if ((*encoded)->key_frame) ++stats.key_frames_encoded;
        stats.encode_time += took;
        stats.bytes_target += share_of(frame.timestamp);
      });
      if (stopped) return;
      if (!encoded) {
        if (callbacks.on_error) callbacks.on_error(encoded.error());
      } else if (*encoded) {
        callbacks.on_frame(std::move(**encoded));
      }
    }
  };

  std::shared_ptr<Core> core_;
  Worker<VideoFrame> worker_;
};

VideoEncodeWorker::VideoEncodeWorker(std::unique_ptr<VideoEncoder> encoder, Callbacks callbacks,
                                     const VideoRates& rates)
    : impl_(std::make_unique<Impl>(std::move(encoder), std::move(callbacks), rates)) {}
VideoEncodeWorker::~VideoEncodeWorker() = default;
void VideoEncodeWorker::push(VideoFrame frame) { impl_->push(std::move(frame)); }
void VideoEncodeWorker::set_rates(const VideoRates& rates) { impl_->set_rates(rates); }
void VideoEncodeWorker::request_key_frame() { impl_->request_key_frame(); }
void VideoEncodeWorker::leave_out(Duration time) { impl_->leave_out(time); }
void VideoEncodeWorker::stop() { impl_->stop(); }
VideoEncodeWorker::Stats VideoEncodeWorker::stats() const { return impl_->stats(); }

// --- decoding ---

class VideoDecodeWorker::Impl {
 public:
  Impl(std::unique_ptr<VideoDecoder> decoder, Callbacks callbacks)
      : core_(std::make_shared<Core>()),
        worker_("tw-video-dec", kQueueLimit, [core = core_](Item item, const std::atomic<bool>& stopped) {
          core->handle(std::move(item), stopped);
        }) {
    core_->decoder = std::move(decoder);
    core_->callbacks = std::move(callbacks);
  }

  void push(EncodedFrame frame) {
    worker_.post([&](BoundedQueue<Item>& queue) {
      core_->count([](Stats& stats) { ++stats.pushed; });
      if (frame.key_frame) {
        if (queue.full()) {
          core_->count([&](Stats& stats) { stats.dropped += queue.size(); });
          queue.clear();
        }
        overflowed_ = false;
      } else if (overflowed_ || queue.full()) {
        overflowed_ = true;
        core_->count([](Stats& stats) { ++stats.dropped; });
        core_->key_frame_needed = true;
        if (queue.empty()) (void)queue.push(std::nullopt);  // wakes the thread to say so
        return;
      }
      (void)queue.push(std::move(frame));
    });
  }
  void stop() { worker_.stop(); }
  Stats stats() const {
    Stats copy;
    core_->count([&](const Stats& stats) { copy = stats; });
    return copy;
  }

 private:
  // A frame, or just a reason to look at key_frame_needed.
  using Item = std::optional<EncodedFrame>;

  struct Core {
    std::unique_ptr<VideoDecoder> decoder;
    Callbacks callbacks;
    std::atomic<bool> key_frame_needed = false;
    bool in_step = false;  // the decoder has what a delta frame builds on; the thread's own
    std::mutex mutex;
    Stats totals;

    template <typename Change>
    void count(Change&& change) {
      const std::lock_guard lock(mutex);
      change(totals);
    }

    void handle(Item item, const std::atomic<bool>& stopped) {
      if (item) decode(*item, stopped);
      if (key_frame_needed.exchange(false) && !stopped && callbacks.on_key_frame_needed) {
        callbacks.on_key_frame_needed();
      }
    }

    void decode(const EncodedFrame& frame, const std::atomic<bool>& stopped) {
      if (!in_step && !frame.key_frame) {
        key_frame_needed = true;
        count([](Stats& stats) { ++stats.dropped; });
        return;
      }
      const auto began = std::chrono::steady_clock::now();
      auto decoded = decoder->decode(frame);
      const Duration took = std::chrono::steady_clock::now() - began;
      in_step = decoded.has_value();
      if (!in_step) key_frame_needed = true;
      count([&](Stats& stats) {
        ++(decoded ? stats.decoded : stats.errors);
        if (decoded && frame.key_frame) ++stats.key_frames_decoded;
        if (const int quantizer = decoder->quantizer(); decoded && quantizer >= 0) {
          stats.qp_sum += static_cast<std::uint64_t>(quantizer);
        }
        stats.decode_time += took;
      });
      if (!decoded || !*decoded || frame.missed_deadline || stopped) return;
      (*decoded)->rotation = frame.rotation;
      callbacks.on_frame(std::move(**decoded));
    }
  };

  std::shared_ptr<Core> core_;
  bool overflowed_ = false;  // guarded by the mailbox's lock
  Worker<Item> worker_;
};

VideoDecodeWorker::VideoDecodeWorker(std::unique_ptr<VideoDecoder> decoder, Callbacks callbacks)
    : impl_(std::make_unique<Impl>(std::move(decoder), std::move(callbacks))) {}
VideoDecodeWorker::~VideoDecodeWorker() = default;
void VideoDecodeWorker::push(EncodedFrame frame) { impl_->push(std::move(frame)); }
void VideoDecodeWorker::stop() { impl_->stop(); }
VideoDecodeWorker::Stats VideoDecodeWorker::stats() const { return impl_->stats(); }

}  // namespace tidewire::codecs
