// What of sound is left when packets are lost or never sent, and what shapes it may come in.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "codecs/audio_codec.h"
#include "codecs/audio_for_test.h"

namespace tidewire::codecs {
namespace {

using std::chrono::milliseconds;
using Sound = AudioFrame (*)(int, int);

AudioFrame plain_tone(int start, int length) { return tone(start, length); }

std::unique_ptr<AudioEncoder> encoder(const AudioEncoderConfig& config = {}) {
  return std::move(*make_audio_encoder(CodecType::kOpus, config));
}
std::unique_ptr<AudioDecoder> decoder(int channels = 1) {
  return std::move(*make_audio_decoder(CodecType::kOpus, {.channels = channels}));
}

std::vector<EncodedFrame> encode(AudioEncoder& enc, Sound sound, int count, int first = 0) {
  std::vector<EncodedFrame> frames;
  for (int i = first; i < first + count; ++i) {
    auto encoded = enc.encode(sound(i * 960, 960));
    EXPECT_TRUE(encoded);
    std::move(encoded->begin(), encoded->end(), std::back_inserter(frames));
  }
  return frames;
}

// Every tenth is lost, and the next one is there to tell of it.
std::vector<std::int16_t> play(const std::vector<EncodedFrame>& frames, bool lossy) {
  const auto dec = decoder();
  std::vector<std::int16_t> sound;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const bool lost = lossy && i % 10 == 5 && i + 1 < frames.size();
    const auto decoded = lost ? dec->recover(milliseconds{20}, frames[i + 1]) : dec->decode(frames[i]);
    EXPECT_TRUE(decoded);
    sound.insert(sound.end(), decoded->samples.begin(), decoded->samples.end());
  }
  return sound;
}

struct Damage {
  int gone = 0;  // slots of 10 ms that are softer by 15 dB,
  int soft = 0;  // and by 5 dB
};

Damage damage(const std::vector<std::int16_t>& heard, const std::vector<std::int16_t>& whole) {
  EXPECT_EQ(heard.size(), whole.size());
  const std::vector<double> is = levels(heard);
  const std::vector<double> should = levels(whole);
  Damage result;
  for (std::size_t i = 0; i < std::min(is.size(), should.size()); ++i) {
    if (is[i] < should[i] * 0.17) ++result.gone;
    if (is[i] < should[i] * 0.56) ++result.soft;
  }
  return result;
}

TEST(OpusLoss, LeavesNoGapsInATone) {
  for (const int expected_loss : {0, 1, 5, 10, 20}) {
    const auto frames = encode(*encoder({.expected_loss_percent = expected_loss}), plain_tone, 400);
    const Damage done = damage(play(frames, true), play(frames, false));
    EXPECT_EQ(done.gone, 0) << expected_loss;
    EXPECT_LE(done.soft, 5) << expected_loss;
  }
}

TEST(OpusLoss, IsRepairedInAVoice) {
  const auto frames = encode(*encoder(), voice, 400);
  const Damage done = damage(play(frames, true), play(frames, false));
  EXPECT_EQ(done.gone, 0);
  EXPECT_LE(done.soft, 10);
  const auto bare = encode(*encoder({.fec = false}), voice, 400);
  EXPECT_GT(damage(play(bare, true), play(bare, false)).soft, 30) << "the test hears what it should";
}

// The decoder's own packets of 20 ms, called for by ten.
TEST(OpusLoss, IsMadeUpInPiecesOfAnyLengthAndFadesOut) {
  const auto frames = encode(*encoder({.expected_loss_percent = 20}), plain_tone, 100);
  for (const int length : {5, 10, 20, 30}) {
    const auto dec = decoder();
    for (const EncodedFrame& frame : frames) ASSERT_TRUE(dec->decode(frame));
    Timestamp due = frames.back().timestamp + milliseconds{20};
    std::vector<std::int16_t> sound;
    while (sound.size() < 48'000) {
      const auto made_up = dec->conceal(milliseconds{length});
      ASSERT_TRUE(made_up);
      EXPECT_EQ(made_up->timestamp, due);
      EXPECT_EQ(made_up->duration(), milliseconds{length});
      due += milliseconds{length};
      sound.insert(sound.end(), made_up->samples.begin(), made_up->samples.end());
    }
    const std::vector<double> loudness = levels(sound);
    EXPECT_GT(loudness[0], 0.1);
    EXPECT_GT(loudness[2], 0.1);
    EXPECT_LT(*std::max_element(loudness.begin() + 40, loudness.begin() + 90), 0.03);
    EXPECT_TRUE(dec->decode(frames.back()));
  }
}

// --- silence ---

constexpr int kNoise = 60;

// The voice for a second and a half, then a room without it.
AudioFrame voice_in_a_room(int start, int length) {
  AudioFrame frame = voice(start, length);
  std::mt19937 random(static_cast<unsigned>(start));
  for (std::int16_t& sample : frame.samples) {
    const int speech = start < 72'000 ? sample : 0;
    sample = static_cast<std::int16_t>(speech + static_cast<int>(random() % (2 * kNoise + 1)) - kNoise);
  }
  return frame;
}

TEST(OpusDtx, LeavesOutFramesInSilenceAndKeepsTheirPlaceInTime) {
  const auto enc = encoder({.dtx = true});
  const auto frames = encode(*enc, voice_in_a_room, 400);
  EXPECT_GT(frames.size(), 75U);
  EXPECT_LT(frames.size(), 150U);
  std::uint32_t longest = 0;
  for (std::size_t i = 1; i < frames.size(); ++i) {
    const std::uint32_t step = frames[i].rtp_timestamp - frames[i - 1].rtp_timestamp;
    EXPECT_EQ(step % 960, 0U);
    EXPECT_GT(step, 0U);
    EXPECT_EQ(frames[i].timestamp.time_since_epoch().count() / 1000, frames[i].rtp_timestamp * 125LL / 6);
    longest = std::max(longest, step);
  }
  // RFC 6716 §2.1.9: one each 400 ms
  EXPECT_GE(longest, 19U * 960);
  EXPECT_LE(longest, 21U * 960);
  EXPECT_GE(frames.back().rtp_timestamp, (400U - 22) * 960);
  // Words are not cut off.
  const auto again = encode(*enc, voice, 20, 400);
  EXPECT_GE(again.size(), 19U);
  EXPECT_EQ(again.back().rtp_timestamp, 419U * 960);
  EXPECT_EQ(encode(*encoder(), voice_in_a_room, 400).size(), 400U) << "nobody asked for it";
}

TEST(OpusDtx, FillsTheGapsWithNoiseAsLoudAsTheRoom) {
  const auto frames = encode(*encoder({.dtx = true}), voice_in_a_room, 400);
  const auto dec = decoder();
  std::vector<std::int16_t> sound;
  const auto append = [&](const Result<AudioFrame>& frame) {
    ASSERT_TRUE(frame);
    sound.insert(sound.end(), frame->samples.begin(), frame->samples.end());
  };
  for (const EncodedFrame& frame : frames) {
    while (sound.size() < frame.rtp_timestamp) append(dec->conceal(milliseconds{10}));
    append(dec->decode(frame));
  }
  std::vector<double> loudness = levels(sound);
  loudness.erase(loudness.begin(), loudness.begin() + 200);
  const double room = kNoise / std::sqrt(3) / 32'768;
  const auto [softest, loudest] = std::minmax_element(loudness.begin(), loudness.end());
  EXPECT_GT(*softest, room / 2.5);
  EXPECT_LT(*loudest, room * 1.5);
}

// --- shapes ---

TEST(OpusFrames, AreAsLongAsCalledFor) {
  for (const int wanted : {10, 20, 40, 60, 15}) {
    const int length = wanted == 15 ? 20 : wanted;
    const auto enc = encoder({.packet_time = milliseconds{wanted}});
    const auto frames = encode(*enc, voice, 60);
    ASSERT_EQ(frames.size(), static_cast<std::size_t>(1200 / length));
    const auto dec = decoder();
    for (std::size_t i = 0; i < frames.size(); ++i) {
      EXPECT_EQ(frames[i].rtp_timestamp, i * static_cast<std::size_t>(length) * 48);
      const auto decoded = dec->decode(frames[i]);
      ASSERT_TRUE(decoded);
      EXPECT_EQ(decoded->duration(), milliseconds{length});
    }
  }
}

AudioFrame left_only(int start, int length) {
  AudioFrame frame = tone(start, length, 2);
  for (std::size_t i = 1; i < frame.samples.size(); i += 2) frame.samples[i] = 0;
  return frame;
}

TEST(OpusDecoder, GivesAsManyChannelsAsCome) {
  const auto mono = encode(*encoder(), plain_tone, 50);
  const auto stereo = encode(*encoder({.channels = 2, .bitrate = 64'000}), left_only, 50);
  const auto one = decoder(1);
  const auto two = decoder(2);
  const auto expect = [](AudioDecoder& dec, const EncodedFrame& frame, int channels) {
    const auto decoded = dec.decode(frame);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->channels, channels);
    EXPECT_EQ(decoded->samples_per_channel(), 960U);
    const auto made_up = dec.conceal(milliseconds{20});
    EXPECT_EQ(made_up->channels, channels);
    EXPECT_EQ(made_up->samples_per_channel(), 960U);
  };
  for (const auto& frame : {mono[10], stereo[10], mono[11]}) expect(*one, frame, 1);
  expect(*two, mono[10], 1);
  expect(*two, stereo[10], 2);
  expect(*two, mono[11], 2);
}

TEST(OpusDecoder, KeepsLeftAndRightApart) {
  const auto dec = decoder(2);
  std::vector<std::int16_t> left;
  std::vector<std::int16_t> right;
  for (const EncodedFrame& frame : encode(*encoder({.channels = 2, .bitrate = 64'000}), left_only, 100)) {
    const auto decoded = dec->decode(frame);
    ASSERT_TRUE(decoded);
    ASSERT_EQ(decoded->channels, 2);
    for (std::size_t i = 0; i < decoded->samples.size(); i += 2) {
      left.push_back(decoded->samples[i]);
      right.push_back(decoded->samples[i + 1]);
    }
  }
  left.erase(left.begin(), left.begin() + 9600);
  right.erase(right.begin(), right.begin() + 9600);
  EXPECT_NEAR(amplitude(left, kTone), 0.25, 0.05);
  EXPECT_LT(amplitude(right, kTone), 0.02);
}

}  // namespace
}  // namespace tidewire::codecs
