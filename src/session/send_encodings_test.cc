#include "session/send_encodings.h"

#include <gtest/gtest.h>

namespace tidewire::session {
namespace {

sdp::NegotiatedCodec video(std::string name, std::uint8_t number, std::string fmtp = "") {
  return {.name = std::move(name),
          .clock_rate = 90'000,
          .send_payload_type = number,
          .send_fmtp = fmtp,
          .receive_fmtp = fmtp};
}

sdp::NegotiatedSection section(std::vector<std::string> rids = {""}) {
  sdp::NegotiatedSection section{.kind = sdp::SectionKind::kVideo};
  section.codecs = {video("VP8", 96), video("H264", 106, "packetization-mode=1;profile-level-id=42e01f"),
                    video("H264", 108, "packetization-mode=0;profile-level-id=42e01f"), video("VP9", 98)};
  for (std::string& rid : rids) section.local_encodings.push_back({.rid = std::move(rid)});
  return section;
}

std::vector<SendEncoding> made(const sdp::NegotiatedSection& section,
                               const std::vector<RtpEncodingParameters>& wishes) {
  return send_encodings(section, wishes_for(section, wishes), 2'100'000);
}

TEST(SendEncodings, ASingleOneHasAllOfTheRateAndTheFirstCodec) {
  const auto encodings = made(section(), {});
  ASSERT_EQ(encodings.size(), 1U);
  EXPECT_EQ(encodings[0].codec, CodecType::kVp8);
  EXPECT_EQ(encodings[0].bitrate, 2'100'000U);
  EXPECT_EQ(encodings[0].parameters.scale_resolution_down_by, 1.0);
}

TEST(SendEncodings, SeveralDoubleInSizeAndShareTheRateByTheirPixels) {
  const auto encodings = made(section({"q", "h", "f"}), {});
  ASSERT_EQ(encodings.size(), 3U);
  EXPECT_EQ(encodings[0].parameters.scale_resolution_down_by, 4.0);
  EXPECT_EQ(encodings[2].parameters.scale_resolution_down_by, 1.0);
  EXPECT_EQ(encodings[0].bitrate, 100'000U);
  EXPECT_EQ(encodings[1].bitrate, 400'000U);
  EXPECT_EQ(encodings[2].bitrate, 1'600'000U);
}

TEST(SendEncodings, WhatIsNotActiveOrHasItsOwnRateTakesNoShare) {
  const auto encodings =
      made(section({"q", "h", "f"}), {{.rid = "f", .active = false}, {.rid = "q", .max_bitrate = 64'000U}});
  EXPECT_EQ(encodings[0].bitrate, 64'000U);
  EXPECT_EQ(encodings[1].bitrate, 2'100'000U);
  EXPECT_FALSE(encodings[2].parameters.active);
}

TEST(SendEncodings, TheWishedCodecIsFoundByItsFormToo) {
  const RtpCodec cut{
      .mime_type = "video/h264", .clock_rate = 90'000, .sdp_fmtp_line = "packetization-mode=0;profile-level-id=42e01f"};
  EXPECT_GT(made(section(), {{.codec = cut}})[0].max_nal_unit_size, 0U);
  const RtpCodec any{.mime_type = "video/H264", .clock_rate = 90'000};
  EXPECT_EQ(made(section(), {{.codec = any}})[0].codec, CodecType::kH264);
  EXPECT_EQ(made(section(), {{.codec = any}})[0].max_nal_unit_size, 0U);
  // Negotiated away since it was wished for.
  EXPECT_EQ(made(section(), {{.codec = RtpCodec{.mime_type = "video/AV1"}}})[0].codec, CodecType::kVp8);
}

TEST(SendEncodings, LayersThatTheCodecDoesNotHaveAreRefusedOrLeftOut) {
  const auto mode = *ScalabilityMode::parse("L3T3_KEY");
  EXPECT_FALSE(made(section(), {{.scalability_mode = mode}})[0].parameters.scalability_mode.layered());
  const std::vector<RtpEncodingParameters> before(1);
  const auto& codecs = section().codecs;
  EXPECT_EQ(check_change(MediaKind::kVideo, before, {{.scalability_mode = mode}}, codecs).error().code,
            ErrorCode::kOperation);
  const RtpCodec vp9{.mime_type = "video/VP9", .clock_rate = 90'000};
  EXPECT_TRUE(check_change(MediaKind::kVideo, before, {{.scalability_mode = mode, .codec = vp9}}, codecs));
}

}  // namespace
}  // namespace tidewire::session
