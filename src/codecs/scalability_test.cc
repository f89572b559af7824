// Every codec in every mode that it has: what comes out, and what is left when layers are taken away.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "base/layer_pattern.h"
#include "base/vp9_index.h"
#include "codecs/video_for_test.h"

namespace tidewire::codecs {
namespace {

constexpr std::array kModes{"L1T1", "L1T2",     "L1T3",     "L2T1",     "L2T2",     "L2T3",     "L3T1",    "L3T2",
                            "L3T3", "L2T1_KEY", "L2T2_KEY", "L2T3_KEY", "L3T1_KEY", "L3T2_KEY", "L3T3_KEY"};
constexpr std::array kCodecs{CodecType::kVp8, CodecType::kVp9, CodecType::kH264, CodecType::kAv1};

using Case = std::tuple<CodecType, ScalabilityMode>;

std::vector<Case> supported() {
  std::vector<Case> cases;
  for (const CodecType codec : kCodecs) {
    for (const char* name : kModes) {
      if (supports(codec, *ScalabilityMode::parse(name))) cases.emplace_back(codec, *ScalabilityMode::parse(name));
    }
  }
  return cases;
}

class Layers : public testing::TestWithParam<Case> {
 protected:
  static constexpr int kWidth = 320;
  static constexpr int kHeight = 180;

  CodecType codec() const { return std::get<0>(GetParam()); }
  ScalabilityMode mode() const { return std::get<1>(GetParam()); }

