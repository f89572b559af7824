// Frames of every codec from packets that come in any order, more than once, or not at all.
#include "media/frame_assembler.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "media/frames_for_test.h"
#include "media/payload/format.h"
#include "rtp/extensions.h"

namespace tidewire::media {
namespace {

using Insert = FrameAssembler::Insert;

struct Sent {
  std::int64_t number = 0;
  CodecType codec = CodecType::kVp8;
  std::uint32_t timestamp = 0;
  bool marker = false;
  Bytes payload;
};

// A source of packets, and the assembler that they go to.
class Source {
 public:
  explicit Source(std::uint64_t seed) : random(seed) {}

  // Appends the packets of a frame.
  void send(const EncodedFrame& frame, const PacketizerOptions& options) {
    ASSERT_TRUE(packetize(frame, options, pool_, packets_));
    for (const Packet& packet : packets_) {
      sent.push_back({next_number_++, frame.codec, next_timestamp_, &packet == &packets_.back(),
                      Bytes(packet.bytes().begin(), packet.bytes().end())});
    }
    frames[next_timestamp_] = frame;
    next_timestamp_ += 3000;
  }
  // Appends a packet with a payload made by hand.
  void send(CodecType codec, Bytes payload, bool marker) {
    sent.push_back({next_number_++, codec, next_timestamp_, marker, std::move(payload)});
    if (marker) next_timestamp_ += 3000;
  }

  Insert insert(const Sent& packet) {
    Packet bytes = pool_.copy_of(packet.payload);
    const rtp::HeaderFields fields{packet.marker, rtp::PayloadType(96), static_cast<std::uint16_t>(packet.number),
                                   packet.timestamp, rtp::Ssrc(1)};
    EXPECT_TRUE(rtp::write_header(bytes, fields, {}, {}));
    const auto view = rtp::PacketView::parse(bytes.bytes());
    return assembler.insert(packet.number, packet.codec, std::move(bytes), *view, Timestamp{});
  }
  void insert_all() {
    for (const Sent& packet : sent) insert(packet);
  }

  // Takes what is ready, and holds it against what was sent.
  void take_all() {
    while (const auto ready = assembler.ready()) {
      const auto frame = assembler.take(*ready);
      ASSERT_TRUE(frame);
      const auto original = frames.find(frame->rtp_timestamp);
      ASSERT_NE(original, frames.end());
      ASSERT_EQ(frame->payload, original->second.payload);
      ASSERT_EQ(frame->codec, original->second.codec);
      ASSERT_EQ(frame->key_frame, original->second.key_frame);
      ASSERT_EQ(frame->width, frame->key_frame ? 640 : 0);
      const bool follows = last && frame->rtp_timestamp == *last + 3000;
      ASSERT_TRUE(frame->key_frame || follows) << "a delta frame without the frame before it";
      ASSERT_TRUE(!last || frame->rtp_timestamp > *last) << "frames out of order";
      last = frame->rtp_timestamp;
      ++taken;
    }
  }

  std::mt19937_64 random;
  FrameAssembler assembler;
  std::vector<Sent> sent;
  std::map<std::uint32_t, EncodedFrame> frames;
  std::optional<std::uint32_t> last;
  std::size_t taken = 0;

 private:
  PacketPool pool_;
  std::vector<Packet> packets_;
  std::int64_t next_number_ = 5000;
  std::uint32_t next_timestamp_ = 90'000;
};

// Neighbours change places, as far as `reach` packets.
void shuffle(std::vector<Sent>& packets, std::size_t reach, std::mt19937_64& random) {
  std::vector<std::pair<std::size_t, Sent>> order;
  for (std::size_t i = 0; i < packets.size(); ++i) order.emplace_back(i + random() % reach, std::move(packets[i]));
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < packets.size(); ++i) packets[i] = std::move(order[i].second);
}

class EveryPicture : public testing::TestWithParam<std::tuple<CodecType, std::size_t, int>> {
 protected:
  EveryPicture() : source(static_cast<std::uint64_t>(std::get<2>(GetParam()))) {}

