// Encoders and decoders of a transceiver, on their threads, when the codec changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <vector>

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
