// Encoders and decoders of a transceiver, on their threads, when the codec changes.
#include <gtest/gtest.h>

#include <future>
#include <mutex>

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
  const auto sender =
      MediaSender::make({.codec = codec, .bitrate = video ? 300'000U : 32'000U}, [&](EncodedFrame frame) {
        if (!std::exchange(done, true)) first.set_value(std::move(frame));
      });
  EXPECT_TRUE(sender);
  const auto track = std::make_shared<MediaStreamTrack>(kind_of(codec), "id", "label");
  (*sender)->set_track(track);
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
