// Against what Chromium and Firefox really send.
#include <map>
#include <set>

#include "sdp/test_support.h"

namespace tidewire::sdp {
namespace {

std::vector<std::string> names(const std::vector<NegotiatedCodec>& codecs) {
  std::vector<std::string> all;
  for (const NegotiatedCodec& codec : codecs) all.push_back(codec.name);
  return all;
}

// How many of them we have too.
std::size_t known_codecs(const SectionView& section) {
  const std::vector<CodecCapability> ours = default_capabilities().codecs;
  return static_cast<std::size_t>(std::count_if(section.codecs.begin(), section.codecs.end(), [&](const Codec& theirs) {
    return std::any_of(ours.begin(), ours.end(), [&](const CodecCapability& c) { return matches(c, theirs); });
  }));
}

// What any answer of ours must be, whatever was offered.
void expect_sound_answer(const DescriptionView& offer, const std::string& sdp) {
  const Description tree = ok(parse(sdp));
  const DescriptionView answer = ok(interpret(tree));
  EXPECT_EQ(write(tree), sdp);
  ASSERT_EQ(answer.sections.size(), offer.sections.size());
  std::vector<std::string> accepted;
  for (std::size_t i = 0; i < answer.sections.size(); ++i) {
    const SectionView& ours = answer.sections[i];
    const SectionView& theirs = offer.sections[i];
    EXPECT_EQ(ours.mid, theirs.mid);
    EXPECT_EQ(ours.rejected, theirs.rejected);
    if (ours.rejected) continue;
    accepted.push_back(ours.mid);
    EXPECT_EQ(ours.kind, theirs.kind);
    EXPECT_EQ(ours.setup, Setup::kActive);
    EXPECT_EQ(ours.fingerprints.at(0).digest, Bytes(32, 0xab));
    EXPECT_EQ(ours.direction, intersect(ours.direction, reversed(theirs.direction)));
    if (!ours.is_media()) continue;
    EXPECT_TRUE(ours.rtcp_mux);
    // Chromium refuses rtpmap lines for payload types that the m-line does not list.
    EXPECT_EQ(ours.codecs.size(), tree.media[i].formats.size());
    std::size_t described = 0;
    tree.media[i].attributes.each("rtpmap", [&](const Attribute&) { ++described; });
    EXPECT_EQ(described, ours.codecs.size());
    for (const Codec& codec : ours.codecs) {
      const auto offered = std::find_if(theirs.codecs.begin(), theirs.codecs.end(),
                                        [&](const Codec& c) { return c.payload_type == codec.payload_type; });
      ASSERT_NE(offered, theirs.codecs.end());
      EXPECT_TRUE(same_token(offered->name, codec.name));
      for (const RtcpFeedback& feedback : codec.feedback) {
        EXPECT_EQ(std::count(offered->feedback.begin(), offered->feedback.end(), feedback), 1);
      }
    }
    for (const HeaderExtension& extension : ours.extensions) {
      EXPECT_GE(extension.id, 1);
      EXPECT_LE(extension.id, 14);
      const bool was_offered =
          std::any_of(theirs.extensions.begin(), theirs.extensions.end(),
                      [&](const HeaderExtension& e) { return e.id == extension.id && e.uri == extension.uri; });
      EXPECT_TRUE(was_offered) << extension.uri;
    }
  }
  EXPECT_EQ(answer.groups.at(0), (Group{"BUNDLE", accepted}));
}

TEST(BrowserOffers, EachGetsASoundAnswer) {
  const std::vector<std::string> names = recorded("-offer.sdp");
  std::vector<std::string> all = names;
  for (const char* name : {"cross-chromium-offer-to-firefox.sdp", "cross-firefox-offer-to-chromium.sdp"}) {
    all.emplace_back(name);
  }
  ASSERT_EQ(all.size(), 14U);
  for (const std::string& name : all) {
    SCOPED_TRACE(name);
    const std::string offer = read_recorded(name);
    Negotiator peer = make_peer(1);
    ok(peer.add_track(MediaKind::kAudio, {.stream_ids = {"stream"}}));
    ok(peer.add_track(MediaKind::kVideo, {.stream_ids = {"stream"}}));
    const Applied offered = ok(peer.set_remote_description(SdpType::kOffer, offer));
    const DescriptionView view = view_of(offer);
    const auto sending = std::count_if(view.sections.begin(), view.sections.end(), [](const SectionView& s) {
      return s.is_media() && !s.rejected && sends(s.direction);
    });
    EXPECT_EQ(offered.tracks_added.size(), static_cast<std::size_t>(sending));
    const SessionDescription answer = ok(peer.create_answer());
    expect_sound_answer(view, answer.sdp);
    ok(peer.set_local_description(SdpType::kAnswer, answer.sdp));
    EXPECT_EQ(peer.local_description()->sdp, answer.sdp);
    EXPECT_EQ(peer.signaling_state(), SignalingState::kStable);

    const NegotiatedSession& session = peer.negotiated();
    ASSERT_TRUE(session.transport);
    EXPECT_EQ(session.transport->dtls_role, DtlsRole::kClient);
    EXPECT_FALSE(session.transport->ice_controlling);
    EXPECT_EQ(session.transport->remote_candidates, view.sections[0].ice.candidates);
    EXPECT_EQ(session.transport->remote_fingerprints, view.sections[0].fingerprints);
    for (const NegotiatedSection& section : session.sections) {
      EXPECT_FALSE(section.rejected);
      if (section.kind == SectionKind::kApplication) continue;
      ASSERT_FALSE(section.codecs.empty());
      EXPECT_EQ(section.codecs.size(), known_codecs(view.sections[section.index]));
      // Some recorded descriptions were forced to have nothing else.
      const std::string video = offer.find("VP8/90000") != std::string::npos ? "VP8" : "AV1";
      EXPECT_EQ(section.codecs[0].name, section.kind == SectionKind::kAudio ? "opus" : video);
      EXPECT_TRUE(section.codecs[0].has_feedback("transport-cc"));
      EXPECT_EQ(section.codecs[0].has_feedback("nack", "pli"), section.kind == SectionKind::kVideo);
      EXPECT_EQ(section.codecs[0].send_payload_type, section.codecs[0].receive_payload_type);
      EXPECT_FALSE(section.extensions.empty());
    }
  }
}

TEST(BrowserOffers, ASectionWithoutACodecOfOursIsRejectedAndTheRestGoesOn) {
  NegotiatorConfig config = test_config();
  std::erase_if(config.capabilities.codecs, [](const CodecCapability& codec) { return codec.name == "AV1"; });
  Negotiator peer = make_peer(6, config);
  ok(peer.set_remote_description(SdpType::kOffer, read_recorded("cross-chromium-offer-to-firefox.sdp")));
  const Applied applied = ok(peer.set_local_description());
  EXPECT_EQ(applied.stopped.size(), 1U);
  const DescriptionView answer = view_of(peer.local_description()->sdp);
  EXPECT_TRUE(answer.sections.at(1).rejected);
  EXPECT_EQ(answer.groups.at(0).mids, (std::vector<std::string>{"0", "2"}));
  EXPECT_TRUE(peer.negotiated().sections.at(1).rejected);
  EXPECT_TRUE(peer.negotiated().sections.at(0).receive);
  EXPECT_TRUE(peer.negotiated().sctp);
}

TEST(BrowserOffers, ChromiumsSendrecvOfferIsAgreedInDetail) {
  Negotiator peer = make_peer(2);
  const TransceiverId audio = ok(peer.add_track(MediaKind::kAudio, {.stream_ids = {"s"}, .track_id = "a"}));
  const TransceiverId video = ok(peer.add_track(MediaKind::kVideo, {.stream_ids = {"s"}, .track_id = "v"}));
  const Applied offered =
      ok(peer.set_remote_description(SdpType::kOffer, read_recorded("chromium-av-data-sendrecv-offer.sdp")));
  EXPECT_TRUE(offered.created.empty());
  ok(peer.set_local_description());
  const NegotiatedSession& session = peer.negotiated();
  ASSERT_EQ(session.sections.size(), 3U);
  EXPECT_EQ(session.sections[0].transceiver, audio);
  EXPECT_EQ(session.sections[1].transceiver, video);
  EXPECT_TRUE(session.sections[1].send && session.sections[1].receive);
  EXPECT_EQ(session.sections[1].codecs[0].send_payload_type, 96);
  EXPECT_EQ(names(session.sections[0].codecs), (std::vector<std::string>{"opus", "red", "PCMU", "PCMA"}));
  EXPECT_EQ(names(session.sections[1].codecs), (std::vector<std::string>{"VP8", "H264", "H264", "AV1", "VP9"}));
  for (const NegotiatedCodec& codec : session.sections[1].codecs) EXPECT_TRUE(codec.send_rtx_payload_type);
  ASSERT_EQ(session.sections[1].remote_sources.size(), 1U);
  EXPECT_TRUE(session.sections[1].remote_sources[0].rtx_ssrc);
  EXPECT_EQ(session.sctp->remote_max_message_size, 262144U);
  const SectionView ours = view_of(peer.local_description()->sdp).sections[1];
  EXPECT_EQ(ours.sources.msids.at(0), (Msid{"s", "v"}));
  EXPECT_EQ(ours.sources.sources.at(0).ssrc, peer.transceiver(video)->encodings.at(0).ssrc);
  EXPECT_FALSE(peer.negotiation_needed());
}

TEST(BrowserOffers, WithoutTracksOfOurOwnWeReceiveOnly) {
  Negotiator peer = make_peer(3);
  const Applied offered = ok(peer.set_remote_description(SdpType::kOffer, read_recorded("firefox-av-data-offer.sdp")));
  EXPECT_EQ(offered.created.size(), 2U);
  EXPECT_EQ(offered.tracks_added.at(0).track_id, "{7065af5c-3a00-44e1-927c-9cbdfcff5cde}");
  EXPECT_EQ(offered.tracks_added.at(0).stream_ids.at(0), "{7a8dd82d-c078-4374-8835-661c5edb6fcc}");
  ok(peer.set_local_description());
  for (std::size_t i : {0U, 1U}) {
    EXPECT_TRUE(peer.negotiated().sections.at(i).receive);
    EXPECT_FALSE(peer.negotiated().sections.at(i).send);
  }
  EXPECT_EQ(peer.negotiated().sctp->remote_max_message_size, 1073741823U);
  EXPECT_FALSE(peer.negotiation_needed());
}

// A browser's recorded answer, given to an offer of ours that has the numbers of the one it was made for.
TEST(BrowserAnswers, EachConcludesAnOfferLikeTheOneItWasMadeFor) {
  std::size_t seen = 0;
  for (const std::string& name : recorded()) {
    if (name.find("-answer") == std::string::npos) continue;
    ++seen;
    SCOPED_TRACE(name);
    const std::string text = read_recorded(name);
    const DescriptionView answer = view_of(text);
    NegotiatorConfig config = test_config();
    for (CodecCapability& codec : config.capabilities.codecs) {
      for (const SectionView& section : answer.sections) {
        for (const Codec& theirs : section.codecs) {
          if (matches(codec, theirs)) codec.payload_type = theirs.payload_type;
        }
      }
    }
    Negotiator peer = make_peer(4, config);
    for (const SectionView& section : answer.sections) {
      if (section.kind == SectionKind::kAudio) ok(peer.add_transceiver(MediaKind::kAudio, {}));
      if (section.kind == SectionKind::kVideo) ok(peer.add_transceiver(MediaKind::kVideo, {}));
      if (section.kind == SectionKind::kApplication) ok(peer.add_data_section());
    }
    ok(peer.set_local_description());
    EXPECT_FALSE(peer.negotiated().transport);
    const Applied applied = ok(peer.set_remote_description(SdpType::kAnswer, text));
    ASSERT_TRUE(applied.answered);
    EXPECT_EQ(peer.signaling_state(), SignalingState::kStable);
    const NegotiatedSession& session = peer.negotiated();
    EXPECT_EQ(session.transport->dtls_role, DtlsRole::kServer);
    EXPECT_TRUE(session.transport->ice_controlling);
    EXPECT_EQ(session.transport->remote_ice, answer.sections[0].ice.credentials);
    ASSERT_EQ(session.sections.size(), answer.sections.size());
    for (std::size_t i = 0; i < session.sections.size(); ++i) {
      const NegotiatedSection& section = session.sections[i];
      EXPECT_FALSE(section.rejected);
      if (section.kind == SectionKind::kApplication) continue;
      EXPECT_EQ(section.codecs.size(), known_codecs(answer.sections[i]));
      EXPECT_EQ(section.send, receives(answer.sections[i].direction));
      EXPECT_EQ(section.receive, sends(answer.sections[i].direction));
    }
    EXPECT_FALSE(peer.negotiation_needed());
  }
  EXPECT_EQ(seen, 14U);
}

TEST(OwnOffers, KeepTheRulesOfBothBrowsers) {
  Negotiator peer = make_peer(5);
  for (int i = 0; i < 3; ++i) ok(peer.add_transceiver(MediaKind::kVideo, {}));
  ok(peer.add_transceiver(MediaKind::kAudio, {}));
  ok(peer.add_data_section());
  const std::string sdp = ok(peer.create_offer()).sdp;
  EXPECT_EQ(sdp.find("\n"), sdp.find("\r\n") + 1);
  const Description tree = ok(parse(sdp));
  const DescriptionView view = ok(interpret(tree));
  ASSERT_EQ(view.sections.size(), 5U);
  EXPECT_EQ(view.groups.at(0).mids.size(), 5U);
  std::map<int, std::string> ids;
  for (std::size_t i = 0; i < 4; ++i) {
    const SectionView& section = view.sections[i];
    EXPECT_EQ(section.setup, Setup::kActpass);
    EXPECT_TRUE(section.rtcp_mux && section.rtcp_rsize);
    EXPECT_EQ(section.codecs.size(), tree.media[i].formats.size());
    EXPECT_EQ(section.sources.sources.at(0).msid->track, section.sources.msids.at(0).track);
    EXPECT_FALSE(section.sources.sources.at(0).cname.empty());
    for (const HeaderExtension& extension : section.extensions) {
      EXPECT_TRUE(extension.id >= 1 && extension.id <= 14);
      EXPECT_EQ(ids.emplace(extension.id, extension.uri).first->second, extension.uri);
    }
  }
}

}  // namespace
}  // namespace tidewire::sdp
