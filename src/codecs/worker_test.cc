#include <gtest/gtest.h>

#include <cmath>
#include <future>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "codecs/audio_for_test.h"
#include "codecs/audio_worker.h"
#include "codecs/video_worker.h"

namespace tidewire::codecs {
namespace {

// Codecs that only pass numbers on: what is under test are queues and threads.
class FakeEncoder final : public VideoEncoder {
 public:
  Result<std::optional<EncodedFrame>> encode(const VideoFrame& frame) override {
    if (frame.rtp_timestamp == 666) return Error{ErrorCode::kEncoding, "no"};
    EncodedFrame encoded{.rtp_timestamp = frame.rtp_timestamp, .key_frame = key_, .width = bitrate_};
    key_ = false;
    return std::optional{encoded};
  }
  void set_rates(const VideoRates& rates) override { bitrate_ = rates.bitrate; }
  void request_key_frame() override { key_ = true; }
  void leave_out(Duration) override {}

 private:
  bool key_ = false;
  int bitrate_ = 0;
};

class FakeDecoder final : public VideoDecoder {
 public:
  Result<std::optional<VideoFrame>> decode(const EncodedFrame& frame) override {
    if (frame.rtp_timestamp == 666) return Error{ErrorCode::kEncoding, "no"};
    return std::optional{VideoFrame{nullptr, {}, frame.rtp_timestamp}};
  }
};

class FakeAudioEncoder final : public AudioEncoder {
 public:
  Result<std::vector<EncodedFrame>> encode(const AudioFrame& frame) override {
    if (frame.samples.empty()) return Error{ErrorCode::kEncoding, "no"};
    std::vector<EncodedFrame> frames;
    for (const std::int16_t sample : frame.samples) {
      frames.push_back({.rtp_timestamp = static_cast<std::uint32_t>(sample)});
    }
    return frames;
  }
  void set_bitrate(int) override {}
  void set_expected_loss(int) override {}
};

class FakeAudioDecoder final : public AudioDecoder {
 public:
  Result<AudioFrame> decode(const EncodedFrame& frame) override {
    return numbered(static_cast<int>(frame.rtp_timestamp));
  }
  Result<AudioFrame> conceal(Duration) override { return numbered(-1); }
  Result<AudioFrame> recover(Duration, const EncodedFrame& next) override {
    return numbered(-static_cast<int>(next.rtp_timestamp));
  }

 private:
  static AudioFrame numbered(int number) { return {.samples = {static_cast<std::int16_t>(number)}}; }
};

VideoFrame raw(std::uint32_t number) { return {nullptr, {}, number}; }
EncodedFrame delta(std::uint32_t number) { return {.rtp_timestamp = number}; }
EncodedFrame key(std::uint32_t number) { return {.rtp_timestamp = number, .key_frame = true}; }

// A callback that holds the worker's thread at the first call until released.
struct Gate {
  std::latch entered{1};
  std::latch release{1};
  void pass() {
    if (entered.try_wait()) return;
    entered.count_down();
    release.wait();
  }
};

TEST(VideoEncodeWorker, NewestPictureWinsWhileTheEncoderIsBusy) {
  Gate gate;
  std::latch done(2);
  std::vector<std::uint32_t> seen;
  VideoEncodeWorker worker(std::make_unique<FakeEncoder>(), {.on_frame = [&](const EncodedFrame& frame) {
                             seen.push_back(frame.rtp_timestamp);
                             gate.pass();
                             done.count_down();
                           }});
  worker.push(raw(1));
  gate.entered.wait();
  for (const std::uint32_t number : {2U, 3U, 4U}) worker.push(raw(number));
  gate.release.count_down();
  done.wait();
  worker.stop();
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{1, 4}));
  EXPECT_EQ(worker.stats().pushed, 4U);
  EXPECT_EQ(worker.stats().encoded, 2U);
  EXPECT_EQ(worker.stats().dropped, 2U);
}

