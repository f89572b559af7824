// Dependency descriptors: bytes as a browser sends them, every mode's structure there and back, and hostile bytes.
#include "rtp/dependency_descriptor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "base/layer_pattern.h"
#include "rtp/dependency_descriptor_bits.h"
#include "rtp/dependency_descriptor_writer.h"

namespace tidewire::rtp {
namespace {

constexpr std::array kModes{"L1T1", "L1T2",     "L1T3",     "L2T1",     "L2T2",     "L2T3",     "L3T1",    "L3T2",
                            "L3T3", "L2T1_KEY", "L2T2_KEY", "L2T3_KEY", "L3T1_KEY", "L3T2_KEY", "L3T3_KEY"};

std::string indications(const FrameDependencies& frame, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "-DSR"[static_cast<std::size_t>(frame.indications[i])];
  return text;
}

// QUIRK chrome: the first packet of an L1T2 stream, as its wire shows it.
const Bytes kBrowserKeyFrame{0x80, 0x00, 0x01, 0x80, 0x01, 0x1e, 0xa8, 0x51, 0x41, 0x01, 0x0c, 0x04, 0xfc, 0x03, 0xbc};

TEST(DependencyReader, ReadsWhatABrowserSends) {
  DependencyReader reader;
  EXPECT_FALSE(reader.read(Bytes{0xc0, 0x00, 0x02})) << "no structure is known yet";
  const auto key = reader.read(kBrowserKeyFrame);
  ASSERT_TRUE(key && key->structure);
  EXPECT_TRUE(key->first_packet);
  EXPECT_FALSE(key->last_packet);
  EXPECT_EQ(key->frame_number, 1);
  const DependencyStructure& structure = *key->structure;
  EXPECT_EQ(structure.decode_target_count, 2);
  EXPECT_EQ(structure.chain_count, 1);
  ASSERT_EQ(structure.templates.size(), 3U);
  EXPECT_EQ(indications(structure.templates[0], 2), "SS");
  EXPECT_EQ(indications(structure.templates[1], 2), "SS");
  EXPECT_EQ(indications(structure.templates[2], 2), "-D");
  EXPECT_EQ(structure.templates[0].distance_count, 0);
  EXPECT_EQ(structure.templates[1].distances[0], 2);
  EXPECT_EQ(structure.templates[2].distances[0], 1);
  EXPECT_EQ(structure.templates[2].temporal_layer, 1);
  EXPECT_EQ(structure.templates[1].chain_distances[0], 2);
  EXPECT_EQ(structure.templates[2].chain_distances[0], 1);
  EXPECT_EQ(structure.resolutions, (std::vector<RenderResolution>{{320, 240}}));

  const auto upper = reader.read(Bytes{0xc2, 0x00, 0x02});
  ASSERT_TRUE(upper);
  EXPECT_TRUE(upper->last_packet);
  EXPECT_EQ(upper->frame_number, 2);
  EXPECT_EQ(upper->frame, structure.templates[2]);
  EXPECT_FALSE(reader.read(Bytes{0xc3, 0x00, 0x03})) << "there is no fourth template";
  EXPECT_FALSE(reader.read(Bytes{0xff, 0x00, 0x03})) << "nor one before the first";

  // The same structure once more is the same bytes; only the padding is ours to choose.
  std::array<std::uint8_t, 32> room{};
  const std::size_t size = write_dependency_descriptor(*key, structure, room);
  EXPECT_TRUE(std::ranges::equal(ByteView(room).first(size), kBrowserKeyFrame));
}

TEST(DependencyReader, ReadsCustomFieldsAndActiveDecodeTargets) {
  DependencyReader reader;
  const auto key = reader.read(kBrowserKeyFrame);
  ASSERT_TRUE(key);
  DependencyDescriptor wanted{.first_packet = true, .last_packet = true, .frame_number = 0xfffe};
  wanted.frame = key->structure->templates[2];
  wanted.frame.distances = {1, 17, 300};
  wanted.frame.distance_count = 3;
  wanted.frame.indications[1] = DecodeTargetIndication::kRequired;
  wanted.frame.chain_distances[0] = 200;
  wanted.active_decode_targets = 1;
  std::array<std::uint8_t, 32> room{};
  const std::size_t size = write_dependency_descriptor(wanted, *key->structure, room);
  ASSERT_GT(size, 3U);
  EXPECT_EQ(reader.read(ByteView(room).first(size)), wanted);
  for (std::size_t cut = 1; cut < size; ++cut) {
    EXPECT_NE(reader.read(ByteView(room).first(cut)), wanted) << cut;
    EXPECT_EQ(write_dependency_descriptor(wanted, *key->structure, std::span(room).first(cut)), 0U);
  }
}

TEST(DependencyReader, KeepsItsStructureWhenAnotherOneIsBroken) {
  DependencyReader reader;
  ASSERT_TRUE(reader.read(kBrowserKeyFrame));
  const auto before = reader.structure();
  for (std::size_t cut = 4; cut + 1 < kBrowserKeyFrame.size(); ++cut) {
    EXPECT_FALSE(reader.read(ByteView(kBrowserKeyFrame).first(cut))) << cut;
  }
  EXPECT_EQ(reader.structure(), before);
}

TEST(DependencyReader, RefusesMoreThanItsBounds) {
  const auto refuses = [](std::initializer_list<std::pair<int, std::uint32_t>> fields) {
    std::array<std::uint8_t, 255> room{};
    DependencyBitWriter out(room);
    out.bits(24, 0x800001);
    out.bits(5, 0x10);
    out.bits(6, 0);
    for (const auto& [count, value] : fields) out.bits(count, value);
    return !DependencyReader().read(room);
  };
  EXPECT_TRUE(refuses({{5, 31}, {2, 2}, {2, 2}, {2, 2}, {2, 2}, {2, 3}})) << "five spatial layers";
  EXPECT_TRUE(refuses({{5, 0}, {16, 0x5555}, {2, 3}})) << "nine temporal layers";
  EXPECT_TRUE(refuses({{5, 0}, {32, 0}, {32, 0}, {32, 0}, {32, 0}, {2, 3}})) << "65 templates";
  EXPECT_TRUE(refuses({{5, 0}, {2, 3}, {2, 2}, {20, 0xfffff}, {32, 0xffffffff}})) << "more than eight references";
  EXPECT_FALSE(refuses({{5, 0}, {2, 3}, {2, 2}, {1, 0}, {1, 0}})) << "the least there is";
}

TEST(DependencyReader, SurvivesNoise) {
  std::mt19937_64 random(11);
  DependencyReader reader;
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes = kBrowserKeyFrame;
    if (round % 2 == 0) bytes.resize(random() % 64);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (round % 2 == 0 || random() % 8 == 0) bytes[i] = static_cast<std::uint8_t>(random());
    }
    const auto descriptor = reader.read(bytes);
    if (!descriptor) continue;
    // What was understood can be said again.
    std::array<std::uint8_t, 2048> room{};
    const std::size_t size = write_dependency_descriptor(*descriptor, *reader.structure(), room);
    ASSERT_GT(size, 0U);
    EXPECT_EQ(parse_dependency_descriptor(ByteView(room).first(size), &*reader.structure()), descriptor);
  }
}