  // 60 pictures, a key frame each so many.
  void send_pictures(int key_frame_interval) {
    for (int i = 0; i < 60; ++i) {
      const bool key = i % key_frame_interval == 0;
      const EncodedFrame frame = frame_of(std::get<0>(GetParam()), key, 50 + source.random() % 3000, source.random);
      source.send(frame, {.max_payload = std::get<1>(GetParam()), .picture_id = static_cast<std::uint16_t>(i)});
    }
  }
  Source source;
};

TEST_P(EveryPicture, IsWholeInWhateverOrderItsPacketsCome) {
  // A second key frame would be taken at once, were it whole before what comes before it.
  send_pictures(60);
  shuffle(source.sent, 12, source.random);
  std::size_t inserted = 0;
  for (const Sent& packet : source.sent) {
    ASSERT_EQ(source.insert(packet), Insert::kStored);
    if (++inserted > 24) source.take_all();
    ASSERT_EQ(source.insert(packet), Insert::kUseless) << "twice";
  }
  EXPECT_EQ(source.taken, 60U);
  EXPECT_EQ(source.assembler.frames_abandoned(), 0U);
}

TEST_P(EveryPicture, IsWholeWithoutMarkers) {
  send_pictures(20);
  for (Sent& packet : source.sent) packet.marker = false;
  for (const Sent& packet : source.sent) {
    source.insert(packet);
    source.take_all();
  }
  EXPECT_EQ(source.taken, 59U) << "nothing tells that the last one is over";
}

TEST_P(EveryPicture, IsWholeOrMissingWhenPacketsAre) {
  send_pictures(20);
  // The first picture comes through, so that there is something to go on from, and one packet for certain does not.
  const std::uint32_t first = source.sent.front().timestamp;
  const std::int64_t middle = source.sent[source.sent.size() / 2].number;
  std::erase_if(source.sent, [&](const Sent& packet) {
    return packet.number == middle || (packet.timestamp != first && source.random() % 40 == 0);
  });
  shuffle(source.sent, 6, source.random);
  for (const Sent& packet : source.sent) {
    source.insert(packet);
    source.take_all();
  }
  EXPECT_GT(source.taken, 0U);
  EXPECT_LT(source.taken, 60U);
}

INSTANTIATE_TEST_SUITE_P(Codecs, EveryPicture,
                         testing::Combine(testing::Values(CodecType::kVp8, CodecType::kVp9, CodecType::kH264,
                                                          CodecType::kAv1),
                                          testing::Values(100, 500, 1200), testing::Range(1, 6)));

TEST(FrameAssembler, FindsAKeyFrameOfThreePacketsInAnyOrder) {
  std::array<std::size_t, 3> order{0, 1, 2};
  do {
    Source source(1);
    std::mt19937_64 random(3);
    EncodedFrame frame = frame_of(CodecType::kH264, true, 10, random);
    // Without its second slice and its SEI: sets and a slice, each a packet.
    frame.payload = {0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0x84, 0,    0,    3, 0,
                     4, 0, 0, 0, 1,    0x68, 0xce, 0x3c, 0x80, 0,    0,    0,    1,    0x65, 0x88, 7};
    source.send(frame, {.h264_mode = H264PacketizationMode::kSingleNalUnit});
    ASSERT_EQ(source.sent.size(), 3U);
    for (const std::size_t i : order) source.insert(source.sent[i]);
    source.take_all();
    EXPECT_EQ(source.taken, 1U);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(FrameAssembler, WaitsForWhatMayComeBeforeASliceOfAKeyFrame) {
  Source source(1);
  source.send(CodecType::kH264, {0x41, 0x9a, 1}, true);
  source.send(CodecType::kH264, {0x41, 0x9a, 2}, true);
  source.send(CodecType::kH264, {0x65, 0x88, 3}, true);
  source.insert(source.sent[0]);
  source.insert(source.sent[2]);
  EXPECT_FALSE(source.assembler.ready()) << "parameter sets may be missing";
  EXPECT_FALSE(source.assembler.key_frame_begun());
  source.insert(source.sent[1]);
  const auto ready = source.assembler.ready();
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->first, source.sent[2].number);
  EXPECT_TRUE(ready->key_frame);
}

TEST(FrameAssembler, TakesMarkedParameterSetsAndTheirSliceForOneFrame) {
  Source source(1);
  source.send(CodecType::kH264, {0x68, 0xce, 0x3c, 0x80}, false);
  source.send(CodecType::kH264, {0x65, 0x88, 3}, true);
  source.sent[0].marker = true;
  source.insert_all();
  const auto ready = source.assembler.ready();
  ASSERT_TRUE(ready);
  EXPECT_EQ(source.assembler.take(*ready)->payload,
            (Bytes{0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80, 0, 0, 0, 1, 0x65, 0x88, 3}));
}

TEST(FrameAssembler, GivesUpAFrameThatContradictsItself) {
  Source source(1);
  source.send(CodecType::kH264, {0x65, 0x88, 1}, true);
  source.send(CodecType::kH264, {0x41, 0x9a, 1}, false);
  source.send(CodecType::kH264, {0x5c, 0x41, 1}, true);  // the end of what never began
  source.send(CodecType::kH264, {0x41, 0x9a, 1}, true);
  source.send(CodecType::kH264, {0x65, 0x88, 2}, true);
  for (std::size_t i = 0; i < 4; ++i) source.insert(source.sent[i]);
  EXPECT_TRUE(source.assembler.take(*source.assembler.ready()));
  EXPECT_FALSE(source.assembler.take(*source.assembler.ready()));
  EXPECT_TRUE(source.assembler.needs_key_frame());
  EXPECT_FALSE(source.assembler.ready());
  EXPECT_EQ(source.assembler.frames_abandoned(), 1U);
  source.insert(source.sent[4]);
  EXPECT_TRUE(source.assembler.take(*source.assembler.ready()));
}

TEST(FrameAssembler, CountsWhatIsNoPayloadAsMalformed) {
  Source source(1);
  source.send(CodecType::kH264, {0x78, 0, 9, 1}, true);
  source.send(CodecType::kAv1, {0x00, 0x80}, true);
  source.send(CodecType::kVp9, {0x8e}, true);
  for (const Sent& packet : source.sent) EXPECT_EQ(source.insert(packet), Insert::kMalformed);
}

TEST(FrameAssembler, TakesTheLayersOfAVp9PictureForOneFrame) {
  const Bytes key{0x82, 0x49, 0x83, 0x42, 0x20, 0x27, 0xf0, 0x1d, 0xf0};
  const auto with = [](Bytes head, const Bytes& rest) {
    head.insert(head.end(), rest.begin(), rest.end());
    return head;
  };
  Source source(1);
  source.send(CodecType::kVp9, with({0xac, 0x11, 0x00, 0}, key), false);
  source.send(CodecType::kVp9, {0xac, 0x11, 0x03, 0, 0x86, 1}, true);
  source.send(CodecType::kVp9, {0xec, 0x12, 0x00, 1, 0x86, 2}, false);
  source.send(CodecType::kVp9, with({0xac, 0x12, 0x02, 1}, key), true);
  source.insert_all();
  const auto first = source.assembler.take(*source.assembler.ready());
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->key_frame);
  EXPECT_EQ(first->payload, with(with(key, {0x86, 1}), {0xd9, 9, 0, 0, 0, 2, 0, 0, 0, 0xd9}));
  const auto second = source.assembler.take(*source.assembler.ready());
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->key_frame) << "its lowest layer needs the picture before";
  EXPECT_EQ(second->payload, with(with({0x86, 2}, key), {0xd9, 2, 0, 0, 0, 9, 0, 0, 0, 0xd9}));
}