TEST(VideoEncodeWorker, AppliesCommandsToTheNextPictureAndReportsErrors) {
  std::promise<EncodedFrame> first;
  std::promise<Error> error;
  VideoEncodeWorker worker(std::make_unique<FakeEncoder>(),
                           {.on_frame = [&](EncodedFrame frame) { first.set_value(std::move(frame)); },
                            .on_error = [&](Error e) { error.set_value(std::move(e)); }});
  worker.set_rates({.bitrate = 1234});
  worker.request_key_frame();
  worker.push(raw(1));
  const EncodedFrame frame = first.get_future().get();
  EXPECT_TRUE(frame.key_frame);
  EXPECT_EQ(frame.width, 1234);
  worker.push(raw(666));
  EXPECT_EQ(error.get_future().get().code, ErrorCode::kEncoding);
}

TEST(VideoEncodeWorker, CountsKeyFramesAndWhatTheBitrateWouldHaveCome) {
  std::latch done(4);
  VideoEncodeWorker worker(std::make_unique<FakeEncoder>(),
                           {.on_frame = [&](const EncodedFrame&) { done.count_down(); }},
                           {.bitrate = 800'000, .max_framerate = 10});
  worker.request_key_frame();
  // The first counts for what the frame rate has for it, a long pause for a second, a step back like the first.
  for (const int ms : {1000, 1200, 9000, 8000}) {
    worker.push({nullptr, Timestamp{std::chrono::milliseconds{ms}}, static_cast<std::uint32_t>(ms)});
    while (worker.stats().encoded + worker.stats().errors < worker.stats().pushed) std::this_thread::yield();
  }
  done.wait();
  EXPECT_EQ(worker.stats().key_frames_encoded, 1U);
  EXPECT_EQ(worker.stats().bytes_target, 10'000U + 20'000U + 100'000U + 10'000U);
  EXPECT_GT(worker.stats().encode_time, Duration::zero());
}

TEST(VideoEncodeWorker, MayBeDestroyedFromItsOwnCallback) {
  std::unique_ptr<VideoEncodeWorker> worker;
  std::promise<void> destroyed;
  worker = std::make_unique<VideoEncodeWorker>(std::make_unique<FakeEncoder>(),
                                               VideoEncodeWorker::Callbacks{.on_frame = [&](const EncodedFrame&) {
                                                 worker.reset();
                                                 destroyed.set_value();
                                               }});
  worker->push(raw(1));
  destroyed.get_future().get();
  EXPECT_EQ(worker, nullptr);
}

TEST(VideoEncodeWorker, StoppingFromACallbackAndThenFromOutsideIsLegal) {
  std::promise<void> stopped;
  VideoEncodeWorker* self = nullptr;
  int frames = 0;
  VideoEncodeWorker worker(std::make_unique<FakeEncoder>(), {.on_frame = [&](const EncodedFrame&) {
                             ++frames;
                             self->push(raw(2));
                             self->stop();
                             self->push(raw(3));
                             stopped.set_value();
                           }});
  self = &worker;
  worker.push(raw(1));
  stopped.get_future().get();
  worker.stop();
  worker.push(raw(4));
  EXPECT_EQ(frames, 1);
}

TEST(VideoEncodeWorker, StopWaitsForTheCallbackThatRuns) {
  Gate gate;
  std::atomic<bool> finished = false;
  VideoEncodeWorker worker(std::make_unique<FakeEncoder>(), {.on_frame = [&](const EncodedFrame&) {
                             gate.pass();
                             finished = true;
                           }});
  worker.push(raw(1));
  gate.entered.wait();
  auto stopping = std::async(std::launch::async, [&] { worker.stop(); });
  gate.release.count_down();
  stopping.get();
  EXPECT_TRUE(finished);
}

struct Decoding {
  Gate gate;
  std::vector<std::uint32_t> seen;
  int requests = 0;
  std::uint32_t last;
  std::promise<void> done;
  VideoDecodeWorker worker;

  explicit Decoding(std::uint32_t last_frame)
      : last(last_frame),
        worker(std::make_unique<FakeDecoder>(), {.on_frame =
                                                     [this](const VideoFrame& frame) {
                                                       seen.push_back(frame.rtp_timestamp);
                                                       gate.pass();
                                                       if (frame.rtp_timestamp == last) done.set_value();
                                                     },
                                                 .on_key_frame_needed = [this] { ++requests; }}) {}
  void finish() {
    gate.release.count_down();
    done.get_future().get();
    worker.stop();
  }
};

TEST(VideoDecodeWorker, DropsToTheNextKeyFrameOnOverflowAndAsksForIt) {
  Decoding decoding(100);
  decoding.worker.push(key(0));
  decoding.gate.entered.wait();
  for (std::uint32_t i = 1; i <= 15; ++i) decoding.worker.push(delta(i));  // 10 wait, 5 are dropped
  decoding.worker.push(key(99));                                           // finds the queue full: replaces the ten
  decoding.worker.push(delta(100));
  decoding.finish();
  EXPECT_EQ(decoding.seen, (std::vector<std::uint32_t>{0, 99, 100}));
  EXPECT_GE(decoding.requests, 1);
  EXPECT_EQ(decoding.worker.stats().dropped, 15U);
  EXPECT_EQ(decoding.worker.stats().key_frames_decoded, 2U);
}

TEST(VideoDecodeWorker, FramesThatWaitBeforeAnOverflowAreStillShown) {
  Decoding decoding(10);
  decoding.worker.push(key(0));
  decoding.gate.entered.wait();
  for (std::uint32_t i = 1; i <= 12; ++i) decoding.worker.push(delta(i));
  decoding.finish();
  EXPECT_EQ(decoding.seen.size(), 11U);
  EXPECT_EQ(decoding.worker.stats().dropped, 2U);
}

TEST(VideoDecodeWorker, AsksForAKeyFrameAtTheStartAndAfterGarbage) {
  Decoding decoding(5);
  decoding.gate.entered.count_down();  // nothing is held
  decoding.worker.push(delta(1));
  decoding.worker.push(key(2));
  decoding.worker.push(delta(666));
  decoding.worker.push(delta(3));
  decoding.worker.push(key(4));
  decoding.worker.push(delta(5));
  decoding.finish();
  EXPECT_EQ(decoding.seen, (std::vector<std::uint32_t>{2, 4, 5}));
  EXPECT_EQ(decoding.requests, 3);
  EXPECT_EQ(decoding.worker.stats().errors, 1U);
  EXPECT_EQ(decoding.worker.stats().dropped, 2U);
}

TEST(VideoDecodeWorker, ReportsAnOverflowEvenWhenNothingFollows) {
  std::promise<void> asked;
  Gate gate;
  int requests = 0;
  VideoDecodeWorker worker(std::make_unique<FakeDecoder>(), {.on_frame = [&](const VideoFrame&) { gate.pass(); },
                                                             .on_key_frame_needed =
                                                                 [&] {
                                                                   if (++requests == 2) asked.set_value();
                                                                 }});
  worker.push(key(0));
  gate.entered.wait();
  for (std::uint32_t i = 1; i <= 11; ++i) worker.push(delta(i));
  gate.release.count_down();
  while (worker.stats().decoded < 11) std::this_thread::yield();
  worker.push(delta(12));  // the queue is empty now, and the frame is dropped all the same
  asked.get_future().get();
  EXPECT_EQ(worker.stats().dropped, 2U);
}

TEST(AudioEncodeWorker, OldestRunMakesRoomAndStopEndsARunInItsMiddle) {
  Gate gate;
  std::vector<std::uint32_t> seen;
  std::promise<void> done;
  AudioEncodeWorker* self = nullptr;
  AudioEncodeWorker worker(std::make_unique<FakeAudioEncoder>(), {.on_frame = [&](const EncodedFrame& frame) {
                             seen.push_back(frame.rtp_timestamp);
                             gate.pass();
                             if (frame.rtp_timestamp != 1000) return;
                             self->stop();
                             done.set_value();
                           }});
  self = &worker;
  worker.push({.samples = {0}});
  gate.entered.wait();
  for (int i = 1; i <= AudioEncodeWorker::kQueueLimit; ++i) worker.push({.samples = {static_cast<std::int16_t>(i)}});
  worker.push({.samples = {1000, 1001}});
  gate.release.count_down();
  done.get_future().get();
  worker.stop();
  EXPECT_EQ(seen.size(), 1U + AudioEncodeWorker::kQueueLimit);
  EXPECT_EQ(seen[1], 2U);
  EXPECT_EQ(seen.back(), 1000U);
  EXPECT_EQ(worker.stats().dropped, 1U);
}

TEST(AudioDecodeWorker, DecodesConcealsAndRecoversInTurn) {
  std::vector<int> seen;
  std::promise<void> done;
  AudioDecodeWorker worker(std::make_unique<FakeAudioDecoder>(), {.on_frame = [&](const AudioFrame& frame) {
                             seen.push_back(frame.samples.front());
                             if (frame.samples.front() == 7) done.set_value();
                           }});
  worker.push(delta(5));
  worker.push_lost(std::chrono::milliseconds{20});
  worker.push_lost(std::chrono::milliseconds{20}, delta(7));
  worker.push(delta(7));
  done.get_future().get();
  worker.stop();
  EXPECT_EQ(seen, (std::vector{5, -1, -7, 7}));
  EXPECT_EQ(worker.stats().concealed, 2U);
}

// A tone through Opus, each slot of which is hurried or stretched by a quarter.
TEST(AudioDecodeWorker, AToneGoesOnThroughChangesOfPace) {
  auto encoder = make_audio_encoder(CodecType::kOpus, {.expected_loss_percent = 10});
  ASSERT_TRUE(encoder);
  std::vector<EncodedFrame> frames;
  for (int i = 0; i < 200; ++i) {
    auto encoded = (*encoder)->encode(tone(i * 960, 960));
    ASSERT_TRUE(encoded);
    for (EncodedFrame& frame : *encoded) frames.push_back(std::move(frame));
  }
  for (const int direction : {-1, 0, 1}) {
    std::vector<std::int16_t> sound;
    std::latch all(static_cast<std::ptrdiff_t>(frames.size()));
    auto its_decoder = make_audio_decoder(CodecType::kOpus);
    AudioDecodeWorker worker(std::move(*its_decoder), {.on_frame = [&](const AudioFrame& frame) {
                               sound.insert(sound.end(), frame.samples.begin(), frame.samples.end());
                               all.count_down();
                             }});
    for (std::size_t i = 0; i < frames.size(); ++i) {
      while (worker.stats().pushed - worker.stats().done >= 10) std::this_thread::yield();
      worker.push(frames[i], direction * std::chrono::milliseconds{5});
    }
    all.wait();
    worker.stop();
    const auto expected =
        static_cast<double>(frames.size()) * 960 + direction * 240.0 * static_cast<double>(frames.size());
    EXPECT_NEAR(static_cast<double>(sound.size()), expected, 2000);
    // Of each 10 ms after the beginning, how loud it is: the tone's is 0.25 / √2.
    int quiet = 0;
    for (std::size_t i = 9'600; i + 480 <= sound.size(); i += 480) {
      double energy = 0;
      for (std::size_t k = i; k < i + 480; ++k) energy += double{1} * sound[k] * sound[k];
      if (std::sqrt(energy / 480) / 32'768 < 0.1) ++quiet;
    }
    EXPECT_EQ(quiet, 0);
    const AudioWorkerStats stats = worker.stats();
    EXPECT_NEAR(stats.level, 0.177, 0.03);
    EXPECT_NEAR(stats.duration.count(), static_cast<double>(sound.size()) / 48'000, 1e-6);
    EXPECT_NEAR(stats.energy, stats.duration.count() * 0.177 * 0.177, stats.energy / 5);
  }
}

}  // namespace
}  // namespace tidewire::codecs
