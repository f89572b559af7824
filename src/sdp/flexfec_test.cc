// Forward error correction (RFC 8627) in offers and answers.
#include "sdp/test_support.h"

namespace tidewire::sdp {
namespace {

std::vector<CodecCapability> video_codecs() {
  std::vector<CodecCapability> codecs = default_capabilities().codecs;
  std::erase_if(codecs, [](const CodecCapability& codec) { return codec.kind != MediaKind::kVideo; });
  return codecs;
}

struct Protected : testing::Test {
  void prefer_it() { ok(alice.set_codec_preferences(video, video_codecs())); }
  static const NegotiatedCodec* flexfec(const Negotiator& peer) {
    const std::vector<NegotiatedCodec>& codecs = peer.negotiated().sections.at(0).codecs;
    const auto found = std::ranges::find(codecs, "flexfec", &NegotiatedCodec::name);
    return found == codecs.end() ? nullptr : &*found;
  }
  Negotiator alice = make_peer(1);
  Negotiator bob = make_peer(2);
  TransceiverId video = ok(alice.add_track(MediaKind::kVideo, {}));
};

TEST_F(Protected, IsNotOfferedUnlessItIsPreferred) {
  EXPECT_EQ(ok(alice.create_offer()).sdp.find("flexfec"), std::string::npos);
  EXPECT_EQ(ok(alice.create_offer()).sdp.find("FEC-FR"), std::string::npos);
  prefer_it();
  const std::string offer = ok(alice.create_offer()).sdp;
  EXPECT_NE(offer.find("a=rtpmap:49 flexfec/90000\r\n"), std::string::npos) << offer;
  EXPECT_NE(offer.find("a=fmtp:49 repair-window=500000\r\n"), std::string::npos) << offer;
  // RFC 4588 is for packets that are asked for again; repair packets are not.
  EXPECT_EQ(offer.find("apt=49"), std::string::npos) << offer;
}

TEST_F(Protected, IsAcceptedWhenItIsOfferedAndNamesItsSource) {
  ok(bob.add_track(MediaKind::kVideo, {}));
  prefer_it();
  negotiate(alice, bob);
  for (const Negotiator* peer : {&alice, &bob}) {
    ASSERT_TRUE(flexfec(*peer));
    EXPECT_EQ(flexfec(*peer)->send_payload_type, 49);
    EXPECT_EQ(flexfec(*peer)->receive_payload_type, 49);
    EXPECT_EQ(flexfec(*peer)->send_fmtp, "repair-window=500000");
    EXPECT_FALSE(flexfec(*peer)->send_rtx_payload_type);
    EXPECT_EQ(peer->negotiated().sections[0].codecs[0].name, "VP8");
    EXPECT_TRUE(peer->negotiated().sections[0].codecs[0].send_rtx_payload_type);
  }
  // RFC 5956 §4.3: the group's second source repairs the first, and is no stream of its own.
  const LocalEncoding& ours = alice.negotiated().sections[0].local_encodings.at(0);
  const std::vector<RemoteSource>& theirs = bob.negotiated().sections[0].remote_sources;
  ASSERT_EQ(theirs.size(), 1U);
  EXPECT_EQ(theirs[0].ssrc, ours.ssrc);
  EXPECT_EQ(theirs[0].rtx_ssrc, ours.rtx_ssrc);
  EXPECT_EQ(theirs[0].fec_ssrc, ours.fec_ssrc);
  EXPECT_NE(ours.fec_ssrc, ours.ssrc);
  EXPECT_NE(ours.fec_ssrc, ours.rtx_ssrc);
}

TEST_F(Protected, StaysWhenTheOtherSideOffersNext) {
  prefer_it();
  negotiate(alice, bob);
  negotiate(bob, alice);
  EXPECT_TRUE(flexfec(alice));
  EXPECT_TRUE(flexfec(bob));
}

TEST_F(Protected, IsLeftOutByAPeerThatDoesNotKnowIt) {
  NegotiatorConfig config = test_config();
  std::erase_if(config.capabilities.codecs, [](const CodecCapability& codec) { return codec.name == "flexfec"; });
  Negotiator stranger = make_peer(3, config);
  ok(stranger.add_track(MediaKind::kVideo, {}));
  prefer_it();
  negotiate(alice, stranger);
  EXPECT_FALSE(flexfec(alice));
  EXPECT_EQ(stranger.local_description()->sdp.find("FEC-FR"), std::string::npos);
  EXPECT_EQ(alice.negotiated().sections[0].codecs.at(0).name, "VP8");
  // The sources of the group are told apart all the same.
  EXPECT_EQ(stranger.negotiated().sections[0].remote_sources.size(), 1U);
}

TEST_F(Protected, IsNotMistakenForTheDraftOfBrowsers) {
  prefer_it();
  ok(alice.set_local_description());
  const std::string offer = replaced(alice.local_description()->sdp, "flexfec/90000", "flexfec-03/90000");
  ok(bob.set_remote_description(SdpType::kOffer, offer));
  EXPECT_EQ(ok(bob.create_answer()).sdp.find("flexfec"), std::string::npos);
}

}  // namespace
}  // namespace tidewire::sdp
