// Layered streams that lose pictures: what can still be decoded is handed out, and nothing else.
#include "media/frame_dependencies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/layer_pattern.h"
#include "media/frame_assembler.h"
#include "media/payload/format.h"
#include "rtp/dependency_descriptor_writer.h"
#include "rtp/extensions.h"

namespace tidewire::media {
namespace {

constexpr std::uint32_t kTicks = 3000;

Bytes layer_bytes(CodecType codec, bool key, std::size_t layer) {
  const auto level = static_cast<std::uint8_t>(layer);
  switch (codec) {
    case CodecType::kVp8: return key ? Bytes{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01, 9} : Bytes{0x11, 9};
    case CodecType::kVp9:
      return key && layer == 0 ? Bytes{0x82, 0x49, 0x83, 0x42, 0x20, 0x27, 0xf0, 0x1d, 0xf0, 9} : Bytes{0x86, 9, level};
    default:
      return {0x36, static_cast<std::uint8_t>(layer << 3), 3, key ? std::uint8_t{0x10} : std::uint8_t{0x30}, 9, 9};
  }
}

// A stream of pictures in layers, each packet with its descriptor if there are any.
class Stream {
 public:
  Stream(CodecType codec, ScalabilityMode mode, bool descriptors, int pictures)
      : codec_(codec), mode_(mode), descriptors_(descriptors) {
    for (int i = 0; i < pictures; ++i) add(i == 0);
  }

  // Appends a picture. Its packets can be told by the number of the picture.
  void add(bool key) {
    if (key) position_ = 0;
    EncodedFrame frame{.codec = codec_, .key_frame = key};
    frame.layers.mode = mode_;
    frame.layers.temporal_layer = static_cast<std::uint8_t>(pattern_picture(mode_, position_).temporal_layer);
    frame.layers.sync = position_ % 4 == 1 || position_ % 4 == 2;
    frame.layers.count = mode_.spatial_layers;
    for (std::size_t i = 0; i < frame.layers.count; ++i) {
      LayerFrame& layer = frame.layers.frames[i];
      const PatternDistances back = pattern_distances(mode_, position_, static_cast<int>(i), key);
      std::copy_n(back.distances.begin(), back.count, layer.distances.begin());
      layer.distance_count = back.count;
      const Bytes bytes = layer_bytes(codec_, key, i);
      layer.size = bytes.size();
      frame.payload.insert(frame.payload.end(), bytes.begin(), bytes.end());
    }
    if (frame.layers.temporal_layer == 0) ++options_.tl0_picture_index;
    ++options_.picture_id;
    writer_.begin(frame);
    send(frame);
    needs_.push_back(key ? -1 : picture_count() - pattern_picture(mode_, position_).distance);
    position_ = (position_ + 1) % pattern_length(mode_);
  }

  int picture_count() const { return static_cast<int>(needs_.size()); }
  // The picture that one is predicted from; -1: none.
  int needs(int picture) const { return needs_[static_cast<std::size_t>(picture)]; }

  // Inserts all pictures but those that are lost; hands out whatever can be, without patience.
  std::vector<int> receive(const std::set<int>& lost) {
    std::vector<int> taken;
    for (const Sent& packet : sent_) {
      if (lost.contains(packet.picture)) continue;
      insert(packet);
      while (true) {
        auto ready = assembler.ready();
        if (!ready) ready = assembler.ready_skipping();
        if (!ready) break;
        const auto frame = assembler.take(*ready);
        EXPECT_TRUE(frame);
        taken.push_back(static_cast<int>(ready->rtp_timestamp / kTicks));
      }
    }
    return taken;
  }

  FrameAssembler assembler;

 private:
  struct Sent {
    int picture = 0;
    bool marker = false;
    Bytes payload;
    Bytes element;
  };

  void send(const EncodedFrame& frame) {
    ASSERT_TRUE(packetize(frame, options_, pool_, packets_, &places_));
    for (std::size_t i = 0; i < packets_.size(); ++i) {
      const ByteView element = writer_.element(places_[i].spatial_layer, places_[i].first, places_[i].last);
      const ByteView payload = packets_[i].bytes();
      sent_.push_back({picture_count(), i + 1 == packets_.size(), Bytes(payload.begin(), payload.end()),
                       Bytes(element.begin(), element.end())});
    }
  }
  void insert(const Sent& sent) {
    const auto number = &sent - sent_.data();
    Packet bytes = pool_.copy_of(sent.payload);
    const rtp::HeaderFields fields{sent.marker, rtp::PayloadType(96), static_cast<std::uint16_t>(number),
                                   static_cast<std::uint32_t>(sent.picture) * kTicks, rtp::Ssrc(1)};
    ASSERT_TRUE(rtp::write_header(bytes, fields, {}, {}));
    const auto view = rtp::PacketView::parse(bytes.bytes());
    const auto descriptor = descriptors_ ? reader_.read(sent.element) : std::nullopt;
    assembler.insert(number, codec_, std::move(bytes), *view, Timestamp{}, descriptor ? &*descriptor : nullptr);
  }

