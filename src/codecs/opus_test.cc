#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "codecs/audio_codec.h"
#include "codecs/audio_for_test.h"

namespace tidewire::codecs {
namespace {

using std::chrono::milliseconds;

std::vector<EncodedFrame> encode_seconds(int seconds, AudioEncoder& encoder, int channels = 1) {
  std::vector<EncodedFrame> frames;
  for (int i = 0; i < seconds * 50; ++i) {
    auto encoded = encoder.encode(tone(i * 960, 960, channels));
    EXPECT_TRUE(encoded);
    for (EncodedFrame& frame : *encoded) frames.push_back(std::move(frame));
  }
  return frames;
}

std::unique_ptr<AudioEncoder> encoder(const AudioEncoderConfig& config = {}) {
  return std::move(*make_audio_encoder(CodecType::kOpus, config));
}
std::unique_ptr<AudioDecoder> decoder(const AudioDecoderConfig& config = {}) {
  return std::move(*make_audio_decoder(CodecType::kOpus, config));
}

void append(std::vector<std::int16_t>& sound, const Result<AudioFrame>& frame) {
  ASSERT_TRUE(frame) << frame.error().message;
  sound.insert(sound.end(), frame->samples.begin(), frame->samples.end());
}

TEST(Opus, CarriesAToneThereAndBackWithItsPitchAndLevel) {
  for (const int channels : {1, 2}) {
    const auto enc = encoder({.channels = channels});
    const auto dec = decoder({.channels = channels});
    std::vector<std::int16_t> sound;
    for (const EncodedFrame& frame : encode_seconds(1, *enc, channels)) append(sound, dec->decode(frame));
    ASSERT_EQ(sound.size(), 48'000U * static_cast<std::size_t>(channels));
    sound.erase(sound.begin(), sound.begin() + 9600);
    const auto step = static_cast<std::size_t>(channels);
    EXPECT_NEAR(amplitude(sound, kTone, step), 0.25, 0.05);
    EXPECT_LT(amplitude(sound, kTone * 2, step), 0.02);
    EXPECT_LT(amplitude(sound, 300, step), 0.02);
  }
}

TEST(Opus, CutsRunsOfAnyLengthIntoTwentyMillisecondFrames) {
  const auto enc = encoder();
  int position = 0;
  std::vector<std::uint32_t> stamps;
  for (const int length : {480, 480, 100, 860, 1, 3000, 839}) {
    const auto encoded = enc->encode(tone(position, length));
    ASSERT_TRUE(encoded);
    position += length;
    for (const EncodedFrame& frame : *encoded) {
      stamps.push_back(frame.rtp_timestamp);
      EXPECT_EQ(frame.timestamp.time_since_epoch().count() / 1000, frame.rtp_timestamp * 125LL / 6);
      EXPECT_TRUE(frame.key_frame);
      EXPECT_EQ(frame.codec, CodecType::kOpus);
    }
  }
  EXPECT_EQ(stamps, (std::vector<std::uint32_t>{0, 960, 1920, 2880, 3840, 4800}));
}

TEST(Opus, StampsRunOnThroughJitterAndJumpOverAGap) {
  const auto enc = encoder();
  auto stamp = [&](milliseconds at) {
    AudioFrame frame = tone(0, 960);
    frame.timestamp = Timestamp{at};
    return enc->encode(frame)->front().rtp_timestamp;
  };
  EXPECT_EQ(stamp(milliseconds{1000}), 48'000U);
  EXPECT_EQ(stamp(milliseconds{1027}), 48'960U);  // 7 ms late
  EXPECT_EQ(stamp(milliseconds{1033}), 49'920U);  // 7 ms early
  EXPECT_EQ(stamp(milliseconds{5000}), 240'000U);
}

TEST(Opus, MixesToTheChannelsOfTheEncoder) {
  const auto mono = encoder({.channels = 1});
  const auto stereo = encoder({.channels = 2});
  EXPECT_EQ(mono->encode(tone(0, 960, 2))->size(), 1U);
  EXPECT_EQ(stereo->encode(tone(0, 960, 1))->size(), 1U);
}

TEST(Opus, FollowsTheBitrate) {
  const auto enc = encoder();
  auto measure = [&](int bitrate) {
    enc->set_bitrate(bitrate);
    std::size_t bytes = 0;
    std::mt19937 random(3);
    for (int i = 0; i < 100; ++i) {
      AudioFrame noise = tone(i * 960, 960);
      for (std::int16_t& sample : noise.samples) sample = static_cast<std::int16_t>(random() % 8000);
      const auto encoded = enc->encode(noise);
      for (const EncodedFrame& frame : *encoded) bytes += frame.payload.size();
    }
    return static_cast<double>(bytes) * 8 / 2;
  };
  EXPECT_NEAR(measure(32'000), 32'000, 8'000);
  EXPECT_NEAR(measure(64'000), 64'000, 16'000);
}

TEST(OpusDecoder, ConcealsALostFrameWithSoundThatGoesOn) {
  const auto frames = encode_seconds(1, *encoder());
  const auto dec = decoder();
  std::vector<std::int16_t> concealed;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (i != 25) {
      ASSERT_TRUE(dec->decode(frames[i]));
      continue;
    }
    const auto made_up = dec->conceal(milliseconds{20});
    append(concealed, made_up);
    EXPECT_EQ(made_up->timestamp, frames[25].timestamp);
  }
  ASSERT_EQ(concealed.size(), 960U);
  EXPECT_GT(amplitude(concealed, kTone), 0.1);
}

TEST(OpusDecoder, RecoversALostFrameFromTheNextOne) {
  const auto enc = encoder({.bitrate = 24'000, .expected_loss_percent = 20});
  const auto frames = encode_seconds(1, *enc);
  const auto dec = decoder();
  for (std::size_t i = 0; i < 25; ++i) ASSERT_TRUE(dec->decode(frames[i]));
  const auto recovered = dec->recover(milliseconds{20}, frames[26]);
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->samples.size(), 960U);
  EXPECT_EQ(recovered->timestamp, frames[25].timestamp);
  EXPECT_GT(amplitude(recovered->samples, kTone), 0.15);
  EXPECT_TRUE(dec->decode(frames[26]));
}

TEST(OpusDecoder, ConcealsAnyLengthWithinItsBounds) {
  const auto dec = decoder();
  EXPECT_EQ(dec->conceal(Duration{0})->samples.size(), 120U);
  EXPECT_EQ(dec->conceal(milliseconds{-5})->samples.size(), 120U);
  EXPECT_EQ(dec->conceal(milliseconds{11})->samples.size(), 480U);
  EXPECT_EQ(dec->conceal(std::chrono::hours{1})->samples.size(), 5760U);
}

TEST(OpusDecoder, AnswersGarbageWithAnErrorAndPlaysTheNextGoodFrame) {
  const auto frames = encode_seconds(1, *encoder());
  const auto dec = decoder();
  EXPECT_FALSE(dec->decode(EncodedFrame{.codec = CodecType::kOpus}));
  EXPECT_FALSE(dec->decode(EncodedFrame{.codec = CodecType::kOpus, .payload = Bytes{0x03, 0xff}}));
  std::mt19937 random(5);
  for (int i = 0; i < 2000; ++i) {
    Bytes noise(random() % 300);
    std::generate(noise.begin(), noise.end(), [&] { return static_cast<std::uint8_t>(random()); });
    (void)dec->decode(EncodedFrame{.codec = CodecType::kOpus, .payload = noise});
    (void)dec->recover(milliseconds{20}, EncodedFrame{.codec = CodecType::kOpus, .payload = noise});
  }
  std::vector<std::int16_t> sound;
  for (const EncodedFrame& frame : frames) append(sound, dec->decode(frame));
  sound.erase(sound.begin(), sound.begin() + 9600);
  EXPECT_NEAR(amplitude(sound, kTone), 0.25, 0.05);
}

TEST(AudioCodec, FactoriesAndEncoderRefuseNonsense) {
  EXPECT_EQ(make_audio_encoder(CodecType::kVp8).error().code, ErrorCode::kNotSupported);
  EXPECT_EQ(make_audio_decoder(CodecType::kVp8).error().code, ErrorCode::kNotSupported);
  EXPECT_EQ(make_audio_encoder(CodecType::kOpus, {.channels = 3}).error().code, ErrorCode::kRange);
  EXPECT_EQ(make_audio_decoder(CodecType::kOpus, {.channels = 0}).error().code, ErrorCode::kRange);
  AudioFrame wrong = tone(0, 441);
  wrong.sample_rate = 44'100;
  EXPECT_EQ(encoder()->encode(wrong).error().code, ErrorCode::kNotSupported);
}

}  // namespace
}  // namespace tidewire::codecs
