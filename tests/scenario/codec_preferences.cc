// The application chooses codecs, before a call and during it.
#include <gtest/gtest.h>

#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

std::vector<RtpCodec> video_codecs(const std::string& mime_type, const std::string& parameter = "") {
  std::vector<RtpCodec> codecs = rtp_capabilities(MediaKind::kVideo).codecs;
  std::erase_if(codecs, [&](const RtpCodec& codec) {
    return codec.mime_type != mime_type || codec.sdp_fmtp_line.find(parameter) == std::string::npos;
  });
  return codecs;
}

TEST(RtpCapabilities, ListEachCodecOnceInTheOrderOfTheOffer) {
  std::vector<std::string> names;
  for (const MediaKind kind : {MediaKind::kAudio, MediaKind::kVideo}) {
    const RtpCapabilities capabilities = rtp_capabilities(kind);
    for (const RtpCodec& codec : capabilities.codecs) {
      names.push_back(codec.mime_type);
      EXPECT_EQ(codec.channels.has_value(), kind == MediaKind::kAudio);
    }
    EXPECT_FALSE(capabilities.header_extensions.empty());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"audio/opus", "audio/red", "audio/PCMU", "audio/PCMA", "video/VP8",
                                             "video/VP9", "video/H264", "video/H264", "video/AV1", "video/flexfec"}));
}

struct Switching : testing::Test {
  SimulatedCall call{CallOptions{.media = false}};
  TransceiverId video = call.alice.session.add_track(MediaKind::kVideo).value();

  // The last change of what Alice sends.
  SendEncoding after_choosing(const std::vector<RtpCodec>& codecs) {
    call.alice.session.set_codec_preferences(video, codecs).value();
    call.renegotiate(call.alice, call.bob);
    call.simulation.run_for(1s);
    return call.alice.sending_changes.back().encodings.at(0);
  }
};

TEST_F(Switching, AnAnswerChangesTheCodecDuringTheCall) {
  call.click();
  ASSERT_TRUE(call.run_until_established());
  EXPECT_EQ(call.alice.sending_changes.back().encodings.at(0).codec, CodecType::kVp8);

  EXPECT_EQ(after_choosing(video_codecs("video/AV1")).codec, CodecType::kAv1);
  EXPECT_EQ(after_choosing(video_codecs("video/VP9")).codec, CodecType::kVp9);
  const auto whole = after_choosing(video_codecs("video/H264", "packetization-mode=1"));
  EXPECT_EQ(whole.codec, CodecType::kH264);
  EXPECT_EQ(whole.max_nal_unit_size, 0U);
  // RFC 6184 §6.2: this mode has no fragments, so the encoder has to cut. That is a change of encoder too.
  const auto cut = after_choosing(video_codecs("video/H264", "packetization-mode=0"));
  EXPECT_EQ(cut.codec, CodecType::kH264);
  EXPECT_GT(cut.max_nal_unit_size, 0U);
  EXPECT_EQ(after_choosing({}).codec, CodecType::kVp8);
  EXPECT_EQ(call.alice.session.connection_state(), PeerConnectionState::kConnected);
}

TEST_F(Switching, AFrameOfTheCodecBeforeIsRefusedByName) {
  call.click();
  ASSERT_TRUE(call.run_until_established());
  ASSERT_EQ(after_choosing(video_codecs("video/VP9")).codec, CodecType::kVp9);
  const auto sent = call.alice.session.send_frame(video, {.codec = CodecType::kVp8, .payload = Bytes(10)}, call.now());
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kInvalidState);
  EXPECT_NE(sent.error().message.find("VP9"), std::string::npos);
}

TEST_F(Switching, TheAnswerersOrderCountsInItsAnswer) {
  call.click();
  ASSERT_TRUE(call.run_until_established());
  std::vector<RtpCodec> codecs = rtp_capabilities(MediaKind::kVideo).codecs;
  std::ranges::reverse(codecs);
  for (const TransceiverInfo& info : call.bob.session.transceivers()) {
    if (info.kind == MediaKind::kVideo) call.bob.session.set_codec_preferences(info.id, codecs).value();
  }
  call.renegotiate(call.alice, call.bob);
  call.simulation.run_for(1s);
  EXPECT_EQ(call.alice.sending_changes.back().encodings.at(0).codec, CodecType::kAv1);
}

TEST_F(Switching, CodecsThatAreNoCapabilityAreNamedAndChangeNothing) {
  Session& session = call.alice.session;
  const auto refused = [&](const RtpCodec& codec) {
    const auto result = session.set_codec_preferences(video, {video_codecs("video/VP9")[0], codec});
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidModification);
    return result.error().message;
  };
  EXPECT_NE(refused({.mime_type = "video/theora", .clock_rate = 90'000}).find("\"video/theora\""), std::string::npos);
  EXPECT_NE(refused({.mime_type = "video/VP8", .clock_rate = 8'000}).find("8000 Hz"), std::string::npos);
  EXPECT_NE(refused({.mime_type = "video/H264", .clock_rate = 90'000}).find("\"video/H264\""), std::string::npos);
  EXPECT_NE(refused(rtp_capabilities(MediaKind::kAudio).codecs[0]).find("video capabilities"), std::string::npos);
  EXPECT_EQ(session.set_codec_preferences(TransceiverId(77), {}).error().code, ErrorCode::kNotFound);
  EXPECT_NE(session.create_offer().value().sdp.find("VP8/90000"), std::string::npos);
}

TEST_F(Switching, NamesAreComparedWithoutCaseAndRepetitionsDoNotCount) {
  const std::vector<RtpCodec> codecs = {{.mime_type = "VIDEO/vp8", .clock_rate = 90'000}, video_codecs("video/VP8")[0]};
  call.alice.session.set_codec_preferences(video, codecs).value();
  const std::string offer = call.alice.session.create_offer().value().sdp;
  EXPECT_NE(offer.find("VP8/90000"), std::string::npos);
  EXPECT_EQ(offer.find("VP9/90000"), std::string::npos);
}

}  // namespace
}  // namespace tidewire::scenario