  CodecType codec_;
  ScalabilityMode mode_;
  bool descriptors_;
  PacketizerOptions options_{.picture_id = 0x7ff0, .tl0_picture_index = 250};
  PacketPool pool_;
  std::vector<Packet> packets_;
  std::vector<PacketPlace> places_;
  std::vector<Sent> sent_;
  std::vector<int> needs_;
  int position_ = 0;
  rtp::DependencyWriter writer_;
  rtp::DependencyReader reader_;
};

struct Case {
  const char* name;
  CodecType codec;
  const char* mode;
  bool descriptors;
};

class LossyLayers : public testing::TestWithParam<Case> {
 protected:
  Stream make(int pictures) const {
    return Stream(GetParam().codec, *ScalabilityMode::parse(GetParam().mode), GetParam().descriptors, pictures);
  }
};

TEST_P(LossyLayers, GoOnWithoutAPictureThatNothingNeeds) {
  Stream stream = make(17);
  // The highest layer of three: 1, 3, 5 …
  const auto taken = stream.receive({5});
  EXPECT_EQ(taken.size() >= 14U, true) << taken.size();
  EXPECT_EQ(taken.back(), 16);
  EXPECT_FALSE(std::ranges::count(taken, 5));
  EXPECT_GE(stream.assembler.frames_abandoned(), 1U);
}

TEST_P(LossyLayers, WaitForAKeyFrameWhenTheLowestLayerIsMissing) {
  Stream stream = make(13);
  stream.add(true);
  stream.add(false);
  const auto taken = stream.receive({4});
  ASSERT_GE(taken.size(), 2U);
  EXPECT_EQ(taken[taken.size() - 2], 13);
  EXPECT_EQ(taken.back(), 14);
  for (const int picture : taken) EXPECT_TRUE(picture < 4 || picture >= 13) << picture;
}

TEST_P(LossyLayers, NeverHandOutWhatNeedsSomethingMissing) {
  std::mt19937_64 random(5);
  std::size_t total = 0;
  for (int round = 0; round < 200; ++round) {
    Stream stream = make(30);
    std::set<int> lost;
    for (int picture = 1; picture < 30; ++picture) {
      if (random() % 6 == 0) lost.insert(picture);
    }
    const auto taken = stream.receive(lost);
    std::set<int> decoded{-1};
    for (const int picture : taken) {
      EXPECT_TRUE(decoded.contains(stream.needs(picture))) << picture << " in round " << round;
      EXPECT_GT(picture, *decoded.rbegin()) << "out of order";
      decoded.insert(picture);
    }
    total += taken.size();
  }
  EXPECT_GT(total, 200U * 8);
}

INSTANTIATE_TEST_SUITE_P(Streams, LossyLayers,
                         testing::Values(Case{"Vp8", CodecType::kVp8, "L1T3", false},
                                         Case{"Vp9", CodecType::kVp9, "L1T3", false},
                                         Case{"Vp9Spatial", CodecType::kVp9, "L3T3", false},
                                         Case{"Vp9Descriptors", CodecType::kVp9, "L2T3_KEY", true},
                                         Case{"Vp8Descriptors", CodecType::kVp8, "L1T3", true},
                                         Case{"Av1", CodecType::kAv1, "L1T3", true},
                                         Case{"Av1Spatial", CodecType::kAv1, "L3T3", true}),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(LossyStreams, WithDescriptorsGoOnWithExactlyWhatIsLeft) {
  Stream stream(CodecType::kAv1, {1, 3, false}, true, 13);
  // 2 takes 3 with it, and nothing else.
  EXPECT_EQ(stream.receive({2, 9}), (std::vector{0, 1, 4, 5, 6, 7, 8, 10, 11, 12}));
}

TEST(LossyStreams, OfVp8GoOnAtPointsToSwitchUp) {
  Stream stream(CodecType::kVp8, {1, 3, false}, false, 13);
  // Behind 1, the second picture of the highest layer does not say that it needs 2 alone.
  EXPECT_EQ(stream.receive({1}), (std::vector{0, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
}

TEST(LossyStreams, WithoutLayersWaitForAKeyFrame) {
  Stream stream(CodecType::kVp8, {1, 1, false}, false, 6);
  EXPECT_EQ(stream.receive({3}), (std::vector{0, 1, 2}));
}

PacketDependencies flexible(std::uint16_t picture_id, std::initializer_list<std::uint8_t> distances) {
  PayloadInfo info{.picture_id = picture_id, .distances_told = true};
  std::ranges::copy(distances, info.distances.begin());
  info.distance_count = distances.size();
  return PacketDependencies::from(info, nullptr);
}

TEST(DependencyTracker, FollowsPictureIdsOfFlexibleModeAcrossTheirEnd) {
  DependencyTracker tracker;
  const auto add = [&](std::uint16_t id, std::initializer_list<std::uint8_t> distances) {
    PictureDependencies picture;
    picture.add(flexible(id, distances));
    const bool all = tracker.has_all_for(picture);
    if (all) tracker.add(picture);
    return all;
  };
  EXPECT_TRUE(add(0x7ffe, {}));
  EXPECT_TRUE(add(0x7fff, {1}));
  EXPECT_TRUE(add(1, {2, 3}));
  EXPECT_FALSE(add(2, {2})) << "0 is missing";
  EXPECT_TRUE(add(3, {2}));
  EXPECT_TRUE(add(100, {101})) << "of 0x7fff";
  EXPECT_FALSE(add(500, {100}));
  EXPECT_TRUE(add(501, {}));
  EXPECT_FALSE(add(502, {127})) << "beyond all history";
}

TEST(PictureDependencies, AreUnknownWhenItsPacketsTellDifferentThings) {
  PictureDependencies picture;
  EXPECT_FALSE(picture.known());
  picture.add(flexible(1, {}));
  EXPECT_TRUE(picture.known());
  picture.add(PacketDependencies{});
  EXPECT_FALSE(picture.known());
  PictureDependencies crowded;
  for (std::uint16_t id = 0; id < 9; ++id) crowded.add(flexible(id, {}));
  EXPECT_FALSE(crowded.known());
}

}  // namespace
}  // namespace tidewire::media
