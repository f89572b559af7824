// What is heard when a lossy network lies between the real encoder and the real decoder, in virtual time.
#include <gtest/gtest.h>

#include <map>

#include "codecs/audio_codec.h"
#include "codecs/audio_for_test.h"
#include "codecs/time_stretch.h"
#include "media/audio_path_for_test.h"

namespace tidewire {
namespace {

using media::AudioPath;
using media::AudioPlayout;
using namespace std::chrono_literals;
using Sound = AudioFrame (*)(int, int);

AudioFrame plain_tone(int start, int length) { return codecs::tone(start, length); }

struct Heard {
  std::vector<double> levels;  // of each 10 ms
  double concealed = 0;        // share, by the statistics
};

// Ten seconds and a bit: encoder, RTP, loss, the receiving stream, decoder and stretcher, as a call has them.
Heard listen(Sound sound, double loss, int red_distance) {
  AudioPath path;  // its losses and delays; what it sends is made here
  PacketPool pool(8);
  media::AudioRedundancy redundancy;
  // RED repairs what the redundancy of Opus would: nobody needs both.
  const auto enc = *codecs::make_audio_encoder(CodecType::kOpus, {.fec = red_distance == 0});
  const auto dec = *codecs::make_audio_decoder(CodecType::kOpus, {.channels = 2});
  codecs::TimeStretch stretch(1);
  std::vector<std::int16_t> heard;
  const auto take = [&](const AudioPlayout& slot) {
    auto decoded = slot.frame  ? dec->decode(*slot.frame)
                   : slot.next ? dec->recover(slot.duration, *slot.next)
                               : dec->conceal(slot.duration);
    ASSERT_TRUE(decoded);
    ASSERT_EQ(decoded->channels, 1);
    stretch.run(decoded->samples, (slot.play_for - slot.duration).count() * 48 / 1'000'000);
    heard.insert(heard.end(), decoded->samples.begin(), decoded->samples.end());
  };
  Timestamp now{1h};
  std::multimap<Timestamp, Packet> in_flight;
  for (int i = 0; i < 550; ++i, now += 20ms) {
    const auto encoded = enc->encode(sound(i * 960, 960));
    for (const EncodedFrame& frame : *encoded) {
      const std::uint32_t timestamp = frame.rtp_timestamp;
      Packet packet = redundancy.pack(AudioPath::kOpus, timestamp, frame.payload, red_distance, 1100, pool);
      const bool red = static_cast<bool>(packet);
      if (!red) packet = pool.copy_of(frame.payload);
      const rtp::HeaderFields fields{false, red ? AudioPath::kRed : AudioPath::kOpus, static_cast<std::uint16_t>(i),
                                     timestamp, rtp::Ssrc(1)};
      EXPECT_TRUE(rtp::write_header(packet, fields, {}, {}));
      if (i < 50 || !path.chance(loss)) in_flight.emplace(now + 30ms + path.part_of(8ms), std::move(packet));
    }
    for (Timestamp t = now; t < now + 20ms; t += 1ms) {
      while (!in_flight.empty() && in_flight.begin()->first <= t) {
        const auto node = in_flight.extract(in_flight.begin());
        const auto view = rtp::PacketView::parse(node.mapped().bytes());
        path.stream.handle_packet(*view, node.mapped().bytes().size(), t);
      }
      while (const auto slot = path.stream.poll_slot(t)) take(*slot);
    }
  }
  Heard result{.levels = codecs::levels(heard)};
  result.levels.erase(result.levels.begin(), result.levels.begin() + 50);
  const InboundRtpStreamStats stats = path.stream.stats();
  result.concealed = static_cast<double>(stats.concealed_samples) / static_cast<double>(stats.total_samples_received);
  return result;
}

int softer_than(const Heard& heard, double level) {
  return static_cast<int>(std::ranges::count_if(heard.levels, [&](double is) { return is < level; }));
}

TEST(SoundUnderLoss, AToneKeepsItsLevel) {
  for (const double loss : {0.02, 0.1}) {
    const Heard heard = listen(plain_tone, loss, 0);
    ASSERT_GT(heard.levels.size(), 1000U);
    EXPECT_LE(softer_than(heard, 0.03), 2) << loss;
    EXPECT_LE(softer_than(heard, 0.1), loss > 0.05 ? 30 : 3) << loss;
    const Heard repaired = listen(plain_tone, loss, 2);
    EXPECT_EQ(softer_than(repaired, 0.1), 0) << loss;
    EXPECT_LT(repaired.concealed, 0.005);
  }
}

TEST(SoundUnderLoss, AVoiceKeepsItsLevel) {
  const Heard whole = listen(codecs::voice, 0, 0);
  for (const double loss : {0.02, 0.1}) {
    const Heard heard = listen(codecs::voice, loss, 0);
    const Heard repaired = listen(codecs::voice, loss, 2);
    // The pauses between its words are soft: what is compared is how often it is so soft.
    for (const double level : {0.002, 0.01, 0.03, 0.05, 0.1}) {
      EXPECT_NEAR(softer_than(heard, level), softer_than(whole, level), loss > 0.05 ? 50 : 10) << loss << " " << level;
      EXPECT_NEAR(softer_than(repaired, level), softer_than(whole, level), 15) << loss << " " << level;
    }
    EXPECT_LT(heard.concealed, loss / 2) << "most is recovered";
    EXPECT_LT(repaired.concealed, 0.005);
  }
}

}  // namespace
}  // namespace tidewire
