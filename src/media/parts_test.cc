// The small parts that streams are made of, each by itself.
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "media/budgets.h"
#include "media/deadline_heap.h"
#include "media/nack_list.h"
#include "media/payload/opus.h"
#include "media/payload/vp8.h"
#include "media/reception.h"
#include "media/rtx.h"
#include "media/stream_router.h"

namespace tidewire::media {
namespace {

using namespace std::chrono_literals;
using rtp::PayloadType;
using rtp::Ssrc;

Timestamp at(Duration d) { return Timestamp{d}; }

TEST(Vp8Descriptor, ReadsEveryFormOfRfc7741) {
  struct Case {
    const char* name;
    Bytes bytes;
    std::size_t size;  // 0: refused
    bool starts;
    std::optional<std::uint16_t> picture_id;
  };
  const std::vector<Case> cases{
      {"empty", {}, 0, false, {}},
      {"least, start", {0x10}, 1, true, {}},
      {"least, continuation", {0x00}, 1, false, {}},
      {"start of a later partition", {0x11}, 1, false, {}},
      {"extension byte missing", {0x90}, 0, false, {}},
      {"no extension in spite of X", {0x90, 0x00}, 2, true, {}},
      {"picture id of 7 bits", {0x90, 0x80, 0x11}, 3, true, 0x11},
      {"picture id of 15 bits", {0x90, 0x80, 0x92, 0x34}, 4, true, 0x1234},
      {"picture id cut", {0x90, 0x80, 0x92}, 0, false, {}},
      {"everything", {0x90, 0xf0, 0x92, 0x34, 0x56, 0xe5}, 6, true, 0x1234},
      {"everything, cut", {0x90, 0xf0, 0x92, 0x34, 0x56}, 0, false, {}},
  };
  for (const Case& c : cases) {
    const auto descriptor = Vp8Descriptor::parse(c.bytes);
    ASSERT_EQ(descriptor.has_value(), c.size != 0) << c.name;
    if (!descriptor) continue;
    EXPECT_EQ(descriptor->size, c.size) << c.name;
    EXPECT_EQ(descriptor->starts_frame(), c.starts) << c.name;
    EXPECT_EQ(descriptor->picture_id, c.picture_id) << c.name;
  }
  const Bytes all{0x90, 0xf0, 0x92, 0x34, 0x56, 0xe5};
  const auto descriptor = Vp8Descriptor::parse(all);
  EXPECT_EQ(descriptor->tl0_picture_index, 0x56);
  EXPECT_EQ(descriptor->temporal_layer, 3);
  EXPECT_TRUE(descriptor->layer_sync);
  EXPECT_EQ(descriptor->key_index, 5);
}

TEST(Vp8Descriptor, WrittenIsRead) {
  for (const bool starts : {false, true}) {
    const auto descriptor = Vp8Descriptor::parse(vp8_descriptor(starts, 0x7abc));
    EXPECT_EQ(descriptor->size, kVp8DescriptorSize);
    EXPECT_EQ(descriptor->starts_frame(), starts);
    EXPECT_EQ(descriptor->picture_id, 0x7abc);
  }
}

TEST(Vp8FrameHeader, TellsKeyFramesAndTheirSize) {
  EXPECT_FALSE(Vp8FrameHeader::parse({}));
  EXPECT_FALSE(Vp8FrameHeader::parse(Bytes{0x11})->key_frame);
  const Bytes key{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0xe0, 0x81};  // with scaling bits
  EXPECT_TRUE(Vp8FrameHeader::parse(key)->key_frame);
  EXPECT_EQ(Vp8FrameHeader::parse(key)->width, 640);
  EXPECT_EQ(Vp8FrameHeader::parse(key)->height, 480);
  for (std::size_t n = 1; n < key.size(); ++n) EXPECT_FALSE(Vp8FrameHeader::parse(ByteView(key).first(n))) << n;
  Bytes wrong = key;
  wrong[4] = 2;
  EXPECT_FALSE(Vp8FrameHeader::parse(wrong));
}

TEST(OpusDuration, FollowsTheTableOfRfc6716) {
  const auto toc = [](int configuration, int code) { return static_cast<std::uint8_t>(configuration << 3 | code); };
  EXPECT_EQ(opus_duration({}), std::nullopt);
  EXPECT_EQ(opus_duration(Bytes{toc(0, 0)}), 480U);
  EXPECT_EQ(opus_duration(Bytes{toc(11, 0)}), 2880U);
  EXPECT_EQ(opus_duration(Bytes{toc(13, 0)}), 960U);
  EXPECT_EQ(opus_duration(Bytes{toc(16, 0)}), 120U);
  EXPECT_EQ(opus_duration(Bytes{toc(15, 1)}), 1920U);
  EXPECT_EQ(opus_duration(Bytes{toc(15, 2)}), 1920U);
  EXPECT_EQ(opus_duration(Bytes{toc(15, 3)}), std::nullopt);
  EXPECT_EQ(opus_duration(Bytes{toc(15, 3), 3}), 2880U);
  EXPECT_EQ(opus_duration(Bytes{toc(15, 3), 0}), std::nullopt);
  EXPECT_EQ(opus_duration(Bytes{toc(11, 3), 3}), std::nullopt) << "180 ms";
}

TEST(Rtx, WrappedIsUnwrapped) {
  PacketPool pool;
  rtp::ExtensionMap map;
  map.add(rtp::ExtensionType::kMid, 1);
  rtp::Extensions extensions;
  extensions.mid = "v";
  Packet original = pool.copy_of(as_bytes("payload"));
  ASSERT_TRUE(rtp::write_header(original, {true, PayloadType(96), 0x1234, 77, Ssrc(5)}, extensions, map));
  Packet packet = wrap_rtx(original, {Ssrc(6), PayloadType(97)}, 9, extensions, map, pool);
  ASSERT_TRUE(packet);
  const auto wrapped = rtp::PacketView::parse(packet.bytes());
  EXPECT_EQ(wrapped->header.ssrc, Ssrc(6));
  EXPECT_EQ(wrapped->header.sequence_number, 9);
  ASSERT_TRUE(unwrap_rtx(packet, *wrapped, Ssrc(5), PayloadType(96)));
  EXPECT_EQ(Bytes(packet.bytes().begin(), packet.bytes().end()),
            Bytes(original.bytes().begin(), original.bytes().end()));
  Packet padding = pool.copy_of(Bytes{1, 2});
  ASSERT_TRUE(rtp::write_header(padding, {}, {}, map));
  EXPECT_FALSE(unwrap_rtx(padding, *rtp::PacketView::parse(padding.bytes()), Ssrc(5), PayloadType(96)));
}

TEST(NackList, AsksAfterTheReorderToleranceAndThenEachRoundTrip) {
  NackList list;
  std::array<std::uint16_t, 16> out;
  EXPECT_TRUE(list.handle_packet(10, at(0ms)));
  EXPECT_TRUE(list.handle_packet(13, at(1ms)));
  EXPECT_EQ(list.next_timeout(), at(6ms));
  EXPECT_EQ(list.collect(out, at(5ms), 40ms), 0U);
  ASSERT_EQ(list.collect(out, at(6ms), 40ms), 2U);
  EXPECT_EQ(out[0], 11);
  EXPECT_EQ(out[1], 12);
  EXPECT_TRUE(list.handle_packet(12, at(20ms)));
  EXPECT_EQ(list.next_timeout(), at(56ms));
  ASSERT_EQ(list.collect(out, at(56ms), 40ms), 1U);
  EXPECT_EQ(out[0], 11);
  list.forget_before(12);
  EXPECT_EQ(list.next_timeout(), kNever);
}

TEST(NackList, GivesUpAfterItsTriesAndOnALongGap) {
  NackList list;
  std::array<std::uint16_t, 16> out;
  list.handle_packet(0, at(0ms));
  list.handle_packet(2, at(0ms));
  int tries = 0;
  while (list.next_timeout() != kNever) tries += static_cast<int>(list.collect(out, list.next_timeout(), 10ms));
  EXPECT_EQ(tries, NackList::kMaxTries);
  EXPECT_FALSE(list.handle_packet(2 + static_cast<std::int64_t>(NackList::kMaxMissing) + 2, at(1s)));
  EXPECT_EQ(list.next_timeout(), kNever);
}

TEST(Reception, BelievesASecondPacketFromFarAway) {
  Reception reception(90'000);
  rtp::Header header;
  const auto handle = [&](std::uint16_t number) {
    header.sequence_number = number;
    return reception.handle_packet(header, at(0ms));
  };
  EXPECT_EQ(handle(65'535), Reception::Verdict::kAccepted);
  EXPECT_EQ(handle(1), Reception::Verdict::kAccepted);
  EXPECT_EQ(reception.sequence_number(), 65'537);
  EXPECT_EQ(reception.cumulative_lost(), 1);
  EXPECT_EQ(handle(20'000), Reception::Verdict::kStray);
  EXPECT_EQ(handle(2), Reception::Verdict::kAccepted);
  EXPECT_EQ(handle(30'000), Reception::Verdict::kStray);
  EXPECT_EQ(handle(30'001), Reception::Verdict::kRestarted);
  EXPECT_EQ(reception.cumulative_lost(), 0);
}

TEST(Reception, ReportsTheLossOfEachInterval) {
  Reception reception(90'000);
  rtp::Header header;
  EXPECT_FALSE(reception.make_report_block(Ssrc(1), at(0ms)));
  for (std::uint16_t n = 0; n < 100; ++n) {
    header.sequence_number = n;
    if (n % 4 != 1) reception.handle_packet(header, at(0ms));
  }
  const auto first = reception.make_report_block(Ssrc(1), at(1s));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->fraction_lost, 25 * 256 / 100);
  EXPECT_EQ(first->cumulative_lost, 25);
  EXPECT_EQ(first->extended_highest_sequence_number, 99U);
  EXPECT_FALSE(reception.make_report_block(Ssrc(1), at(2s))) << "nobody was heard";
  header.sequence_number = 100;
  reception.handle_packet(header, at(2s));
  EXPECT_EQ(reception.make_report_block(Ssrc(1), at(2s))->fraction_lost, 0);
}

TEST(StreamRouter, GoesByMidThenBySsrcThenByPayloadType) {
  StreamRouter router;
  const auto config = [](const char* mid, std::vector<std::uint8_t> types, std::vector<Ssrc> ssrcs) {
    ReceiveStreamConfig c{.mid = mid, .ssrcs = std::move(ssrcs)};
    for (const std::uint8_t type : types) c.codecs.push_back({PayloadType(type), CodecType::kVp8, std::nullopt});
    return c;
  };
  const StreamId a(1), b(2);
  router.add(a, config("a", {96, 98}, {Ssrc(10)}));
  router.add(b, config("b", {96, 99}, {}));
  EXPECT_EQ(router.route(Ssrc(1), PayloadType(96), {"b", {}}), b);
  EXPECT_EQ(router.route(Ssrc(1), PayloadType(96), {}), b) << "learnt by the MID";
  EXPECT_EQ(router.route(Ssrc(10), PayloadType(96), {}), a) << "announced";
  EXPECT_EQ(router.route(Ssrc(2), PayloadType(99), {}), b) << "the only one with this type";
  EXPECT_EQ(router.route(Ssrc(3), PayloadType(96), {}), std::nullopt) << "both have it";
  EXPECT_EQ(router.route(Ssrc(4), PayloadType(98), {"b", {}}), std::nullopt) << "not a type of that section";
  EXPECT_EQ(router.route(Ssrc(4), PayloadType(96), {"c", {}}), std::nullopt) << "nobody's MID";
  EXPECT_EQ(router.route(Ssrc(10), PayloadType(96), {"b", {}}), b) << "a MID overrules what was announced";
  EXPECT_EQ(router.find(Ssrc(10)), b);
  router.remove(b);
  EXPECT_EQ(router.find(Ssrc(1)), std::nullopt);
}

TEST(DeadlineHeap, AlwaysTellsTheEarliest) {
  DeadlineHeap<int> heap;
  std::map<int, Timestamp> model;
  std::uint32_t random = 1;
  for (int i = 0; i < 20'000; ++i) {
    random = random * 1'664'525 + 1'013'904'223;
    const int key = static_cast<int>(random >> 16) % 50;
    const Timestamp deadline = random % 7 == 0 ? kNever : Timestamp{Duration{random >> 8}};
    if (random % 11 == 0) {
      heap.remove(key);
      model.erase(key);
    } else {
      heap.set(key, deadline);
      model[key] = deadline;
    }
    Timestamp earliest = kNever;
    for (const auto& [k, d] : model) earliest = std::min(earliest, d);
    ASSERT_EQ(heap.next(), earliest);
    if (earliest != kNever) {
      ASSERT_EQ(model[heap.key()], earliest);
    }
  }
}

TEST(TokenBucket, GivesItsRateAndItsBurst) {
  TokenBucket bucket(8000, 500);  // 1000 bytes a second
  EXPECT_FALSE(bucket.take(501, at(0ms)));
  EXPECT_TRUE(bucket.take(500, at(0ms)));
  EXPECT_FALSE(bucket.take(1, at(0ms)));
  EXPECT_TRUE(bucket.take(100, at(100ms)));
  EXPECT_FALSE(bucket.take(1, at(100ms)));
  EXPECT_TRUE(bucket.take(500, at(1h)));
  EXPECT_FALSE(bucket.take(1, at(1h)));
}

}  // namespace
}  // namespace tidewire::media
