#include "sdp/description_view.h"

#include "sdp/capabilities.h"
#include "sdp/test_support.h"

namespace tidewire::sdp {
namespace {

constexpr std::string_view kHead = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

// The view of one audio section with these lines.
Result<DescriptionView> audio(const std::string& lines, const std::string& session = "") {
  Result<Description> tree =
      parse(std::string(kHead) + session + "m=audio 9 UDP/TLS/RTP/SAVPF 111 96 0 35\r\n" + lines);
  if (!tree) return tree.error();
  return interpret(*tree);
}

SectionView audio_section(const std::string& lines, const std::string& session = "") {
  return ok(audio(lines, session)).sections.at(0);
}

TEST(DescriptionView, ReadsChromiumsOffer) {
  const DescriptionView view = view_of(read_recorded("chromium-av-data-offer.sdp"));
  ASSERT_EQ(view.sections.size(), 3U);
  const SectionView& video = view.sections[1];
  EXPECT_EQ(video.kind, SectionKind::kVideo);
  EXPECT_EQ(video.mid, "1");
  EXPECT_EQ(video.direction, Direction::kSendrecv);
  EXPECT_EQ(video.codecs.size(), 23U);
  EXPECT_EQ(video.codecs[0].name, "VP8");
  EXPECT_EQ(video.codecs[0].feedback.size(), 5U);
  EXPECT_EQ(video.codecs[1].fmtp, "apt=96");
  EXPECT_EQ(video.extensions.size(), 11U);
  EXPECT_EQ(video.sources.sources.size(), 2U);
  EXPECT_EQ(video.sources.groups.at(0), (SourceGroup{"FID", {1594268503, 1531909912}}));
  EXPECT_EQ(video.ice.candidates.size(), 4U);
  EXPECT_EQ(video.ice.credentials.ufrag, "oo5L");
  EXPECT_EQ(video.fingerprints.at(0).digest.size(), 32U);
  EXPECT_EQ(video.setup, Setup::kActpass);
  EXPECT_TRUE(video.rtcp_mux && video.rtcp_rsize && video.extmap_allow_mixed);
  EXPECT_EQ(view.sections[2].sctp, (SctpAttributes{5000, 262144}));
  EXPECT_EQ(view.groups.at(0), (Group{"BUNDLE", {"0", "1", "2"}}));
  EXPECT_EQ(view.transport_section(), &view.sections[0]);
}

// Rules 6, 7 and 15 of a native peer among browsers.
TEST(DescriptionView, FirefoxsSessionLevelValuesReachTheSectionsAndComponentTwoIsLeftOut) {
  const DescriptionView view = view_of(read_recorded("firefox-av-data-offer.sdp"));
  for (const SectionView& section : view.sections) {
    EXPECT_EQ(section.fingerprints.size(), 1U);
    EXPECT_EQ(section.ice.options, std::vector<std::string>{"trickle"});
    EXPECT_EQ(section.ice.candidates.size(), 4U);
    EXPECT_TRUE(section.ice.end_of_candidates);
  }
  EXPECT_EQ(view.sections[0].sources.msids.at(0).track, "{7065af5c-3a00-44e1-927c-9cbdfcff5cde}");
  EXPECT_EQ(view.sections[0].extensions[1].direction, Direction::kRecvonly);
  EXPECT_EQ(audio_section("", "a=inactive\r\n").direction, Direction::kInactive);
}

TEST(DescriptionView, SimulcastLinesOfBothBrowsersAreRead) {
  for (const char* name : {"chromium-simulcast-q-h-f-offer.sdp", "firefox-simulcast-q-h-f-offer.sdp"}) {
    const SourceAttributes sources = view_of(read_recorded(name)).sections.at(0).sources;
    EXPECT_EQ(sources.rids.size(), 3U) << name;
    EXPECT_EQ(sources.simulcast->send, (std::vector<std::string>{"q", "h", "f"})) << name;
  }
}

TEST(DescriptionView, OnlyListedPayloadTypesCountAndStaticOnesNeedNoRtpmap) {
  const SectionView section = audio_section(
      "a=rtpmap:111 opus/48000/2\r\na=rtpmap:97 ghost/90000\r\na=fmtp:97 apt=1\r\na=rtcp-fb:* nack\r\n"
      "a=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10; UseInbandFec=1\r\n");
  ASSERT_EQ(section.codecs.size(), 2U);
  EXPECT_EQ(section.codecs[0].name, "opus");
  EXPECT_EQ(section.codecs[0].channels, 2);
  EXPECT_EQ(section.codecs[0].feedback, (std::vector<RtcpFeedback>{{"nack", ""}, {"transport-cc", ""}}));
  EXPECT_EQ(fmtp_parameter(section.codecs[0].fmtp, "useinbandfec"), "1");
  EXPECT_EQ(fmtp_parameter(section.codecs[0].fmtp, "stereo"), std::nullopt);
  EXPECT_EQ(section.codecs[1].name, "PCMU");
}

TEST(DescriptionView, UnknownKindsAndProtocolsAreSectionsToReject) {
  for (const char* line : {"m=text 9 UDP/TLS/RTP/SAVPF 98", "m=audio 9 UDP/X 0", "m=application 9 UDP/DTLS/SCTP other",
                           "m=image 9 udptl t38"}) {
    const DescriptionView view = view_of(std::string(kHead) + line + "\r\na=mid:0\r\n");
    EXPECT_EQ(view.sections.at(0).kind, SectionKind::kOther) << line;
    EXPECT_EQ(view.sections.at(0).mid, "0");
  }
}

TEST(DescriptionView, OldSctpmapIsUnderstood) {
  const DescriptionView view = view_of(
      std::string(kHead) + "m=application 9 DTLS/SCTP 5001\r\na=sctpmap:5001 webrtc-datachannel 1024\r\na=mid:d\r\n");
  EXPECT_EQ(view.sections.at(0).kind, SectionKind::kApplication);
  EXPECT_EQ(view.sections.at(0).sctp, (SctpAttributes{5001, 65536}));
}

TEST(DescriptionView, PortZeroRejectsUnlessBundleOnly) {
  const std::string section = "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n";
  EXPECT_TRUE(view_of(std::string(kHead) + section).sections.at(0).rejected);
  EXPECT_FALSE(view_of(std::string(kHead) + section + "a=bundle-only\r\n").sections.at(0).rejected);
}

// Rules 8 and 9: odd candidates are for the agent to skip, not a reason to refuse a description.
TEST(DescriptionView, CandidatesOfAnyTransportAddressAndExtensionAreKept) {
  const std::vector<std::string> texts = {
      "candidate:1 1 UDP 2122187007 192.0.2.2 42939 typ host",
      "candidate:1 1 tcp 1518214911 fd00::2 9 typ host tcptype active generation 0",
      "candidate:1 1 udp 2113937151 6d3b34ad-2f4b-4a4e-9c55-5a7d6d4a8a36.local 50000 typ host generation 0",
      "candidate:x+/ 1 SCTP 1 host.example 65535 typ strange raddr 0.0.0.0 rport 0 what ever",
  };
  std::string lines;
  for (const std::string& text : texts) lines += "a=" + text + "\r\n";
  EXPECT_EQ(audio_section(lines).ice.candidates, texts);
}

TEST(DescriptionView, MalformedAttributesNameTheirLine) {
  const std::vector<std::string> lines = {"a=rtpmap:111",
                                          "a=rtpmap:200 opus/48000",
                                          "a=rtpmap:111 opus",
                                          "a=rtpmap:111 opus/0",
                                          "a=rtpmap:111 opus/x",
                                          "a=rtpmap:111 opus/48000/0",
                                          "a=fmtp:x y",
                                          "a=rtcp-fb:111",
                                          "a=rtcp-fb:x nack",
                                          "a=extmap:0 urn:x",
                                          "a=extmap:1",
                                          "a=extmap:x urn:x",
                                          "a=extmap:1/up urn:x",
                                          "a=ice-ufrag:abc",
                                          "a=ice-ufrag:ab cd",
                                          "a=ice-pwd:short",
                                          "a=candidate:1 1 udp",
                                          "a=candidate:1 0 udp 1 192.0.2.1 1 typ host",
                                          "a=candidate:1 1 udp 1 192.0.2.1 99999 typ host",
                                          "a=candidate:1 1 udp 1 192.0.2.1 1 host host",
                                          "a=candidate",
                                          "a=fingerprint:sha-256 AB",
                                          "a=fingerprint:sha-256",
                                          "a=fingerprint:sha-1 A:B",
                                          "a=setup:maybe",
                                          "a=mid:",
                                          "a=mid:a b",
                                          "a=msid:",
                                          "a=msid:a b c",
                                          "a=ssrc:x cname:y",
                                          "a=ssrc:4294967296 cname:y",
                                          "a=ssrc-group:",
                                          "a=ssrc-group:FID x",
                                          "a=rid:q",
                                          "a=rid:q up",
                                          "a=simulcast:",
                                          "a=simulcast:send",
                                          "a=simulcast:up q"};
  for (const std::string& line : lines) {
    const Result<DescriptionView> view = audio("a=ptime:20\r\n" + line + "\r\n");
    ASSERT_FALSE(view) << line;
    EXPECT_EQ(view.error().code, ErrorCode::kSyntax) << line;
    EXPECT_EQ(view.error().message.substr(0, 8), "line 7: ") << line << " -> " << view.error().message;
  }
  for (const char* line : {"a=sctp-port:x", "a=sctp-port:70000", "a=max-message-size:-1", "a=sctpmap:x y 1"}) {
    const Result<DescriptionView> view = interpret(ok(parse(
        std::string(kHead) + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n" + std::string(line) + "\r\n")));
    ASSERT_FALSE(view) << line;
    EXPECT_EQ(view.error().message.substr(0, 8), "line 6: ") << line;
  }
}

TEST(DescriptionView, PayloadTypesThatAreNoneAndMidsThatRepeatAreRefused) {
  const auto refused = [](const std::string& text) { return interpret(ok(parse(std::string(kHead) + text))).error(); };
  EXPECT_EQ(refused("m=audio 9 RTP/SAVPF opus\r\n").message, "line 5: \"opus\" is no payload type");
  EXPECT_EQ(refused("m=audio 9 RTP/SAVPF 128\r\n").message, "line 5: \"128\" is no payload type");
  const Error twice = refused("m=audio 9 RTP/SAVPF 0\r\na=mid:a\r\nm=audio 9 RTP/SAVPF 0\r\na=mid:a\r\n");
  EXPECT_EQ(twice.message, "line 7: a second section with mid \"a\"");
  EXPECT_EQ(twice.code, ErrorCode::kInvalidAccess);
}

TEST(DescriptionView, AnExtensionNumberWithTwoMeaningsIsNotUsed) {
  const std::string mid = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n";
  const DescriptionView view =
      ok(interpret(ok(parse(std::string(kHead) + ("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n" + mid) +
                            "a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n" +
                            "m=video 9 UDP/TLS/RTP/SAVPF 97\r\na=mid:1\r\na=rtpmap:97 VP8/90000\r\n" + mid +
                            "a=extmap:2 urn:ietf:params:rtp-hdrext:toffset\r\n"))));
  for (const SectionView& section : view.sections) {
    ASSERT_EQ(section.extensions.size(), 1U);
    EXPECT_EQ(section.extensions[0].id, 1);
  }
}

TEST(Capabilities, CodecsMatchByWhatMakesThemTheSame) {
  const CodecCapability opus = default_capabilities().codecs[0];
  const CodecCapability h264{.kind = MediaKind::kVideo,
                             .name = "H264",
                             .clock_rate = 90000,
                             .fmtp = "packetization-mode=1;profile-level-id=42e01f"};
  const CodecCapability vp9{.kind = MediaKind::kVideo, .name = "VP9", .clock_rate = 90000};
  const CodecCapability av1{
      .kind = MediaKind::kVideo, .name = "AV1", .clock_rate = 90000, .fmtp = "level-idx=5;profile=0"};
  struct Row {
    CodecCapability ours;
    Codec theirs;
    bool same;
  };
  const std::vector<Row> table = {
      {opus, {.name = "OPUS", .clock_rate = 48000, .channels = 2}, true},
      {opus, {.name = "opus", .clock_rate = 48000, .channels = 1}, false},
      {opus, {.name = "opus", .clock_rate = 16000, .channels = 2}, false},
      {h264, {.name = "H264", .clock_rate = 90000, .fmtp = "profile-level-id=42E034;packetization-mode=1"}, true},
      {h264, {.name = "H264", .clock_rate = 90000, .fmtp = "profile-level-id=42c00b;packetization-mode=1"}, true},
      {h264, {.name = "H264", .clock_rate = 90000, .fmtp = "profile-level-id=42001f;packetization-mode=1"}, false},
      {h264, {.name = "H264", .clock_rate = 90000, .fmtp = "profile-level-id=42e01f"}, false},
      {h264, {.name = "H264", .clock_rate = 90000, .fmtp = "packetization-mode=1"}, false},
      {h264, {.name = "H264", .clock_rate = 90000, .fmtp = "profile-level-id=4d001f;packetization-mode=1"}, false},
      {vp9, {.name = "VP9", .clock_rate = 90000, .fmtp = "profile-id=0"}, true},
      {vp9, {.name = "VP9", .clock_rate = 90000, .fmtp = "profile-id=2"}, false},
      {av1, {.name = "AV1", .clock_rate = 90000, .fmtp = "level-idx=8;profile=0;tier=1"}, true},
      {av1, {.name = "AV1", .clock_rate = 90000}, true},
      {av1, {.name = "AV1", .clock_rate = 90000, .fmtp = "profile=1"}, false},
  };
  for (const Row& row : table) EXPECT_EQ(matches(row.ours, row.theirs), row.same) << row.theirs.fmtp;
}

}  // namespace
}  // namespace tidewire::sdp