EncodedFrame picture(ScalabilityMode mode, int position) {
  EncodedFrame frame{.codec = CodecType::kAv1, .key_frame = position == 0};
  frame.layers.mode = mode;
  frame.layers.temporal_layer = static_cast<std::uint8_t>(pattern_picture(mode, position).temporal_layer);
  frame.layers.count = mode.spatial_layers;
  for (int i = 0; i < mode.spatial_layers; ++i) {
    LayerFrame& layer = frame.layers.frames[static_cast<std::size_t>(i)];
    layer.width = 320 << i;
    layer.height = 180 << i;
    const PatternDistances back = pattern_distances(mode, position, i, position == 0);
    std::copy_n(back.distances.begin(), back.count, layer.distances.begin());
    layer.distance_count = back.count;
  }
  return frame;
}

class EveryMode : public testing::TestWithParam<const char*> {};

TEST_P(EveryMode, FitsItsBoundAndComesBackAsItWas) {
  const ScalabilityMode mode = *ScalabilityMode::parse(GetParam());
  DependencyWriter writer;
  DependencyReader reader;
  int number = 0;
  // Two key frames, the second one in the middle of a pattern.
  for (int i = 0; i < 25; ++i) {
    const int position = i < 15 ? i : i - 15;
    ASSERT_TRUE(writer.begin(picture(mode, position)));
    for (std::size_t layer = 0; layer < mode.spatial_layers; ++layer, ++number) {
      const ByteView first = writer.element(layer, true, false);
      ASSERT_FALSE(first.empty());
      ASSERT_LE(first.size(), DependencyWriter::kMaxSize);
      const auto read = reader.read(first);
      ASSERT_TRUE(read);
      EXPECT_EQ(read->structure.has_value(), position == 0 && layer == 0);
      EXPECT_EQ(read->frame_number, number);
      EXPECT_EQ(read->frame.spatial_layer, layer);
      EXPECT_EQ(read->frame.temporal_layer, pattern_picture(mode, position).temporal_layer);
      EXPECT_EQ(writer.element(layer, false, true).size(), 3U) << "a template says it all";
    }
  }
  EXPECT_EQ(reader.structure(), writer.structure());
  EXPECT_EQ(reader.structure()->resolutions.size(), mode.spatial_layers);
  EXPECT_EQ(reader.structure()->template_id_offset, 0) << "the structure stayed";
}

