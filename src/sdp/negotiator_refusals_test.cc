// Candidates, and what is refused without changing anything.
#include "sdp/test_support.h"

namespace tidewire::sdp {
namespace {

using enum SignalingState;

constexpr const char* kCandidate = "candidate:1 1 udp 2122194687 192.0.2.2 55828 typ host";

TEST(Candidates, LocalOnesShowInTheDescriptionAndInLaterOffers) {
  Negotiator a = make_caller(1);
  EXPECT_EQ(a.add_local_candidate(kCandidate).error().code, ErrorCode::kInvalidState);
  ok(a.set_local_description());
  const IceCandidateInit init = ok(a.add_local_candidate(kCandidate));
  EXPECT_EQ(init.sdp_mid, "0");
  EXPECT_EQ(init.sdp_mline_index, 0);
  EXPECT_EQ(init.username_fragment, a.local_ice().ufrag);
  ok(a.add_local_candidate(""));
  SectionView section = view_of(a.local_description()->sdp).sections[0];
  EXPECT_EQ(section.ice.candidates, std::vector<std::string>{kCandidate});
  EXPECT_TRUE(section.ice.end_of_candidates);
  section = view_of(ok(a.create_offer()).sdp).sections[0];
  EXPECT_EQ(section.ice.candidates.size(), 1U);
  EXPECT_FALSE(a.add_local_candidate("candidate:rubbish"));
  EXPECT_FALSE(a.add_local_candidate("candidate:1 1 udp 1 192.0.2.1 1 typ host\r\na=evil"));
}

TEST(Candidates, RemoteOnesAreCheckedAsTheW3cSays) {
  Negotiator peer = make_caller(1);
  EXPECT_EQ(peer.add_remote_candidate({kCandidate, "0"}).error().code, ErrorCode::kInvalidState);
  Negotiator other = make_caller(2);
  ok(peer.set_remote_description(SdpType::kOffer, ok(other.create_offer()).sdp));
  EXPECT_EQ(peer.add_remote_candidate({kCandidate}).error().code, ErrorCode::kType);
  EXPECT_EQ(peer.add_remote_candidate({"candidate:1", "0"}).error().code, ErrorCode::kOperation);
  EXPECT_EQ(peer.add_remote_candidate({kCandidate, "9"}).error().code, ErrorCode::kOperation);
  EXPECT_EQ(peer.add_remote_candidate({kCandidate, std::nullopt, 3}).error().code, ErrorCode::kOperation);
  EXPECT_EQ(peer.add_remote_candidate({kCandidate, "0", {}, "other"}).error().code, ErrorCode::kOperation);
  EXPECT_TRUE(peer.negotiated().transport->remote_candidates.empty());

  EXPECT_TRUE(ok(peer.add_remote_candidate({kCandidate, "0", 2, other.local_ice().ufrag})).usable);
  EXPECT_TRUE(ok(peer.add_remote_candidate({kCandidate, std::nullopt, 0})).usable);  // again: once in the list
  EXPECT_FALSE(ok(peer.add_remote_candidate({kCandidate, "1"})).usable);             // bundled into 0
  EXPECT_FALSE(ok(peer.add_remote_candidate({"candidate:1 2 udp 1 192.0.2.2 5 typ host", "0"})).usable);
  EXPECT_EQ(peer.negotiated().transport->remote_candidates, std::vector<std::string>{kCandidate});
  EXPECT_TRUE(ok(peer.add_remote_candidate({})).usable);
  EXPECT_TRUE(peer.negotiated().transport->end_of_candidates);
  EXPECT_NE(peer.remote_description()->sdp.find(kCandidate), std::string::npos);
}

// Everything that can be seen of a peer.
std::string seen(const Negotiator& peer) {
  std::string out(to_string(peer.signaling_state()));
  for (const auto& description : {peer.current_local_description(), peer.current_remote_description(),
                                  peer.pending_local_description(), peer.pending_remote_description()}) {
    out += description ? description->sdp : "none";
  }
  for (const TransceiverState& t : peer.transceivers()) {
    out += std::to_string(t.id.value()) + t.mid.value_or("-") + std::string(to_string(t.direction)) +
           t.remote_track_id + (t.current_direction ? std::string(to_string(*t.current_direction)) : "");
  }
  return out + peer.local_ice().pwd + (peer.negotiation_needed() ? "needed" : "");
}

TEST(Refusals, BadOffersAreNamedAndChangeNothing) {
  const std::string good = ok(make_caller(2).create_offer()).sdp;
  const std::string ufrag = good.substr(good.find("a=ice-ufrag"), good.find("a=ice-pwd") - good.find("a=ice-ufrag"));
  const std::string finger = good.substr(good.find("a=fingerprint"), good.find("a=setup") - good.find("a=fingerprint"));
  struct Row {
    std::string sdp;
    ErrorCode code;
    std::string words;
  };
  const std::vector<Row> table = {
      {"", ErrorCode::kSyntax, "line 1"},
      {"garbage", ErrorCode::kSyntax, "line 1"},
      {replaced(good, "a=group:BUNDLE 0 1 2\r\n", ""), ErrorCode::kNotSupported, "mid 0: is not in a=group:BUNDLE"},
      {replaced(good, "a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1"), ErrorCode::kNotSupported, "mid 2: is not in"},
      {replaced(good, "a=rtcp-mux\r\n", "", false), ErrorCode::kNotSupported, "mid 0: has no a=rtcp-mux"},
      {replaced(good, ufrag, ""), ErrorCode::kInvalidAccess, "mid 0: has no a=ice-ufrag"},
      {replaced(good, finger, ""), ErrorCode::kInvalidAccess, "mid 0: has no a=fingerprint"},
      {replaced(good, "a=mid:1", "a=mid:0"), ErrorCode::kInvalidAccess, "a second section with mid"},
      {replaced(good, "setup:actpass", "setup:holdconn"), ErrorCode::kInvalidAccess, "holdconn"},
      {replaced(good, "a=rtpmap:111 opus/48000/2", "a=rtpmap:111"), ErrorCode::kSyntax, "malformed rtpmap"},
  };
  for (const Row& row : table) {
    for (const SignalingState state : {kStable, kHaveLocalOffer}) {
      Negotiator peer = peer_in(state);
      const std::string before = seen(peer);
      const Result<Applied> result = peer.set_remote_description(SdpType::kOffer, row.sdp);
      ASSERT_FALSE(result) << row.words;
      EXPECT_EQ(result.error().code, row.code) << result.error().message;
      EXPECT_NE(result.error().message.find(row.words), std::string::npos) << result.error().message;
      EXPECT_EQ(seen(peer), before);
    }
  }
}

TEST(Refusals, BadAnswersAreNamedAndChangeNothing) {
  Negotiator peer = peer_in(kHaveLocalOffer);
  const std::string good = answer_for(peer);
  const std::string before = seen(peer);
  const std::vector<std::pair<std::string, std::string>> table = {
      {good.substr(0, good.find("m=application")), "m-lines"},
      {replaced(good, "a=mid:1", "a=mid:7"), "mid"},
      {replaced(good, "setup:active", "setup:actpass"), "actpass"},
      {replaced(good, "m=video", "m=audio"), "another kind"},
      {replaced(good, "/90000", "/90001"), "none of the codecs"},
      {replaced(good, "a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0"), "BUNDLE"},
  };
  for (const auto& [sdp, words] : table) {
    const Result<Applied> result = peer.set_remote_description(SdpType::kAnswer, sdp);
    ASSERT_FALSE(result) << words;
    EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
    EXPECT_EQ(seen(peer), before);
    EXPECT_TRUE(peer.negotiated().sections.empty());
  }
  ok(peer.set_remote_description(SdpType::kAnswer, good));
}

TEST(Refusals, AReofferMayNotShrinkOrSwapSections) {
  Negotiator a = make_caller(1);
  Negotiator b = make_caller(2);
  negotiate(a, b);
  const std::string offer = ok(a.create_offer()).sdp;
  const std::string before = seen(b);
  const std::string shorter = replaced(offer.substr(0, offer.find("m=application")), "BUNDLE 0 1 2", "BUNDLE 0 1");
  EXPECT_NE(b.set_remote_description(SdpType::kOffer, shorter).error().message.find("fewer"), std::string::npos);
  const std::string renamed = replaced(replaced(offer, "a=mid:1", "a=mid:5"), "BUNDLE 0 1 2", "BUNDLE 0 5 2");
  EXPECT_NE(b.set_remote_description(SdpType::kOffer, renamed).error().message.find("before"), std::string::npos);
  EXPECT_EQ(seen(b), before);
}

TEST(Refusals, MisuseOfTheApiIsAnAnswer) {
  Negotiator peer = make_peer(1);
  EXPECT_EQ(peer.add_transceiver(MediaKind::kAudio, {.direction = RtpTransceiverDirection::kStopped}).error().code,
            ErrorCode::kType);
  EXPECT_EQ(peer.add_transceiver(MediaKind::kAudio, {.stream_ids = {"a b"}}).error().code, ErrorCode::kType);
  EXPECT_EQ(peer.set_direction(TransceiverId(9), RtpTransceiverDirection::kSendonly).error().code,
            ErrorCode::kNotFound);
  const TransceiverId id = ok(peer.add_transceiver(MediaKind::kAudio, {}));
  const CodecCapability video = default_capabilities().codecs.back();
  ASSERT_EQ(video.kind, MediaKind::kVideo);
  EXPECT_EQ(peer.set_codec_preferences(id, {video}).error().code, ErrorCode::kInvalidModification);
  peer.close();
  EXPECT_EQ(peer.add_track(MediaKind::kAudio, {}).error().code, ErrorCode::kInvalidState);
  EXPECT_EQ(peer.add_local_candidate("").error().code, ErrorCode::kInvalidState);
  EXPECT_FALSE(peer.negotiation_needed());
}

}  // namespace
}  // namespace tidewire::sdp