TEST(FrameAssembler, KeepsPaddingOutOfFrames) {
  Source source(1);
  source.send(CodecType::kH264, {0x65, 0x88, 1}, true);
  source.send(CodecType::kH264, {}, false);
  source.send(CodecType::kH264, {0x41, 0x9a, 2}, true);
  source.insert_all();
  for (const int last : {1, 2}) {
    const auto ready = source.assembler.ready();
    ASSERT_TRUE(ready);
    EXPECT_EQ(source.assembler.take(*ready)->payload.back(), last);
  }
}

TEST(FrameAssembler, FollowsAChangeOfCodecAtAKeyFrame) {
  Source source(1);
  const auto send = [&](CodecType codec, bool key) { source.send(frame_of(codec, key, 900, source.random), {}); };
  for (const CodecType codec : {CodecType::kVp8, CodecType::kH264, CodecType::kVp9, CodecType::kAv1}) {
    send(codec, true);
    send(codec, false);
  }
  source.insert_all();
  source.take_all();
  EXPECT_EQ(source.taken, 8U);
  EXPECT_EQ(source.assembler.frames_abandoned(), 0U);
}

TEST(FrameAssembler, NeverMixesTwoCodecs) {
  Source source(1);
  source.send(frame_of(CodecType::kVp8, true, 900, source.random), {});
  source.send(frame_of(CodecType::kH264, false, 900, source.random), {});
  source.insert_all();
  source.take_all();
  EXPECT_EQ(source.taken, 1U) << "the other codec has had no key frame";
  EXPECT_TRUE(source.assembler.needs_key_frame());
  // One timestamp, no marker, two codecs.
  Source mixed(1);
  mixed.send(
      CodecType::kVp8,
      [] {
        std::mt19937_64 r(1);
        Bytes b{0x10};
        const Bytes f = vp8_frame(true, 9, r);
        b.insert(b.end(), f.begin(), f.end());
        return b;
      }(),
      false);
  mixed.send(CodecType::kH264, {0x41, 0x9a, 1}, true);
  mixed.insert_all();
  const auto ready = mixed.assembler.ready();
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->first, ready->last);
  EXPECT_EQ(mixed.assembler.take(*ready)->codec, CodecType::kVp8);
}

}  // namespace
}  // namespace tidewire::media
