// Sound that is lost, silent, or not what it should be: what is heard instead, and how it is counted.
#include "media/audio_path_for_test.h"

namespace tidewire::media {
namespace {

struct Repair {
  const char* name;
  int red_distance;
  bool in_band_fec;
};

// Two losses in a row out of two, on average, are 10 % in bursts.
struct BurstLoss {
  bool operator()(AudioPath& path) {
    bad_ = path.chance(bad_ ? 0.5 : 0.055);
    return bad_;
  }
  bool bad_ = false;
};

double concealed_with(const Repair& repair, double loss, bool bursts, Duration jitter = 5ms) {
  AudioPath path;
  path.red_distance = repair.red_distance;
  path.in_band_fec = repair.in_band_fec;
  path.jitter = [&path, jitter](Timestamp) { return path.part_of(jitter); };
  path.talk(2s);
  path.concealed_share();
  BurstLoss burst;
  path.loses = [&](Timestamp) { return bursts ? burst(path) : path.chance(loss); };
  path.talk(100s);
  EXPECT_LT(path.most_delay, 120ms);
  EXPECT_LT(path.stream.target_delay(), 60ms) << "loss is no delay";
  EXPECT_EQ(path.gaps, 0);
  const InboundRtpStreamStats stats = path.stream.stats();
  EXPECT_EQ(stats.silent_concealed_samples, 0U);
  EXPECT_EQ(stats.concealed_samples, static_cast<std::uint64_t>(path.concealed.count() * 48 / 1'000'000));
  const double share = path.concealed_share();
  return share;
}

TEST(AudioLoss, ConcealsNoMoreThanIsLostAndNotRepaired) {
  constexpr Repair kNone{"nothing", 0, false};
  constexpr Repair kFec{"Opus FEC", 0, true};
  constexpr Repair kRed{"RED", 1, false};
  constexpr Repair kRed2{"RED 2", 2, false};
  for (const double loss : {0.02, 0.1}) {
    const double bare = concealed_with(kNone, loss, false);
    EXPECT_GT(bare, loss * 0.7);
    EXPECT_LT(bare, loss * 1.3);
    EXPECT_LT(concealed_with(kFec, loss, false), loss * loss * 3 + loss / 10);
    EXPECT_LT(concealed_with(kRed, loss, false), loss * loss * 2);
    EXPECT_LT(concealed_with(kRed2, loss, false), loss * loss * 2);
  }
  const double bare = concealed_with(kNone, 0.1, true);
  EXPECT_GT(bare, 0.07);
  EXPECT_LT(bare, 0.13);
  EXPECT_LT(concealed_with(kFec, 0.1, true), 0.08);
  EXPECT_LT(concealed_with(kRed, 0.1, true), 0.07);
  EXPECT_LT(concealed_with(kRed2, 0.1, true), 0.05);
}

TEST(AudioLoss, CountsWhatRedundancyBroughtBack) {
  for (const bool in_band : {false, true}) {
    AudioPath path;
    path.red_distance = in_band ? 0 : 1;
    path.in_band_fec = in_band;
    int number = 0;
    path.loses = [&](Timestamp) { return number++ % 10 == 5; };
    path.talk(20s);
    const InboundRtpStreamStats stats = path.stream.stats();
    EXPECT_EQ(path.concealed, 0ms);
    EXPECT_EQ(stats.concealment_events, 0U);
    EXPECT_NEAR(static_cast<double>(stats.fec_packets_received), 900, 2);
    EXPECT_NEAR(static_cast<double>(stats.fec_packets_received - stats.fec_packets_discarded), 100, 3);
    EXPECT_EQ(path.recovered, in_band ? Duration{100 * 20ms} : Duration{0ms});
    EXPECT_EQ(path.played, in_band ? 897 : 997) << "a copy is played in its frame's place";
  }
}

// RFC 3550 §5.1: Chromium probes the path with padding alone, of the payload type that it sends last.
TEST(AudioLoss, PaddingOfThePayloadTypeOfCopiesIsNotLost) {
  AudioPath path;
  path.red_distance = 1;
  path.set_sequence_number(100);
  path.talk(200ms);
  path.pass(100ms);
  path.handle(Bytes{0xa0, 63, 0, 110, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4});
  path.set_sequence_number(111);
  path.talk(200ms);
  path.pass(100ms);
  const InboundRtpStreamStats stats = path.stream.stats();
  EXPECT_EQ(stats.packets_received, 21U);
  EXPECT_EQ(stats.packets_lost, 0);
  EXPECT_EQ(stats.packets_discarded, 0U);
}

TEST(AudioLoss, ARunOfLossIsOneEvent) {
  AudioPath path;
  path.talk(2s);
  const Timestamp from = path.now();
  path.loses = [&](Timestamp at) { return at >= from && at < from + 60ms; };
  path.talk(2s);
  EXPECT_EQ(path.stream.stats().concealment_events, 1U);
  EXPECT_EQ(path.concealed, 60ms);
}

// RFC 6716 §2.1.9: in silence a frame each 400 ms.
TEST(AudioLoss, SilenceIsNoLossAndNoDelay) {
  AudioPath path;
  path.jitter = [&](Timestamp) { return path.part_of(20ms); };
  path.talk(10s);
  path.concealed_share();
  const InboundRtpStreamStats before = path.stream.stats();
  for (int i = 0; i < 100; ++i) {
    for (int k = 0; k < 10; ++k) {
      path.talk(20ms);
      path.be_silent(380ms);
    }
    path.talk(400ms);
  }
  path.pass(100ms);
  const InboundRtpStreamStats stats = path.stream.stats();
  EXPECT_EQ(path.played, path.sent());
  EXPECT_LE(stats.concealment_events, before.concealment_events + 3) << "a frame after a pause may be late";
  const auto silent = static_cast<double>(stats.silent_concealed_samples) / 48'000;
  EXPECT_NEAR(silent, 1000 * 0.38, 5);
  EXPECT_LT(path.stream.target_delay(), 60ms);
  EXPECT_LT(path.most_delay, 100ms);
}

TEST(AudioLoss, AFrameThatIsLostInSilenceIsLost) {
  AudioPath path;
  path.talk(2s);
  path.be_silent(380ms);
  path.loses = [](Timestamp) { return true; };
  path.talk(20ms);
  path.be_silent(380ms);
  path.loses = [](Timestamp) { return false; };
  path.talk(1s);
  const InboundRtpStreamStats stats = path.stream.stats();
  EXPECT_EQ(stats.concealment_events, 1U);
  EXPECT_EQ(stats.silent_concealed_samples, 0U) << "which of the two it was, nobody knows";
}

TEST(AudioLoss, TheClockStopsInAPauseAndStartsAgain) {
  for (const bool clock_runs : {true, false}) {
    for (const Duration pause : {Duration{300ms}, Duration{2s}, Duration{8s}, Duration{1min}, Duration{1h}}) {
      AudioPath path;
      path.drift = 0.0001;
      path.jitter = [&](Timestamp) { return path.part_of(10ms); };
      path.talk(5s);
      const int before = path.played;
      clock_runs ? path.be_silent(pause) : path.pause(pause);
      EXPECT_EQ(path.stream.next_timeout() == kNever, pause > 1s);
      EXPECT_LE(path.concealed, 1100ms);
      path.talk(15s);
      EXPECT_GE(path.played - before, 748) << pause.count();
      EXPECT_LT(path.stream.current_delay(), 100ms) << pause.count();
      EXPECT_LT(path.stream.target_delay(), 60ms) << pause.count();
    }
  }
}

TEST(AudioLoss, NumbersWrapUnnoticed) {
  AudioPath path;
  path.set_sequence_number(65'500);
  path.set_timestamp(0xffff'ff00 - 960 * 70);
  path.talk(4s);
  EXPECT_EQ(path.concealed, 0ms);
  EXPECT_EQ(path.played, 197);
  EXPECT_EQ(path.gaps, 0);
}

TEST(AudioLoss, TheCodecMayChange) {
  AudioPath path;
  path.red_distance = 1;
  for (int i = 0; i < 6; ++i) {
    path.codec = i % 2 == 0 ? CodecType::kOpus : CodecType::kPcmu;
    path.talk(5s);
    EXPECT_LT(path.stream.current_delay(), 100ms);
    EXPECT_EQ(path.stream.stats().codec, path.codec);
  }
  EXPECT_GT(path.played, 1500 - 6 * 5) << "what waits at the change is left out";
}

TEST(AudioLoss, WhatComesTwiceIsPlayedOnce) {
  AudioPath path;
  path.red_distance = 2;
  path.jitter = [&](Timestamp) { return path.chance(0.2) ? Duration{70ms} : Duration{0ms}; };  // reorders
  path.talk(10s);  // the path sees to the order
  EXPECT_GT(path.played, 490);
  EXPECT_LT(path.concealed_share(), 0.02);
}

TEST(AudioLoss, TimestampsThatJumpAboutDoNoHarm) {
  std::mt19937_64 random(5);
  AudioPath path;
  path.stream.set_jitter_buffer_target(1s);
  for (int i = 0; i < 300; ++i) {
    path.talk(200ms);
    path.jump(static_cast<std::int64_t>(random() % (1ULL << 33)) >> random() % 33);
    EXPECT_LE(path.stream.target_delay(), AudioReceiveStream::kMaxDelay);
  }
  path.stream.set_jitter_buffer_target(std::nullopt);
  path.talk(15s);
  path.concealed_share();
  path.talk(5s);
  EXPECT_EQ(path.concealed_share(), 0);
  EXPECT_LT(path.stream.current_delay(), 100ms);
}

// Packets that say nothing but what the test wants.
struct Flood {
  void send(std::uint16_t number, std::uint32_t timestamp, const Bytes& payload, rtp::PayloadType type) {
    Packet packet = pool.copy_of(payload);
    ASSERT_TRUE(rtp::write_header(packet, {false, type, number, timestamp, rtp::Ssrc(1)}, {}, {}));
    path.handle(packet.bytes());
  }
  AudioPath path;
  PacketPool pool{4};
};

TEST(AudioLoss, TenThousandFramesAtOnceAreBounded) {
  Flood flood;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    flood.send(static_cast<std::uint16_t>(i), i * 960,
               {0x78, 0, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8), 0}, AudioPath::kOpus);
  }
  const InboundRtpStreamStats stats = flood.path.stream.stats();
  EXPECT_GE(stats.packets_discarded + AudioFrameQueue::kMaxFrames, 10'000U);
  flood.path.pass(20s);
  EXPECT_LE(flood.path.played, 120) << "and are not played for minutes";
  EXPECT_EQ(flood.path.last_played, 9'999);
  EXPECT_EQ(flood.path.stream.next_timeout(), kNever);
}

TEST(AudioLoss, RedThatLiesIsDroppedAndCounted) {
  Flood flood;
  Bytes bomb;  // as many copies as are taken, each of them a frame of its own
  for (std::uint32_t i = 0; i < kMaxRedCopies; ++i) {
    const std::uint32_t rest = (i + 1) * 960 << 10 | 5;
    bomb.insert(bomb.end(), {0xef, static_cast<std::uint8_t>(rest >> 16), static_cast<std::uint8_t>(rest >> 8),
                             static_cast<std::uint8_t>(rest)});
  }
  bomb.push_back(0x6f);
  bomb.insert(bomb.end(), 5 * (kMaxRedCopies + 1), 0xf8);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    flood.send(static_cast<std::uint16_t>(i), i * 9'600, bomb, AudioPath::kRed);
  }
  InboundRtpStreamStats stats = flood.path.stream.stats();
  EXPECT_EQ(stats.fec_packets_received, 10'000 * kMaxRedCopies);
  const std::uint64_t discarded = stats.packets_discarded;
  flood.send(10'000, 0, {0xef, 0x0f, 0xff, 0xff, 0x6f, 1}, AudioPath::kRed);  // a length beyond the end
  flood.send(10'001, 0, {0x3f, 1, 2}, AudioPath::kRed);                       // RED in RED
  flood.send(10'002, 0, {0x60, 1, 2}, AudioPath::kRed);                       // of nobody's type
  EXPECT_EQ(flood.path.stream.stats().packets_discarded, discarded + 3);
  // A copy of another codec, and one of no type that is known, beside a good frame.
  stats = flood.path.stream.stats();
  flood.send(10'003, 96'000'000, {0x80, 0x0f, 0x00, 0x01, 0xe0, 0x0f, 0x00, 0x01, 0x6f, 1, 2, 0x78, 0, 0, 0, 0},
             AudioPath::kRed);
  EXPECT_EQ(flood.path.stream.stats().fec_packets_discarded, stats.fec_packets_discarded + 2);
}

}  // namespace
}  // namespace tidewire::media
