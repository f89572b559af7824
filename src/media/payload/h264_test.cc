// Payloads of H.264: RFC 6184's figures, what must be refused, and sequence parameter sets.
#include "media/payload/h264.h"

#include <gtest/gtest.h>

#include "media/payload/bits_for_test.h"
#include "media/payload/h264_sps.h"

namespace tidewire::media {
namespace {

// Baseline, 640 × 480, as an encoder writes it.
const Bytes kSps{0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04};
const Bytes kPps{0x68, 0xce, 0x3c, 0x80};

Bytes concat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}
Bytes aggregated(const Bytes& nal_unit) {
  return concat(
      {{static_cast<std::uint8_t>(nal_unit.size() >> 8), static_cast<std::uint8_t>(nal_unit.size())}, nal_unit});
}
Bytes with_start_code(const Bytes& nal_unit) { return concat({{0, 0, 0, 1}, nal_unit}); }

TEST(H264Payload, TellsWhatItIsPartOf) {
  struct Case {
    const char* name;
    Bytes bytes;
    bool may_begin, begins, decodable, key, picture, non_reference;
  };
  const std::vector<Case> cases{
      {"IDR slice, first", {0x65, 0x88, 1}, true, false, false, true, true, false},
      {"IDR slice, later one", {0x65, 0x58, 1}, false, false, false, true, true, false},
      {"slice, first", {0x41, 0x9a, 1}, true, false, false, false, true, false},
      {"slice that nothing needs", {0x01, 0x9a, 1}, true, false, false, false, true, true},
      {"delimiter", {0x09, 0xf0}, true, true, false, false, false, true},
      {"sequence parameters", kSps, true, false, true, false, false, false},
      {"picture parameters", kPps, true, false, false, false, false, false},
      {"end of sequence", {0x0a}, false, false, false, false, false, true},
      {"STAP-A of both parameters", concat({{0x78}, aggregated(kSps), aggregated(kPps)}), true, false, true, false,
       false, false},
      {"STAP-A with an IDR slice", concat({{0x78}, aggregated(kSps), aggregated(kPps), aggregated({0x65, 0x88, 1})}),
       true, false, true, true, true, false},
      {"FU-A, start of an IDR slice", {0x7c, 0x85, 0x88, 1}, true, false, false, true, true, false},
      {"FU-A, start of a later slice", {0x7c, 0x85, 0x58, 1}, false, false, false, true, true, false},
      {"FU-A, middle", {0x7c, 0x05, 0x88, 1}, false, false, false, false, true, false},
      {"FU-A, end", {0x1c, 0x41, 0x88, 1}, false, false, false, false, true, true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto info = parse_h264_payload(c.bytes);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->may_begin, c.may_begin);
    EXPECT_EQ(info->begins, c.begins);
    EXPECT_EQ(info->decodable_from_here, c.decodable);
    EXPECT_EQ(info->key_frame, c.key);
    EXPECT_EQ(info->picture, c.picture);
    EXPECT_EQ(info->non_reference, c.non_reference);
  }
  EXPECT_EQ(parse_h264_payload(kSps)->width, 640);
  EXPECT_EQ(parse_h264_payload(concat({{0x78}, aggregated(kSps), aggregated(kPps)}))->height, 480);
}

TEST(H264Payload, RefusesWhatCannotBe) {
  const std::vector<std::pair<const char*, Bytes>> cases{
      {"nothing", {}},
      {"type 0", {0x60, 1}},
      {"STAP-B", {0x79, 0, 0, 0, 1, 0x65}},
      {"MTAP16", {0x7a, 0, 0, 0, 4, 0, 0, 0, 0x65}},
      {"MTAP24", {0x7b, 0, 0, 0, 4, 0, 0, 0, 0x65}},
      {"FU-B", {0x7d, 0x85, 0, 0, 1}},
      {"type 30", {0x7e, 1}},
      {"STAP-A of nothing", {0x78}},
      {"STAP-A with a tail of one byte", concat({{0x78}, aggregated(kPps), {0}})},
      {"STAP-A with a size alone", concat({{0x78}, aggregated(kPps), {0, 1}})},
      {"STAP-A with an empty NAL unit", {0x78, 0, 0}},
      {"STAP-A with a size beyond its end", {0x78, 0, 3, 0x65, 0x88}},
      {"STAP-A in a STAP-A", {0x78, 0, 4, 0x78, 0, 1, 0x65}},
      {"FU-A without a header", {0x7c}},
      {"FU-A without content", {0x7c, 0x85}},
      {"FU-A that starts and ends", {0x7c, 0xc5, 0x88}},
      {"FU-A of a STAP-A", {0x7c, 0x98, 0x88}},
      {"FU-A of type 0", {0x7c, 0x80, 0x88}},
      {"parameters cut short", {0x67, 0x42, 0xc0}},
  };
  for (const auto& [name, bytes] : cases) EXPECT_FALSE(parse_h264_payload(bytes)) << name;
}

std::optional<Bytes> build(std::initializer_list<Bytes> payloads) {
  H264FrameBuilder builder;
  Bytes frame;
  for (const Bytes& payload : payloads) {
    if (!builder.add(payload, frame)) return std::nullopt;
  }
  return builder.finish() ? std::optional(frame) : std::nullopt;
}

TEST(H264FrameBuilder, PutsNalUnitsTogether) {
  const auto frame = build({concat({{0x78}, aggregated(kSps), aggregated(kPps)}),
                            {0x06, 5},
                            {0x7c, 0x85, 0x88, 1},
                            {0x7c, 0x05, 2, 3},
                            {0x7c, 0x45, 4}});
  EXPECT_EQ(frame, concat({with_start_code(kSps), with_start_code(kPps), with_start_code({0x06, 5}),
                           with_start_code({0x65, 0x88, 1, 2, 3, 4})}));
}

TEST(H264FrameBuilder, RefusesFragmentsThatDoNotFollow) {
  EXPECT_FALSE(build({{0x7c, 0x05, 2}})) << "without a start";
  EXPECT_FALSE(build({{0x7c, 0x85, 0x88}})) << "without an end";
  EXPECT_FALSE(build({{0x7c, 0x85, 0x88}, {0x7c, 0x41, 2}})) << "of another type";
  EXPECT_FALSE(build({{0x7c, 0x85, 0x88}, {0x7c, 0x85, 2}})) << "two starts";
  EXPECT_FALSE(build({{0x7c, 0x85, 0x88}, {0x65, 0x88}})) << "something between";
  EXPECT_FALSE(build({{0x7c, 0x85, 0x88}, concat({{0x78}, aggregated(kPps)})})) << "an aggregate between";
}

// A sequence parameter set of the baseline profile.
Bytes baseline(std::uint32_t columns, std::uint32_t rows, bool frames_only, std::vector<std::uint32_t> crop = {}) {
  BitWriter writer;
  writer.bits(8, 0x67).bits(24, 0x42c01e).golomb(0).golomb(0).golomb(2).golomb(1).bits(1, 0);
  writer.golomb(columns - 1).golomb(rows - 1).bits(1, frames_only ? 1 : 0);
  if (!frames_only) writer.bits(1, 0);
  writer.bits(1, 1).bits(1, crop.empty() ? 0 : 1);
  for (const std::uint32_t c : crop) writer.golomb(c);
  return writer.bits(1, 0).bits(1, 1).bytes();
}

TEST(H264PictureSize, IsReadFromEveryForm) {
  EXPECT_EQ(h264_picture_size(kSps), (PictureSize{640, 480}));
  EXPECT_EQ(h264_picture_size(baseline(120, 68, true, {0, 0, 0, 4})), (PictureSize{1920, 1080}));
  EXPECT_EQ(h264_picture_size(baseline(120, 34, false, {0, 0, 0, 2})), (PictureSize{1920, 1080})) << "fields";
  BitWriter high;  // 4:4:4, scaling lists, picture order of type 1
  high.bits(8, 0x67).bits(24, 0xf40028).golomb(0).golomb(3).bits(1, 0).golomb(0).golomb(0).bits(1, 0);
  high.bits(1, 1).bits(1, 1);
  for (int i = 0; i < 16; ++i) high.golomb(i == 0 ? 1 : 0);
  high.bits(11, 0);
  high.golomb(0).golomb(1).bits(1, 0).golomb(1).golomb(2).golomb(2).golomb(3).golomb(4).golomb(1).bits(1, 0);
  high.golomb(79).golomb(44).bits(1, 1).bits(1, 1).bits(1, 1).golomb(1).golomb(2).golomb(0).golomb(0).bits(2, 1);
  EXPECT_EQ(h264_picture_size(high.bytes()), (PictureSize{1277, 720}));
}

TEST(H264PictureSize, IsRefusedWhenItCannotBe) {
  EXPECT_FALSE(h264_picture_size({}));
  EXPECT_FALSE(h264_picture_size(baseline(1U << 31, 30, true)));
  EXPECT_FALSE(h264_picture_size(baseline(40, 1U << 31, true)));
  EXPECT_FALSE(h264_picture_size(baseline(1025, 30, true))) << "wider than 16,384";
  EXPECT_FALSE(h264_picture_size(baseline(40, 1000, false))) << "higher, by fields";
  EXPECT_FALSE(h264_picture_size(baseline(40, 30, true, {200, 200, 0, 0}))) << "cropped away";
  EXPECT_FALSE(h264_picture_size(baseline(40, 30, true, {0xffff'fff0, 0x20, 0, 0}))) << "cropped around the corner";
  for (std::size_t n = 0; n < 8; ++n) EXPECT_FALSE(h264_picture_size(ByteView(kSps).first(n))) << n;
}

std::vector<Bytes> cut(const Bytes& frame, std::size_t max_payload, H264PacketizationMode mode, Result<>* result) {
  PacketPool pool;
  std::vector<Packet> packets;
  PacketizerOptions options{.max_payload = max_payload, .h264_mode = mode};
  PayloadSink sink(options, pool, packets);
  *result = packetize_h264(frame, options, sink);
  std::vector<Bytes> payloads;
  for (const Packet& packet : packets) {
    EXPECT_EQ(packet.headroom(), Packet::kHeadroom);
    payloads.emplace_back(packet.bytes().begin(), packet.bytes().end());
  }
  return payloads;
}

TEST(H264Packetizer, AggregatesSmallNalUnitsAndCutsLargeOnes) {
  Bytes slice(100, 7);
  slice[0] = 0x65;
  const Bytes frame = concat({{0, 0, 1}, kSps, {0}, with_start_code(kPps), with_start_code(slice), {0, 0}});
  Result<> result;
  const auto payloads = cut(frame, 50, H264PacketizationMode::kNonInterleaved, &result);
  ASSERT_TRUE(result);
  ASSERT_EQ(payloads.size(), 4U);
  EXPECT_EQ(payloads[0], concat({{0x78}, aggregated(kSps), aggregated(kPps)}));
  EXPECT_EQ(Bytes(payloads[1].begin(), payloads[1].begin() + 3), (Bytes{0x7c, 0x85, 7}));
  EXPECT_EQ(Bytes(payloads[2].begin(), payloads[2].begin() + 3), (Bytes{0x7c, 0x05, 7}));
  EXPECT_EQ(Bytes(payloads[3].begin(), payloads[3].begin() + 3), (Bytes{0x7c, 0x45, 7}));
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(payloads[i].size(), 2 + 33U) << "equal parts";
}

TEST(H264Packetizer, SendsSingleNalUnitsInModeZero) {
  const Bytes frame = concat({with_start_code(kSps), with_start_code(kPps), with_start_code({0x65, 0x88, 1})});
  Result<> result;
  const auto payloads = cut(frame, 50, H264PacketizationMode::kSingleNalUnit, &result);
  ASSERT_TRUE(result);
  EXPECT_EQ(payloads, (std::vector<Bytes>{kSps, kPps, {0x65, 0x88, 1}}));
  Bytes large(100, 7);
  large[0] = 0x65;
  cut(with_start_code(large), 50, H264PacketizationMode::kSingleNalUnit, &result);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotSupported);
}

TEST(H264Packetizer, RefusesWhatIsNoAccessUnit) {
  Result<> result;
  for (const Bytes& frame : {Bytes{0x65, 1, 2, 3}, Bytes{1, 0, 0, 1, 0x65}, Bytes{0, 0, 0, 0},
                             with_start_code({0x7c, 0x85, 1}), with_start_code({0x60, 1})}) {
    cut(frame, 50, H264PacketizationMode::kNonInterleaved, &result);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kEncoding);
  }
}

}  // namespace
}  // namespace tidewire::media
