#include <gtest/gtest.h>

#include <algorithm>

#include "codecs/h264_bitstream.h"
#include "codecs/video_for_test.h"

namespace tidewire::codecs {
namespace {

std::vector<NalType> types(const EncodedFrame& frame) {
  std::vector<NalType> all;
  const auto nals = split_annex_b(frame.payload);
  EXPECT_TRUE(nals);
  if (!nals) return all;
  for (const ByteView nal : *nals) all.push_back(nal_type(nal));
  return all;
}

TEST(H264, PutsTheSameParameterSetsBeforeEveryKeyFrame) {
  const auto enc = encoder(CodecType::kH264, 1'000'000);
  const EncodedFrame first = encode(*enc, scene(0, 320, 240));
  const EncodedFrame delta = encode(*enc, scene(1, 320, 240));
  enc->request_key_frame();
  const EncodedFrame second = encode(*enc, scene(2, 320, 240));
  const std::vector expected{NalType::kSps, NalType::kPps, NalType::kIdrSlice};
  EXPECT_EQ(types(first), expected);
  EXPECT_EQ(types(delta), std::vector{NalType::kSlice});
  EXPECT_EQ(types(second), expected);
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_TRUE(std::ranges::equal((*split_annex_b(first.payload))[i], (*split_annex_b(second.payload))[i]));
  }
}

TEST(H264, IsConstrainedBaseline) {
  const EncodedFrame key = encode(*encoder(CodecType::kH264, 1'000'000), scene(0, 320, 240));
  const ByteView sps = split_annex_b(key.payload)->front();
  EXPECT_EQ(sps[1], 66);           // profile_idc
  EXPECT_EQ(sps[2] & 0x40, 0x40);  // constraint_set1_flag
  EXPECT_LE(sps[3], 31);           // level_idc
}

// RFC 6184 §6.2: without fragments, a NAL unit has to fit a packet.
TEST(H264, CutsPicturesIntoSlicesOfTheSizeAskedFor) {
  auto made = make_video_encoder(CodecType::kH264, {.bitrate = 2'000'000, .max_slice_size = 1000});
  ASSERT_TRUE(made);
  const auto dec = decoder(CodecType::kH264);
  for (int i = 0; i < 20; ++i) {
    const VideoFrame original = scene(i, 640, 480);
    const auto encoded = (*made)->encode(original);
    ASSERT_TRUE(encoded);
    if (!*encoded) continue;
    const auto nals = *split_annex_b((*encoded)->payload);
    EXPECT_GT(nals.size(), 1U);
    for (const ByteView nal : nals) EXPECT_LE(nal.size(), 1000U);
    const auto decoded = dec->decode(**encoded);
    ASSERT_TRUE(decoded && *decoded);
    EXPECT_GT(psnr(*original.buffer, *(*decoded)->buffer), 20);
  }
}

TEST(H264, LeavesOutTheLastRowAndColumnOfOddPictures) {
  const VideoFrame odd = scene(0, 65, 49);
  const EncodedFrame key = encode(*encoder(CodecType::kH264, 1'000'000), odd);
  EXPECT_EQ(key.width, 64);
  EXPECT_EQ(key.height, 48);
  const auto decoded = decoder(CodecType::kH264)->decode(key);
  ASSERT_TRUE(decoded && *decoded);
  EXPECT_EQ((*decoded)->width(), 64);
  for (const int x : {0, 30, 63}) EXPECT_NEAR((*decoded)->buffer->y()[x], odd.buffer->y()[x], 30);
}

TEST(H264, RefusesPicturesThatTheLibraryCannotTake) {
  const auto enc = encoder(CodecType::kH264, 1'000'000);
  for (const auto& [width, height] : {std::pair{15, 64}, {64, 15}, {1, 1}, {8192, 4096}}) {
    const auto encoded = enc->encode({std::make_shared<I420Buffer>(width, height), Timestamp{}, 0});
    ASSERT_FALSE(encoded);
    EXPECT_EQ(encoded.error().code, ErrorCode::kRange);
  }
}

TEST(H264Decoder, WaitsForParameterSetsAndAnIdrPicture) {
  EncodedFrame key = encode(*encoder(CodecType::kH264, 1'000'000), scene(0, 64, 48));
  const ByteView idr = split_annex_b(key.payload)->back();
  EncodedFrame bare{.codec = CodecType::kH264, .payload = {0, 0, 0, 1}};
  bare.payload.insert(bare.payload.end(), idr.begin(), idr.end());
  EXPECT_FALSE(decoder(CodecType::kH264)->decode(bare));
}

TEST(H264Decoder, RefusesTheFrameAfterALostOne) {
  const auto enc = encoder(CodecType::kH264, 1'000'000);
  const auto dec = decoder(CodecType::kH264);
  EXPECT_TRUE(dec->decode(encode(*enc, scene(0, 64, 48))));
  encode(*enc, scene(1, 64, 48));
  EXPECT_FALSE(dec->decode(encode(*enc, scene(2, 64, 48))));
}

TEST(H264Bitstream, SplitsAtStartCodesOfThreeAndFourBytes) {
  const Bytes stream = {0, 0, 0, 1, 0x67, 7, 0, 0, 1, 0x68, 0, 0, 0, 1, 0x65, 1, 2};
  const auto nals = split_annex_b(stream);
  ASSERT_TRUE(nals);
  ASSERT_EQ(nals->size(), 3U);
  EXPECT_TRUE(std::ranges::equal((*nals)[0], Bytes{0x67, 7}));
  EXPECT_TRUE(std::ranges::equal((*nals)[1], Bytes{0x68}));
  EXPECT_TRUE(std::ranges::equal((*nals)[2], Bytes{0x65, 1, 2}));
}

TEST(H264Bitstream, RefusesWhatDoesNotBeginWithAStartCode) {
  for (const Bytes& bytes : {Bytes{}, Bytes{0x65}, Bytes{0, 0}, Bytes{0x65, 0, 0, 1, 0x67}, Bytes{7, 0, 0, 1, 0x67}}) {
    EXPECT_FALSE(split_annex_b(bytes)) << bytes.size();
  }
}

TEST(H264Bitstream, ReadsTheSizeOfBaselineAndHigh) {
  struct Row {
    Bytes sps;
    Size size;
  };
  const std::vector<Row> table = {
      // Baseline, level 3.1, 1280x720: profile 42, level 1f, then 1 (id 0), 1 (frame_num), 011 (type 2), 010 (one
      // reference), 0, 0000001010000 (80 columns), 00000101101 (45 rows), 1.
      {{0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe8}, {1280, 720}},
      // High, level 4, 1920x1088: the chroma format comes first.
      {{0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0}, {1920, 1088}},
  };
  for (const Row& row : table) {
    const auto sps = parse_sequence_parameters(row.sps);
    ASSERT_TRUE(sps);
    EXPECT_EQ(sps->size.width, row.size.width);
    EXPECT_EQ(sps->size.height, row.size.height);
    EXPECT_FALSE(parse_sequence_parameters(ByteView(row.sps).first(6)));
  }
}

}  // namespace
}  // namespace tidewire::codecs
