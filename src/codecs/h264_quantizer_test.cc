#include "codecs/h264_quantizer.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "codecs/video_for_test.h"

namespace tidewire::codecs {
namespace {

// A NAL unit with this header byte and then these fields: "u3" and "s-3" are Exp-Golomb codes, others are bits.
Bytes nal(std::uint8_t header, const std::string& fields) {
  std::string bits;
  std::istringstream in(fields);
  for (std::string field; in >> field;) {
    if (field[0] != 'u' && field[0] != 's') {
      bits += field;
      continue;
    }
    const int value = std::stoi(field.substr(1));
    const unsigned code = static_cast<unsigned>(field[0] == 'u' ? value : value > 0 ? 2 * value - 1 : -2 * value) + 1;
    int length = 0;
    while (code >> (length + 1) != 0) ++length;
    bits.append(static_cast<std::size_t>(length), '0');
    for (int i = length; i >= 0; --i) bits += (code >> i & 1) != 0 ? '1' : '0';
  }
  bits += '1';  // rbsp_stop_one_bit
  Bytes bytes((bits.size() + 7) / 8 + 1);
  bytes[0] = header;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (bits[i] == '1') bytes[i / 8 + 1] |= static_cast<std::uint8_t>(0x80 >> i % 8);
  }
  return bytes;
}

// Main profile, id 1, frame_num of 4 bits, picture order of type 0 with 6 bits, 20 times 15 macroblocks, fields
// allowed.
const Bytes kSps = nal(0x67, "01001101 00000000 00011110 u1 u0 u0 u2 u2 0 u19 u14 0 1");
// Id 3: CABAC, the order of both fields, two references and one, weights for P and B, quantizer 30, redundant pictures.
const Bytes kPps = nal(0x68, "u3 u1 1 1 u0 u1 u0 1 01 s4 s0 s0 10 1");
// first_mb 0, types P and B, parameter set 3, frame_num, no field, picture order and its delta, not redundant.
const std::string kP = "u0 u5 u3 0101 0 001100 s-1 u0 ";
const std::string kB = "u0 u1 u3 0101 0 001100 s-1 u0 ";
// A bottom field of type I, that nothing refers to, up to its quantizer.
const std::string kField = "u0 u2 u3 0101 11 001100 u0 ";

int read(H264QuantizerReader& reader, const std::vector<Bytes>& nals) {
  return reader.read(std::vector<ByteView>(nals.begin(), nals.end()));
}

TEST(H264Quantizer, IsReadThroughEverythingThatMayStandBeforeIt) {
  const Bytes idr = nal(0x65, "u0 u7 u3 0000 0 u9 000000 s0 u0 00 s-7");
  H264QuantizerReader reader;
  EXPECT_EQ(read(reader, {idr}), -1) << "without parameter sets";
  EXPECT_EQ(read(reader, {kSps, kPps, idr}), 23);
  // One reference, a changed list, weights of luma, two operations on references and their end, cabac_init_idc.
  EXPECT_EQ(read(reader, {nal(0x61, kP + "1 u0 1 u0 u4 u3 u5 u4 1 s3 s-2 0 1 u1 u0 u3 u1 u2 u0 u2 s6")}), 36);
  // Direct prediction, the usual references and lists, no weight for any of three.
  EXPECT_EQ(read(reader, {nal(0x01, kB + "1 0 0 0 u5 u4 00 00 00 u0 s1")}), 31);
  EXPECT_EQ(read(reader, {nal(0x01, kField + "s2")}), 32);
  EXPECT_EQ(read(reader, {nal(0x01, kField + "s2"), nal(0x01, kField + "s3")}), 33) << "the last slice counts";
}

TEST(H264Quantizer, IsUnknownInGarbage) {
  H264QuantizerReader reader;
  read(reader, {kSps, kPps});
  EXPECT_EQ(read(reader, {nal(0x01, kField + "s21")}), 51);
  EXPECT_EQ(read(reader, {nal(0x01, kField + "s22")}), -1);
  EXPECT_EQ(read(reader, {nal(0x01, kField + "s-30")}), 0);
  EXPECT_EQ(read(reader, {nal(0x01, kField + "s-31")}), -1);
  EXPECT_EQ(read(reader, {nal(0x01, "u0 u2 u4 0101 11 001100 u0 s2")}), -1) << "of no known parameter set";
  const Bytes whole = nal(0x01, kField + "s-30");
  for (std::size_t length = 1; length < 4; ++length) {
    EXPECT_EQ(reader.read(std::vector<ByteView>{ByteView(whole).first(length)}), -1) << length;
  }
  EXPECT_EQ(read(reader, {}), -1);
  // Slice groups change what follows.
  read(reader, {nal(0x68, "u3 u1 1 1 u1 u0 u0 u0 u0 1 01 s4 s0 s0 10 1")});
  EXPECT_EQ(read(reader, {nal(0x01, kField + "s2")}), -1);
}

TEST(H264Quantizer, IsTheSameAtBothEndsAndFollowsTheBitrate) {
  const auto mean = [](int bitrate) {
    const auto enc = encoder(CodecType::kH264, bitrate);
    const auto dec = decoder(CodecType::kH264);
    int sum = 0;
    int frames = 0;
    for (int i = 0; i < 30; ++i) {
      const auto encoded = enc->encode(scene(i, 320, 240));
      if (!encoded || !*encoded) continue;
      EXPECT_TRUE(dec->decode(**encoded));
      EXPECT_GE((*encoded)->quantizer, 12);
      EXPECT_EQ(dec->quantizer(), (*encoded)->quantizer);
      sum += (*encoded)->quantizer;
      ++frames;
    }
    EXPECT_GT(frames, 5);
    return sum / std::max(frames, 1);
  };
  EXPECT_LT(mean(3'000'000) + 5, mean(100'000));
}

// Both libraries tell of the same header.
TEST(DecodersQuantizer, IsThatOfTheEncoder) {
  for (const CodecType codec : {CodecType::kVp8, CodecType::kVp9, CodecType::kAv1}) {
    const auto enc = encoder(codec, 500'000);
    const auto dec = decoder(codec);
    for (int i = 0; i < 10; ++i) {
      const EncodedFrame frame = encode(*enc, scene(i, 320, 240));
      ASSERT_TRUE(dec->decode(frame));
      EXPECT_GE(frame.quantizer, 0);
      EXPECT_EQ(dec->quantizer(), frame.quantizer) << to_string(codec) << " " << i;
    }
  }
}

}  // namespace
}  // namespace tidewire::codecs
