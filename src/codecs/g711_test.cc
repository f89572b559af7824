#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "codecs/audio_codec.h"
#include "codecs/audio_for_test.h"
#include "codecs/g711.h"

namespace tidewire::codecs {
namespace {

using std::chrono::milliseconds;

class G711 : public testing::TestWithParam<CodecType> {
 protected:
  std::unique_ptr<AudioEncoder> encoder() { return std::move(*make_audio_encoder(GetParam())); }
  std::unique_ptr<AudioDecoder> decoder() { return std::move(*make_audio_decoder(GetParam(), {.channels = 2})); }
  // Of a tone, 20 ms each.
  std::vector<EncodedFrame> encode(int frames) {
    const auto enc = encoder();
    std::vector<EncodedFrame> all;
    for (int i = 0; i < frames; ++i) {
      const auto encoded = enc->encode(tone(i * 960, 960));
      EXPECT_TRUE(encoded);
      all.insert(all.end(), encoded->begin(), encoded->end());
    }
    return all;
  }
};

void append(std::vector<std::int16_t>& sound, const Result<AudioFrame>& frame) {
  ASSERT_TRUE(frame) << frame.error().message;
  sound.insert(sound.end(), frame->samples.begin(), frame->samples.end());
}

TEST(G711Laws, WriteTheExtremesAndZeroAsTheTablesDo) {
  EXPECT_EQ(to_mu_law(0), 0xff);
  EXPECT_EQ(to_mu_law(32'767), 0x80);
  EXPECT_EQ(to_mu_law(-32'768), 0x00);
  EXPECT_EQ(from_mu_law(0x80), 32'124);
  EXPECT_EQ(from_mu_law(0x00), -32'124);
  EXPECT_EQ(to_a_law(0), 0xd5);
  EXPECT_EQ(to_a_law(-1), 0x55);
  EXPECT_EQ(to_a_law(32'767), 0xaa);
  EXPECT_EQ(to_a_law(-32'768), 0x2a);
  EXPECT_EQ(from_a_law(0xaa), 32'256);
  EXPECT_EQ(from_a_law(0xd5), 8);
}

TEST(G711Laws, ReadEveryCodeBackAsItself) {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<std::uint8_t>(code);
    EXPECT_EQ(to_a_law(from_a_law(byte)), byte);
    if (code != 0x7f) {
      EXPECT_EQ(to_mu_law(from_mu_law(byte)), byte);
    }
  }
  EXPECT_EQ(from_mu_law(0x7f), 0);  // the other zero
}

TEST(G711Laws, ErrByAtMostHalfAStepAndKeepTheOrder) {
  int last_mu = -40'000;
  int last_a = -40'000;
  for (int sample = -32'768; sample <= 32'767; ++sample) {
    const int mu = from_mu_law(to_mu_law(static_cast<std::int16_t>(sample)));
    const int a = from_a_law(to_a_law(static_cast<std::int16_t>(sample)));
    const int magnitude = std::abs(sample);
    ASSERT_LE(std::abs(mu - sample), std::max(4, (magnitude + kMuLawBias) / 32 + 1)) << sample;
    ASSERT_LE(std::abs(a - sample), std::max(8, magnitude / 32 + 1)) << sample;
    ASSERT_GE(mu, last_mu);
    ASSERT_GE(a, last_a);
    last_mu = mu;
    last_a = a;
  }
}

TEST_P(G711, CarriesAToneThereAndBackWithItsPitchAndLevel) {
  const auto dec = decoder();
  std::vector<std::int16_t> sound;
  for (const EncodedFrame& frame : encode(50)) append(sound, dec->decode(frame));
  ASSERT_EQ(sound.size(), 48'000U);
  sound.erase(sound.begin(), sound.begin() + 9600);
  EXPECT_NEAR(amplitude(sound, kTone), 0.25, 0.01);
  EXPECT_LT(amplitude(sound, kTone * 2), 0.01);
  EXPECT_LT(amplitude(sound, 300), 0.01);
}

TEST_P(G711, StampsFramesOfTwentyMillisecondsOnTheEightKilohertzClock) {
  const auto enc = encoder();
  std::vector<std::uint32_t> stamps;
  int position = 48'000;
  for (const int length : {480, 480, 100, 860, 1, 3000, 839}) {
    const auto encoded = enc->encode(tone(position, length));
    ASSERT_TRUE(encoded);
    position += length;
    for (const EncodedFrame& frame : *encoded) {
      EXPECT_EQ(frame.codec, GetParam());
      EXPECT_EQ(frame.payload.size(), 160U);
      EXPECT_EQ(frame.timestamp, Timestamp{frame.rtp_timestamp * Duration{125'000}});
      EXPECT_TRUE(frame.key_frame);
      stamps.push_back(frame.rtp_timestamp);
    }
  }
  EXPECT_EQ(stamps, (std::vector<std::uint32_t>{8000, 8160, 8320, 8480, 8640, 8800}));
}

TEST_P(G711, DecodesPacketsOfOtherLengths) {
  const auto dec = decoder();
  for (const std::size_t length : {80U, 160U, 240U, 480U, 1U}) {
    const auto decoded = dec->decode({.codec = GetParam(), .payload = Bytes(length, 0xd5)});
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->samples.size(), length * 6);
  }
}

TEST_P(G711, GoesOnWithTheToneWhereAFrameIsLostAndFadesOut) {
  const auto frames = encode(20);
  const auto dec = decoder();
  for (const EncodedFrame& frame : frames) ASSERT_TRUE(dec->decode(frame));
  std::vector<double> loudness;
  for (int i = 0; i < 4; ++i) {
    const auto made_up = dec->conceal(milliseconds{20});
    ASSERT_TRUE(made_up);
    EXPECT_EQ(made_up->samples.size(), 960U);
    EXPECT_EQ(made_up->timestamp, frames.back().timestamp + milliseconds{20} * (i + 1));
    loudness.push_back(amplitude(made_up->samples, kTone));
  }
  EXPECT_GT(loudness[0], 0.2);
  EXPECT_LT(loudness[1], loudness[0]);
  EXPECT_LT(loudness[2], loudness[1]);
  EXPECT_LT(loudness[3], 0.01);
}

TEST_P(G711, ConcealsWithinItsBoundsAndBeforeAnythingWasHeard) {
  const auto dec = decoder();
  EXPECT_EQ(dec->conceal(Duration{0})->samples.size(), 120U);
  EXPECT_EQ(dec->conceal(milliseconds{11})->samples.size(), 480U);
  EXPECT_EQ(dec->conceal(std::chrono::hours{1})->samples.size(), 5760U);
  const EncodedFrame next{.codec = GetParam(), .payload = Bytes(160, 0), .timestamp = Timestamp{milliseconds{500}}};
  const auto recovered = dec->recover(milliseconds{20}, next);
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->timestamp, Timestamp{milliseconds{480}});
  EXPECT_TRUE(std::ranges::all_of(recovered->samples, [](std::int16_t sample) { return sample == 0; }));
}

TEST_P(G711, RefusesWhatIsNoFrame) {
  EXPECT_EQ(decoder()->decode({.codec = GetParam()}).error().code, ErrorCode::kEncoding);
  EXPECT_EQ(decoder()->decode({.codec = GetParam(), .payload = Bytes(8001)}).error().code, ErrorCode::kEncoding);
  AudioFrame wrong = tone(0, 441);
  wrong.sample_rate = 44'100;
  EXPECT_EQ(encoder()->encode(wrong).error().code, ErrorCode::kNotSupported);
}

INSTANTIATE_TEST_SUITE_P(Laws, G711, testing::Values(CodecType::kPcmu, CodecType::kPcma),
                         [](const auto& law) { return std::string(to_string(law.param)); });

}  // namespace
}  // namespace tidewire::codecs