  std::unique_ptr<VideoEncoder> make_encoder() const {
    auto made = make_video_encoder(codec(), {.bitrate = 1'500'000, .scalability_mode = mode()});
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  // Of `count` pictures those that were not skipped, with a key frame wanted at 37.
  std::vector<EncodedFrame> encode_some(int count) const {
    const auto enc = make_encoder();
    std::vector<EncodedFrame> frames;
    for (int i = 0; i < count; ++i) {
      if (i == 37) enc->request_key_frame();
      auto encoded = enc->encode(scene(i, kWidth, kHeight));
      EXPECT_TRUE(encoded) << encoded.error().message;
      if (!encoded) break;
      if (!*encoded) continue;
      EXPECT_EQ((*encoded)->key_frame, i == 0 || i == 37) << i;
      frames.push_back(std::move(**encoded));
    }
    return frames;
  }
  // The number of the picture in the scene that a frame shows.
  static VideoFrame original(const EncodedFrame& frame) {
    const auto since = frame.timestamp - Timestamp{std::chrono::seconds{1}};
    return scene(static_cast<int>((since.count() * 30 + 500'000'000) / 1'000'000'000), kWidth, kHeight);
  }
  // Only the spatial layers up to one, as a receiver puts them together.
  static EncodedFrame only(EncodedFrame frame, int spatial) {
    std::size_t size = 0;
    std::vector<std::size_t> sizes;
    for (int i = 0; i <= spatial; ++i) {
      sizes.push_back(frame.layers.frames[static_cast<std::size_t>(i)].size);
      size += sizes.back();
    }
    frame.payload.resize(size);
    if (frame.codec == CodecType::kVp9) append_vp9_index(frame.payload, sizes);
    return frame;
  }
};

TEST_P(Layers, TellPatternAndSizes) {
  const auto frames = encode_some(60);
  ASSERT_GT(frames.size(), 50U);
  int position = 0;
  for (const EncodedFrame& frame : frames) {
    if (frame.key_frame) position = 0;
    const PictureLayers& layers = frame.layers;
    EXPECT_EQ(layers.mode, mode());
    EXPECT_EQ(layers.temporal_layer, pattern_picture(mode(), position).temporal_layer);
    ASSERT_EQ(layers.count, mode().spatial_layers);
    std::size_t size = 0;
    for (const LayerFrame& layer : layers.spatial()) {
      EXPECT_GT(layer.size, 0U);
      size += layer.size;
      for (const std::uint16_t distance : layer.dependencies()) EXPECT_GT(distance, 0);
    }
    EXPECT_LE(size, frame.payload.size());
    EXPECT_LE(frame.payload.size(), size + 16) << "an index, and nothing else";
    EXPECT_EQ(layers.frames[layers.count - 1].width, kWidth);
    EXPECT_EQ(layers.frames[0].distance_count, frame.key_frame ? 0U : 1U);
    EXPECT_GE(frame.quantizer, 0);
    ++position;
  }
}

TEST_P(Layers, DecodeAllTogether) {
  const auto dec = decoder(codec());
  double worst = 99;
  for (const EncodedFrame& frame : encode_some(60)) {
    const auto decoded = dec->decode(frame);
    ASSERT_TRUE(decoded) << decoded.error().message;
    ASSERT_TRUE(*decoded);
    EXPECT_EQ((*decoded)->timestamp, frame.timestamp);
    worst = std::min(worst, psnr(*original(frame).buffer, *(*decoded)->buffer));
  }
  EXPECT_GT(worst, 24);
}

TEST_P(Layers, DecodeTheLowerTemporalOnesAlone) {
  const auto frames = encode_some(60);
  for (int highest = 0; highest + 1 < mode().temporal_layers; ++highest) {
    const auto dec = decoder(codec());
    int count = 0;
    for (const EncodedFrame& frame : frames) {
      if (frame.layers.temporal_layer > highest) continue;
      const auto decoded = dec->decode(frame);
      ASSERT_TRUE(decoded) << decoded.error().message;
      ASSERT_TRUE(*decoded);
      EXPECT_GT(psnr(*original(frame).buffer, *(*decoded)->buffer), 24) << count;
      ++count;
    }
    EXPECT_GT(count, 50 >> (mode().temporal_layers - 1 - highest));
  }
}

TEST_P(Layers, DecodeTheLowerSpatialOnesAlone) {
  const auto frames = encode_some(30);
  for (int highest = 0; highest + 1 < mode().spatial_layers; ++highest) {
    const auto dec = decoder(codec());
    for (const EncodedFrame& frame : frames) {
      const LayerFrame& layer = frame.layers.frames[static_cast<std::size_t>(highest)];
      const auto decoded = dec->decode(only(frame, highest));
      ASSERT_TRUE(decoded) << decoded.error().message;
      ASSERT_TRUE(*decoded);
      EXPECT_EQ((*decoded)->width(), layer.width);
      EXPECT_EQ((*decoded)->height(), layer.height);
    }
  }
}

TEST_P(Layers, ChangeRatesWithoutKeyFrames) {
  const auto enc = make_encoder();
  std::size_t bytes = 0;
  for (int i = 0; i < 120; ++i) {
    if (i == 60) enc->set_rates({.bitrate = 300'000, .max_framerate = 15});
    const auto encoded = enc->encode(scene(i < 60 ? i : 60 + 2 * (i - 60), kWidth, kHeight));
    ASSERT_TRUE(encoded) << encoded.error().message;
    if (!*encoded) continue;
    EXPECT_EQ((*encoded)->key_frame, i == 0) << i;
    if (i >= 90) bytes += (*encoded)->payload.size();
  }
  constexpr double kWanted = 2 * 300'000 / 8;  // of two seconds
  EXPECT_LT(static_cast<double>(bytes), 1.4 * kWanted);
  EXPECT_GT(static_cast<double>(bytes), 0.5 * kWanted);
}

TEST_P(Layers, ChangeSizeWithoutKeyFramesWhereTheCodecCan) {
  const bool can = codec() == CodecType::kVp9 || codec() == CodecType::kAv1;
  const auto enc = make_encoder();
  const auto dec = decoder(codec());
  int count = 0;
  std::vector<int> keys;
  for (const auto& [width, height] : {std::pair{320, 192}, {240, 144}, {160, 96}, {320, 192}, {80, 64}, {320, 192}}) {
    for (int i = 0; i < 9; ++i, ++count) {
      const VideoFrame frame = scene(count, width, height);
      const auto encoded = enc->encode(frame);
      ASSERT_TRUE(encoded) << encoded.error().message;
      if (!*encoded) continue;
      if ((*encoded)->key_frame) keys.push_back(count);
      const auto decoded = dec->decode(**encoded);
      ASSERT_TRUE(decoded && *decoded) << count;
      ASSERT_EQ((*decoded)->width(), width) << count;
      ASSERT_EQ((*decoded)->height(), height);
      EXPECT_GT(psnr(*frame.buffer, *(*decoded)->buffer), 20) << count;
    }
  }
  // Less than half, and more than there is room for, are too much.
  EXPECT_EQ(keys, (can ? std::vector{0, 36, 45} : std::vector{0, 9, 18, 27, 36, 45}));
}

TEST_P(Layers, RefusePicturesThatAreTooSmallForThem) {
  if (mode().spatial_layers == 1) return;
  const auto encoded = make_encoder()->encode(scene(0, 40, 31));
  ASSERT_FALSE(encoded);
  EXPECT_EQ(encoded.error().code, ErrorCode::kRange);
}

// White, with lines of black "text"; a cursor blinks.
VideoFrame page(int number) {
  const VideoFrame blank = scene(number, 640, 360);
  auto picture = std::make_shared<I420Buffer>(640, 360);
  std::fill(picture->y(), picture->u(), std::uint8_t{235});
  std::fill(picture->u(), picture->v() + picture->stride_uv() * picture->chroma_height(), std::uint8_t{128});
  for (int y = 20; y < 340; ++y) {
    for (int x = 20; x < 600; ++x) {
      const bool ink = y % 16 < 10 && (x * 7919 / 5 + y * 104'729 / 3) % 7 < 2;
      if (ink) picture->y()[y * picture->stride_y() + x] = 16;
    }
  }
  for (int y = 342; y < 352; ++y) picture->y()[y * picture->stride_y() + 20] = number / 15 % 2 == 0 ? 16 : 235;
  return {picture, blank.timestamp, 0};
}

class ScreenContent : public testing::TestWithParam<CodecType> {};

TEST_P(ScreenContent, TakesFewBitsForAPageThatStandsStill) {
  auto made = make_video_encoder(GetParam(), {.bitrate = 2'000'000, .content_hint = ContentHint::kScreen});
  ASSERT_TRUE(made);
  const auto dec = decoder(GetParam());
  std::size_t bytes = 0;
  double last = 0;
  for (int i = 0; i < 120; ++i) {
    const auto encoded = (*made)->encode(page(i));
    ASSERT_TRUE(encoded);
    if (!*encoded) continue;
    const auto decoded = dec->decode(**encoded);
    ASSERT_TRUE(decoded && *decoded);
    if (i < 60) continue;
    bytes += (*encoded)->payload.size();
    last = psnr(*page(i).buffer, *(*decoded)->buffer);
  }
  RecordProperty("kbit_per_second", std::to_string(bytes * 8 / 2000));
  RecordProperty("psnr", std::to_string(last));
  EXPECT_LT(bytes * 8 / 2, 300'000U) << "bit/s, of two million that it may take";
  EXPECT_GT(last, 30);
}

TEST_P(ScreenContent, AndTheDenoiserGoWithOtherSizesAndTemporalLayers) {
  for (const ContentHint hint : {ContentHint::kCamera, ContentHint::kScreen}) {
    auto made = make_video_encoder(
        GetParam(), {.scalability_mode = {1, 2, false}, .content_hint = hint, .denoise = hint == ContentHint::kCamera});
    ASSERT_TRUE(made);
    const auto dec = decoder(GetParam());
    for (int i = 0; i < 16; ++i) {
      const auto encoded = (*made)->encode(i < 8 ? scene(i, 160, 96) : scene(i, 120, 80));
      ASSERT_TRUE(encoded) << encoded.error().message;
      if (!*encoded) continue;
      const auto decoded = dec->decode(**encoded);
      ASSERT_TRUE(decoded && *decoded);
      EXPECT_EQ((*decoded)->width(), i < 8 ? 160 : 120);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Codecs, ScreenContent, testing::ValuesIn(kCodecs), codec_name);

TEST(ScalabilityMode, ReadsAndWritesTheNamesOfTheStandard) {
  for (const char* name : kModes) {
    const auto mode = ScalabilityMode::parse(name);
    ASSERT_TRUE(mode) << name;
    EXPECT_EQ(to_string(*mode), name);
  }
  EXPECT_EQ(ScalabilityMode::parse("L3T2_KEY"), (ScalabilityMode{3, 2, true}));
  for (const char* name : {"", "L1", "L0T1", "L4T1", "L1T4", "L1T0", "L1T1_KEY", "l1t1", "S2T1", "L2T2h", "L1T1 "}) {
    EXPECT_FALSE(ScalabilityMode::parse(name)) << name;
  }
}

TEST(ScalabilityMode, EncodersSayWhichOnesTheyHave) {
  EXPECT_TRUE(supports(CodecType::kVp8, {1, 3, false}));
  EXPECT_FALSE(supports(CodecType::kVp8, {2, 1, false}));
  EXPECT_FALSE(supports(CodecType::kH264, {2, 1, true}));
  EXPECT_TRUE(supports(CodecType::kAv1, {3, 3, true}));
  EXPECT_FALSE(supports(CodecType::kAv1, {4, 1, false}));
  EXPECT_FALSE(supports(CodecType::kOpus, {}));
  const auto refused = make_video_encoder(CodecType::kVp8, {.scalability_mode = {3, 1, false}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotSupported);
}

INSTANTIATE_TEST_SUITE_P(Modes, Layers, testing::ValuesIn(supported()), [](const auto& each) {
  return std::string(to_string(std::get<0>(each.param))) + to_string(std::get<1>(each.param));
});

}  // namespace
}  // namespace tidewire::codecs
