#include "rtp/header.h"

#include <gtest/gtest.h>

#include "rtp/demux.h"
#include "rtp/extensions.h"

namespace tidewire::rtp {
namespace {

const Bytes kPlain{0x80, 0xe0, 0x12, 0x34, 0x00, 0x01, 0x02, 0x03, 0xde, 0xad, 0xbe, 0xef, 0xaa, 0xbb};

struct ParseCase {
  const char* name;
  Bytes bytes;
  bool legal;
  std::size_t header_size = 0;
  std::size_t payload_size = 0;
  std::size_t padding_size = 0;
};

Bytes with(Bytes bytes, std::size_t at, std::uint8_t value) {
  bytes[at] = value;
  return bytes;
}

Bytes joined(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Bytes kHead(kPlain.begin(), kPlain.begin() + 12);

TEST(RtpHeader, ParsesWhatRfc3550Allows) {
  const std::vector<ParseCase> cases{
      {"plain", kPlain, true, 12, 2, 0},
      {"no payload", kHead, true, 12, 0, 0},
      {"version 1", with(kPlain, 0, 0x40), false},
      {"version 3", with(kPlain, 0, 0xc0), false},
      {"two csrcs", joined(with(kHead, 0, 0x82), Bytes(9)), true, 20, 1, 0},
      {"two csrcs, one missing", joined(with(kHead, 0, 0x82), Bytes(4)), false},
      {"padding", joined(with(kHead, 0, 0xa0), {7, 0, 0, 3}), true, 12, 1, 3},
      {"padding alone", joined(with(kHead, 0, 0xa0), {0, 0, 0, 4}), true, 12, 0, 4},
      {"padding of nothing", joined(with(kHead, 0, 0xa0), {0, 0}), false},
      {"padding longer than the packet", joined(with(kHead, 0, 0xa0), {0, 0, 4}), false},
      {"padding bit without a byte", with(kHead, 0, 0xa0), false},
      {"empty extension", joined(with(kHead, 0, 0x90), {0xbe, 0xde, 0, 0, 9}), true, 16, 1, 0},
      {"extension", joined(with(kHead, 0, 0x90), {0xbe, 0xde, 0, 1, 0x10, 5, 0, 0, 9}), true, 20, 1, 0},
      {"extension longer than the packet", joined(with(kHead, 0, 0x90), {0xbe, 0xde, 0, 2, 0x10, 5, 0, 0}), false},
      {"extension without a length", joined(with(kHead, 0, 0x90), {0xbe, 0xde}), false},
  };
  for (const ParseCase& c : cases) {
    const auto view = PacketView::parse(c.bytes);
    ASSERT_EQ(view.has_value(), c.legal) << c.name;
    if (!view) continue;
    EXPECT_EQ(view->header.size, c.header_size) << c.name;
    EXPECT_EQ(view->payload.size(), c.payload_size) << c.name;
    EXPECT_EQ(view->padding_size, c.padding_size) << c.name;
  }
}

TEST(RtpHeader, ReadsEachField) {
  const auto header = Header::parse(kPlain);
  ASSERT_TRUE(header);
  EXPECT_TRUE(header->marker);
  EXPECT_EQ(header->payload_type, PayloadType(96));
  EXPECT_EQ(header->sequence_number, 0x1234);
  EXPECT_EQ(header->timestamp, 0x00010203U);
  EXPECT_EQ(header->ssrc, Ssrc(0xdeadbeef));
  EXPECT_EQ(header->csrc_count(), 0U);
}

TEST(RtpHeader, RefusesEveryTruncation) {
  const Bytes whole = joined(with(kHead, 0, 0x91), {1, 2, 3, 4, 0xbe, 0xde, 0, 2, 0x12, 1, 2, 3, 0, 0, 0, 0});
  ASSERT_TRUE(Header::parse(whole));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_FALSE(Header::parse(cut)) << n;
  }
}

TEST(RtpHeader, FindsElementsInBothForms) {
  struct Case {
    const char* name;
    Bytes extension;  // profile, length and elements
    std::uint8_t id;
    std::optional<Bytes> data;
  };
  const std::vector<Case> cases{
      {"one byte", {0xbe, 0xde, 0, 1, 0x31, 7, 8, 0}, 3, Bytes{7, 8}},
      {"after padding", {0xbe, 0xde, 0, 1, 0, 0, 0x30, 9}, 3, Bytes{9}},
      {"id 0 with data is passed over", {0xbe, 0xde, 0, 1, 0x01, 1, 2, 0x30}, 3, std::nullopt},
      {"after id 0 with data", {0xbe, 0xde, 0, 2, 0x01, 1, 2, 0x30, 6, 0, 0, 0}, 3, Bytes{6}},
      {"id 15 ends it", {0xbe, 0xde, 0, 1, 0xf0, 1, 0x30, 9}, 3, std::nullopt},
      {"past the end", {0xbe, 0xde, 0, 1, 0, 0, 0x31, 9}, 3, std::nullopt},
      {"other profile", {0xab, 0xac, 0, 1, 0x30, 9, 0, 0}, 3, std::nullopt},
      {"two bytes", {0x10, 0x05, 0, 1, 200, 1, 9, 0}, 200, Bytes{9}},
      {"two bytes, empty", {0x10, 0, 0, 1, 0, 200, 0, 0}, 200, Bytes{}},
      {"two bytes, past the end", {0x10, 0, 0, 1, 200, 3, 1, 2}, 200, std::nullopt},
      {"two bytes, no length", {0x10, 0, 0, 1, 0, 0, 0, 200}, 200, std::nullopt},
  };
  for (const Case& c : cases) {
    const Bytes packet = joined(with(kHead, 0, 0x90), c.extension);
    const auto header = Header::parse(packet);
    ASSERT_TRUE(header) << c.name;
    const auto data = header->find_extension(c.id);
    ASSERT_EQ(data.has_value(), c.data.has_value()) << c.name;
    if (!data) continue;
    EXPECT_EQ(Bytes(data->begin(), data->end()), *c.data) << c.name;
  }
}

TEST(RtpDemux, KnowsRtcpByItsPacketType) {
  // RFC 5761 §4, and RFC 7983's ranges above it: payload types 35 to 63 are media, with and without marker.
  for (unsigned second = 0; second < 256; ++second) {
    const Bytes packet{0x80, static_cast<std::uint8_t>(second), 0, 0};
    EXPECT_EQ(is_rtcp(packet), second >= 192 && second <= 223) << second;
  }
  EXPECT_FALSE(is_rtcp(Bytes{0x80}));
  EXPECT_FALSE(is_rtcp(Bytes{0x40, 200}));
  EXPECT_FALSE(is_rtcp({}));
}

ExtensionMap full_map(std::uint8_t first_id) {
  ExtensionMap map;
  for (std::size_t i = 0; i < kExtensionTypes; ++i) {
    EXPECT_TRUE(map.add(static_cast<ExtensionType>(i), static_cast<std::uint8_t>(first_id + i)));
  }
  return map;
}

Extensions full_extensions() {
  Extensions extensions;
  extensions.mid = "0";
  extensions.rtp_stream_id = "hi";
  extensions.repaired_rtp_stream_id = "lo";
  extensions.audio_level = AudioLevel{true, 23};
  extensions.transport_sequence_number = 0xfedc;
  extensions.absolute_send_time = 0x123456;
  extensions.transmission_offset = -5;
  extensions.video_orientation = VideoOrientation{true, false, 270};
  extensions.absolute_capture_time = AbsoluteCaptureTime{NtpTime{0x0123456789abcdef}, -5};
  extensions.playout_delay = PlayoutDelay{std::chrono::milliseconds{20}, std::chrono::milliseconds{40'950}};
  static const Bytes kDescriptor{0xc0, 0x00, 0x01, 0x80};
  extensions.dependency_descriptor = OpaqueElement{kDescriptor};
  return extensions;
}

TEST(RtpExtensions, RoundTripInOneByteAndInTwoByteForm) {
  PacketPool pool;
  for (const std::uint8_t first_id : {std::uint8_t{1}, std::uint8_t{4}, std::uint8_t{16}, std::uint8_t{245}}) {
    const ExtensionMap map = full_map(first_id);
    Packet packet = pool.copy_of(as_bytes("payload"));
    ASSERT_TRUE(write_header(packet, {true, PayloadType(100), 7, 8, Ssrc(9)}, full_extensions(), map));
    const auto view = PacketView::parse(packet.bytes());
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header.extension_profile, first_id <= 4 ? 0xbede : 0x1000);
    EXPECT_EQ(as_text(view->payload), "payload");
    EXPECT_EQ(view->header.sequence_number, 7);
    EXPECT_EQ(view->header.ssrc, Ssrc(9));
    EXPECT_EQ(read_extensions(view->header, map), full_extensions());
  }
}

TEST(RtpExtensions, TakesTwoByteFormForALongText) {
  PacketPool pool;
  ExtensionMap map;
  ASSERT_TRUE(map.add(ExtensionType::kMid, 1));
  Extensions extensions;
  extensions.mid = "seventeen letters";
  Packet packet = pool.make();
  ASSERT_TRUE(write_header(packet, {}, extensions, map));
  const auto header = Header::parse(packet.bytes());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->extension_profile, 0x1000);
  EXPECT_EQ(read_extensions(*header, map).mid, "seventeen letters");
}

TEST(RtpExtensions, CaptureTimeMayGoWithoutItsClockOffset) {
  PacketPool pool;
  ExtensionMap map;
  ASSERT_TRUE(map.add(ExtensionType::kAbsoluteCaptureTime, 3));
  Extensions extensions;
  extensions.absolute_capture_time = AbsoluteCaptureTime{NtpTime{77}, std::nullopt};
  Packet packet = pool.make();
  ASSERT_TRUE(write_header(packet, {}, extensions, map));
  EXPECT_EQ(packet.size(), 12U + 4 + 12) << "one byte and eight, padded";
  EXPECT_EQ(read_extensions(*Header::parse(packet.bytes()), map), extensions);
}

TEST(RtpExtensions, PassOverAPlayoutDelayWithItsBoundsExchanged) {
  ExtensionMap map;
  ASSERT_TRUE(map.add(ExtensionType::kPlayoutDelay, 3));
  const auto read = [&](Bytes value) {
    const Bytes packet = joined(joined(with(kHead, 0, 0x90), {0xbe, 0xde, 0, 1, 0x32}), value);
    return read_extensions(*Header::parse(packet), map).playout_delay;
  };
  using std::chrono::milliseconds;
  EXPECT_EQ(read({0x00, 0x00, 0x00}), (PlayoutDelay{}));
  EXPECT_EQ(read({0x00, 0x10, 0x02}), (PlayoutDelay{milliseconds{10}, milliseconds{20}}));
  EXPECT_EQ(read({0xff, 0xff, 0xff}), (PlayoutDelay{milliseconds{40'950}, milliseconds{40'950}}));
  EXPECT_EQ(read({0x00, 0x20, 0x01}), std::nullopt);
}

TEST(RtpExtensions, ALongDependencyDescriptorTakesTheTwoByteForm) {
  PacketPool pool;
  ExtensionMap map;
  ASSERT_TRUE(map.add(ExtensionType::kDependencyDescriptor, 3));
  const Bytes descriptor(100, 0x55);
  Extensions extensions;
  extensions.dependency_descriptor = OpaqueElement{descriptor};
  Packet packet = pool.make();
  ASSERT_TRUE(write_header(packet, {}, extensions, map));
  EXPECT_EQ(Header::parse(packet.bytes())->extension_profile, 0x1000);
  EXPECT_EQ(read_extensions(*Header::parse(packet.bytes()), map), extensions);
  const Bytes large(255, 0x55);
  extensions.dependency_descriptor = OpaqueElement{large};
  Packet full = pool.make();
  EXPECT_FALSE(write_header(full, {}, extensions, map)) << "more than a packet's headroom";
}

TEST(RtpExtensions, AreNotWrittenWithoutAnId) {
  PacketPool pool;
  Packet packet = pool.make();
  ASSERT_TRUE(write_header(packet, {}, full_extensions(), ExtensionMap{}));
  EXPECT_EQ(packet.size(), 12U);
}

TEST(RtpExtensions, PassOverElementsOfAWrongLength) {
  const ExtensionMap map = full_map(1);
  // transport sequence number of one byte, absolute send time of two, orientation of two
  const Bytes packet = joined(with(kHead, 0, 0x90), {0xbe, 0xde, 0, 2, 0x50, 1, 0x61, 1, 2, 0x81, 0, 0});
  const auto header = Header::parse(packet);
  ASSERT_TRUE(header);
  EXPECT_EQ(read_extensions(*header, map), Extensions{});
}

TEST(RtpExtensions, ArePatchedInPlace) {
  PacketPool pool;
  const ExtensionMap map = full_map(1);
  Packet packet = pool.copy_of(as_bytes("x"));
  ASSERT_TRUE(write_header(packet, {}, full_extensions(), map));
  EXPECT_TRUE(patch_transport_sequence_number(packet, map, 0x0102));
  EXPECT_TRUE(patch_absolute_send_time(packet, map, Timestamp{std::chrono::milliseconds{64'500}}));
  const auto header = Header::parse(packet.bytes());
  Extensions expected = full_extensions();
  expected.transport_sequence_number = 0x0102;
  expected.absolute_send_time = 1U << 17;  // half a second, after the wrap at 64 s
  EXPECT_EQ(read_extensions(*header, map), expected);
  Packet bare = pool.make();
  ASSERT_TRUE(write_header(bare, {}, {}, map));
  EXPECT_FALSE(patch_transport_sequence_number(bare, map, 1));
}

TEST(RtpExtensions, SendTimeDoesNotOverflowAfterYears) {
  const Timestamp t{std::chrono::hours{24 * 365 * 100}};
  EXPECT_LT(to_absolute_send_time(t), 1U << 24);
  EXPECT_EQ(to_absolute_send_time(t), to_absolute_send_time(t + std::chrono::seconds{64}));
}

TEST(RtpExtensionMap, RefusesIdsThatAreReservedOrTaken) {
  ExtensionMap map;
  EXPECT_FALSE(map.add(ExtensionType::kMid, 0));
  EXPECT_FALSE(map.add(ExtensionType::kMid, 15));
  EXPECT_TRUE(map.add(ExtensionType::kMid, 4));
  EXPECT_FALSE(map.add(ExtensionType::kAudioLevel, 4));
  EXPECT_TRUE(map.add(ExtensionType::kMid, 4));
  EXPECT_EQ(map.type(4), ExtensionType::kMid);
  EXPECT_EQ(map.type(5), std::nullopt);
  EXPECT_EQ(map.type(0), std::nullopt);
}

TEST(RtpExtensionMap, KnowsEachUri) {
  for (std::size_t i = 0; i < kExtensionTypes; ++i) {
    EXPECT_EQ(extension_from_uri(uri(static_cast<ExtensionType>(i))), static_cast<ExtensionType>(i));
  }
  EXPECT_EQ(extension_from_uri("urn:example"), std::nullopt);
}

}  // namespace
}  // namespace tidewire::rtp