// A.4: whoever has a whole chain and the frames that his decode target needs has what they depend on.
TEST_P(EveryMode, GivesEveryDecodeTargetWhatItsFramesDependOn) {
  const ScalabilityMode mode = *ScalabilityMode::parse(GetParam());
  const std::size_t targets = static_cast<std::size_t>(mode.spatial_layers) * mode.temporal_layers;
  DependencyWriter writer;
  DependencyReader reader;
  std::vector<FrameDependencies> frames;
  for (int position = 0; position < 20; ++position) {
    ASSERT_TRUE(writer.begin(picture(mode, position)));
    for (std::size_t layer = 0; layer < mode.spatial_layers; ++layer) {
      frames.push_back(reader.read(writer.element(layer, true, true))->frame);
    }
  }
  for (std::size_t target = 0; target < targets; ++target) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (frames[i].indications[target] == DecodeTargetIndication::kNotPresent) continue;
      for (const std::uint16_t distance : frames[i].dependencies()) {
        ASSERT_LE(distance, i);
        const auto needed = frames[i - distance].indications[target];
        EXPECT_NE(needed, DecodeTargetIndication::kNotPresent) << target << " " << i;
        EXPECT_NE(needed, DecodeTargetIndication::kDiscardable) << target << " " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, EveryMode, testing::ValuesIn(kModes),
                         [](const auto& mode) { return std::string(mode.param); });

TEST(DependencyWriter, GivesAnotherStructureOtherTemplates) {
  DependencyWriter writer;
  DependencyReader reader;
  EXPECT_FALSE(writer.begin(picture({1, 2, false}, 1))) << "no structure was sent yet";
  ASSERT_TRUE(writer.begin(picture({1, 2, false}, 0)));
  EXPECT_EQ(reader.read(writer.element(0, true, true))->frame_number, 1);
  ASSERT_TRUE(writer.begin(picture({1, 3, false}, 0)));
  const auto key = reader.read(writer.element(0, true, true));
  ASSERT_TRUE(key && key->structure);
  EXPECT_EQ(key->structure->template_id_offset, 3);
  EXPECT_FALSE(reader.read(Bytes{0xc2, 0x00, 0x01})) << "a late packet of the structure before";
  EXPECT_TRUE(writer.element(1, true, true).empty()) << "there is one spatial layer";
}

TEST(DependencyWriter, WritesWhatThePatternDoesNotHaveInFull) {
  DependencyWriter writer;
  DependencyReader reader;
  ASSERT_TRUE(writer.begin(picture({1, 3, false}, 0)));
  ASSERT_TRUE(reader.read(writer.element(0, true, true)));
  EncodedFrame odd = picture({1, 3, false}, 1);
  odd.layers.frames[0].distances[0] = 7;
  ASSERT_TRUE(writer.begin(odd));
  const auto read = reader.read(writer.element(0, true, true));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->frame.distances[0], 7);
  EXPECT_EQ(read->frame.temporal_layer, 2);
}

TEST(DependencyWriter, LeavesAGapForPicturesThatTellNothing) {
  DependencyWriter writer;
  DependencyReader reader;
  ASSERT_TRUE(writer.begin(picture({1, 1, false}, 0)));
  ASSERT_TRUE(reader.read(writer.element(0, true, true)));
  EXPECT_FALSE(writer.begin({.codec = CodecType::kH264}));
  EXPECT_TRUE(writer.element(0, true, true).empty());
  ASSERT_TRUE(writer.begin(picture({1, 1, false}, 1)));
  EXPECT_EQ(reader.read(writer.element(0, true, true))->frame_number, 2);
}

}  // namespace
}  // namespace tidewire::rtp
