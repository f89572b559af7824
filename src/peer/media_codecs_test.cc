// Encoders and decoders of a transceiver, on their threads, when the codec changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <vector>

#include "devices/tone.h"
#include "peer/media_receiver.h"
#include "peer/media_sender.h"

namespace tidewire::peer {
namespace {

constexpr CodecType kVideoCodecs[] = {CodecType::kVp8, CodecType::kVp9, CodecType::kH264, CodecType::kAv1};
constexpr CodecType kAudioCodecs[] = {CodecType::kOpus, CodecType::kPcmu, CodecType::kPcma};

VideoFrame gray(int number) {
  auto picture = std::make_shared<I420Buffer>(64, 48);
  std::fill_n(picture->y(), 64 * 48, static_cast<std::uint8_t>(60 + number));
  std::fill_n(picture->u(), 2 * 32 * 24, std::uint8_t{128});
  return {picture, Timestamp{std::chrono::milliseconds{33 * number}}, 0};
}

// The first frame that a sender of this codec makes.
EncodedFrame first_frame(CodecType codec) {
  const bool video = kind_of(codec) == MediaKind::kVideo;
  std::promise<EncodedFrame> first;
  bool done = false;
  MediaSender sender(kind_of(codec), [&](std::size_t, EncodedFrame frame) {
    if (!std::exchange(done, true)) first.set_value(std::move(frame));
  });
  sender.set_encodings({{.codec = codec, .bitrate = video ? 300'000U : 32'000U}});
  const auto track = std::make_shared<MediaStreamTrack>(kind_of(codec), "id", "label");
  sender.set_track(track);
  if (video) {
    track->push(gray(0));
  } else {
    track->push(AudioFrame{.samples = std::vector<std::int16_t>(960, 1000)});
  }
  return first.get_future().get();
}

TEST(MediaSender, MakesFramesOfEveryCodecThatIsOffered) {
  for (const CodecType codec : kVideoCodecs) {
    const EncodedFrame frame = first_frame(codec);
    EXPECT_EQ(frame.codec, codec);
    EXPECT_TRUE(frame.key_frame);
    EXPECT_FALSE(frame.payload.empty());
  }
  for (const CodecType codec : kAudioCodecs) EXPECT_EQ(first_frame(codec).codec, codec);
}

// Pushes pictures of 64x48 until each of the encodings has made one, and answers their widths.
std::vector<int> widths_of(const std::vector<SendEncoding>& encodings) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<int> widths(encodings.size(), 0);
  MediaSender sender(MediaKind::kVideo, [&](std::size_t encoding, EncodedFrame frame) {
    const std::lock_guard lock(mutex);
    widths.at(encoding) = std::max(widths.at(encoding), frame.width);
    changed.notify_one();
  });
  sender.set_encodings(encodings);
  const auto track = std::make_shared<MediaStreamTrack>(MediaKind::kVideo, "id", "label");
  sender.set_track(track);
  track->push(gray(0));
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (encodings[i].parameters.active && widths[i] == 0) return false;
    }
    return true;
  });
  return widths;
}

TEST(MediaSender, MakesSeveralSizesOfOnePictureAndNoneOfWhatIsNotActive) {
  EXPECT_EQ(
      widths_of({{.bitrate = 100'000, .parameters = {.rid = "q", .scale_resolution_down_by = 4.0}},
                 {.bitrate = 100'000, .parameters = {.rid = "h", .active = false, .scale_resolution_down_by = 2.0}},
                 {.bitrate = 100'000, .parameters = {.rid = "f", .scale_resolution_down_by = 1.0}}}),
      (std::vector<int>{16, 0, 64}));
}

TEST(MediaSender, LeavesOutPicturesThatComeTooFast) {
  EncodingPipe pipe([](EncodedFrame) {});
  pipe.configure({.bitrate = 100'000, .parameters = {.max_framerate = 10.0}});
  for (int i = 0; i < 30; ++i) pipe.push(gray(i));  // 30 a second
  EXPECT_EQ(pipe.frames_pushed(), 10U);
}

// A pipe of Opus, a frame in and a frame out.
class OpusPipe {
 public:
  EncodingPipe pipe{[this](const EncodedFrame& frame) {
    const std::lock_guard lock(mutex_);
    newest_ = frame;
    changed_.notify_one();
  }};

  // The share of the next 50 frames that SILK has a part in, where redundancy is (RFC 6716 §3.1: the first 16 configs).
  double redundant_share() {
    int redundant = 0;
    for (int i = 0; i < 50; ++i) redundant += next().payload.at(0) >> 3 < 16 ? 1 : 0;
    return redundant / 50.0;
  }

 private:
  EncodedFrame next() {
    AudioFrame frame{.samples = std::vector<std::int16_t>(960), .timestamp = now_};
    tone_.fill(frame.samples, 1);
    now_ += std::chrono::milliseconds{20};
    std::unique_lock lock(mutex_);
    newest_.reset();
    lock.unlock();
    pipe.push(frame);
    lock.lock();
    changed_.wait(lock, [&] { return newest_.has_value(); });
    return *newest_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<EncodedFrame> newest_;
  Timestamp now_{};
  devices::ToneGenerator tone_{440, -12};
};

TEST(EncodingPipe, MakesSoundAsRedundantAsTheReportedLossCallsFor) {
  OpusPipe opus;
  SendEncoding wanted{.codec = CodecType::kOpus, .bitrate = 32'000, .audio = {.fec = true}};
  opus.pipe.configure(wanted);
  (void)opus.redundant_share();  // it begins with SILK, until it knows what it hears
  EXPECT_LT(opus.redundant_share(), 0.2);
  for (int i = 0; i < 8; ++i) opus.pipe.note_loss(0.2);
  EXPECT_GT(opus.redundant_share(), 0.8);
  // Another encoder knows of it, too.
  wanted.audio.stereo = true;
  opus.pipe.configure(wanted);
  EXPECT_GT(opus.redundant_share(), 0.8);
  for (int i = 0; i < 40; ++i) opus.pipe.note_loss(0);
  (void)opus.redundant_share();
  EXPECT_LT(opus.redundant_share(), 0.2);
}

TEST(MediaReceiver, MakesAnotherDecoderWhenTheSenderChangesTheCodec) {
  const auto track = std::make_shared<MediaStreamTrack>(MediaKind::kVideo, "id", "label");
  MediaReceiver receiver(track, [] {});
  std::mutex mutex;
  std::promise<int>* next = nullptr;
  const Subscription subscription = track->add_video_sink([&](const VideoFrame& frame) {
    const std::lock_guard lock(mutex);
    if (next) std::exchange(next, nullptr)->set_value(frame.width());
  });
  for (const CodecType codec : kVideoCodecs) {
    std::promise<int> shown;
    {
      const std::lock_guard lock(mutex);
      next = &shown;
    }
    receiver.push(first_frame(codec));
    EXPECT_EQ(shown.get_future().get(), 64);
  }
  // All but the last are certainly counted: their decoders have ended.
  EXPECT_GE(receiver.frames_decoded(), 3U);
}

}  // namespace
}  // namespace tidewire::peer
