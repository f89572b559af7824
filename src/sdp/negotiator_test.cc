#include "sdp/negotiator.h"

#include <array>

#include "sdp/test_support.h"

namespace tidewire::sdp {
namespace {

using enum SignalingState;

// W3C §4.3.1 and §4.4.1.5: every state, every operation.
TEST(SignalingStates, EveryOperationInEveryStateDoesWhatTheW3cSays) {
  struct Row {
    SignalingState from;
    // Results of local offer, pranswer, answer, rollback, then remote ones; kClosed stands for InvalidStateError.
    std::array<SignalingState, 4> local;
    std::array<SignalingState, 4> remote;
  };
  constexpr SignalingState kNo = kClosed;
  const std::vector<Row> table = {
      {kStable, {kHaveLocalOffer, kNo, kNo, kNo}, {kHaveRemoteOffer, kNo, kNo, kNo}},
      {kHaveLocalOffer, {kHaveLocalOffer, kNo, kNo, kStable}, {kHaveRemoteOffer, kHaveRemotePranswer, kStable, kNo}},
      {kHaveRemoteOffer, {kNo, kHaveLocalPranswer, kStable, kNo}, {kHaveRemoteOffer, kNo, kNo, kStable}},
      {kHaveLocalPranswer, {kNo, kHaveLocalPranswer, kStable, kNo}, {kNo, kNo, kNo, kNo}},
      {kHaveRemotePranswer, {kNo, kNo, kNo, kNo}, {kNo, kHaveRemotePranswer, kStable, kNo}},
      {kClosed, {kNo, kNo, kNo, kNo}, {kNo, kNo, kNo, kNo}},
  };
  constexpr std::array kTypes{SdpType::kOffer, SdpType::kPranswer, SdpType::kAnswer, SdpType::kRollback};
  const auto expect = [](const Result<Applied>& result, const Negotiator& peer, SignalingState from,
                         SignalingState wanted) {
    if (wanted != kNo) {
      EXPECT_TRUE(result) << (result ? "" : result.error().message);
      EXPECT_EQ(peer.signaling_state(), wanted);
      return;
    }
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidState) << result.error().message;
    EXPECT_EQ(peer.signaling_state(), from);
  };
  for (const Row& row : table) {
    for (std::size_t i = 0; i < kTypes.size(); ++i) {
      SCOPED_TRACE(std::string(to_string(row.from)) + " " + std::string(to_string(kTypes[i])));
      Negotiator local = peer_in(row.from);
      expect(local.set_local_description(kTypes[i]), local, row.from, row.local[i]);
      Negotiator remote = peer_in(row.from);
      const bool is_answer = kTypes[i] == SdpType::kAnswer || kTypes[i] == SdpType::kPranswer;
      // A second answer after a pranswer must fit the same offer: the pranswer's own text does.
      std::string sdp = kTypes[i] == SdpType::kOffer ? ok(make_caller(5).create_offer()).sdp : answer_for(remote);
      if (is_answer && row.from == kHaveRemotePranswer) sdp = remote.pending_remote_description()->sdp;
      expect(remote.set_remote_description(kTypes[i], sdp), remote, row.from, row.remote[i]);
    }
  }
}

TEST(SignalingStates, OffersAndAnswersAreCreatedOnlyWhereTheyMakeSense) {
  for (const SignalingState state :
       {kStable, kHaveLocalOffer, kHaveRemoteOffer, kHaveLocalPranswer, kHaveRemotePranswer, kClosed}) {
    Negotiator peer = peer_in(state);
    EXPECT_EQ(peer.create_offer().has_value(), state == kStable || state == kHaveLocalOffer) << to_string(state);
    EXPECT_EQ(peer.create_answer().has_value(), state == kHaveRemoteOffer || state == kHaveLocalPranswer)
        << to_string(state);
  }
}

TEST(Negotiation, TwoPeersAgreeOnEverything) {
  Negotiator a = make_caller(1);
  Negotiator b = make_caller(2);
  EXPECT_TRUE(a.negotiation_needed());
  const Round round = negotiate(a, b);
  EXPECT_TRUE(round.offer_remote.created.empty());  // b's own tracks take the sections
  EXPECT_EQ(round.offer_remote.tracks_added.size(), 2U);
  EXPECT_EQ(round.answer_remote.tracks_added.size(), 2U);
  EXPECT_FALSE(a.negotiation_needed());
  EXPECT_FALSE(b.negotiation_needed());
  for (std::size_t i : {0U, 1U}) {
    const NegotiatedSection& mine = a.negotiated().sections.at(i);
    const NegotiatedSection& theirs = b.negotiated().sections.at(i);
    EXPECT_TRUE(mine.send && mine.receive && theirs.send && theirs.receive);
    EXPECT_EQ(mine.codecs, theirs.codecs);
    EXPECT_EQ(mine.extensions, theirs.extensions);
    EXPECT_EQ(mine.local_encodings.at(0).ssrc, theirs.remote_sources.at(0).ssrc);
    EXPECT_EQ(theirs.local_encodings.at(0).ssrc, mine.remote_sources.at(0).ssrc);
    EXPECT_EQ(mine.local_cname, theirs.remote_sources.at(0).cname);
    EXPECT_EQ(mine.remote_stream_ids, std::vector<std::string>{"s2"});
    EXPECT_EQ(a.transceivers()[i].current_direction, RtpTransceiverDirection::kSendrecv);
  }
  EXPECT_EQ(a.negotiated().transport->remote_ice, b.local_ice());
  EXPECT_EQ(b.negotiated().transport->remote_ice, a.local_ice());
  EXPECT_EQ(a.negotiated().transport->dtls_role, DtlsRole::kServer);
  EXPECT_EQ(b.negotiated().transport->dtls_role, DtlsRole::kClient);
  EXPECT_TRUE(a.negotiated().transport->ice_controlling);
  EXPECT_FALSE(b.negotiated().transport->ice_controlling);
  EXPECT_TRUE(a.negotiated().sctp && b.negotiated().sctp);
  EXPECT_FALSE(a.pending_local_description());
  EXPECT_EQ(a.current_local_description()->type, SdpType::kOffer);
  EXPECT_EQ(a.current_remote_description()->type, SdpType::kAnswer);
}

TEST(Negotiation, OnlyTheLastCreatedTextMayBeApplied) {
  Negotiator peer = make_caller(1);
  const std::string offer = ok(peer.create_offer()).sdp;
  std::string munged = offer;
  munged.replace(munged.find("useinbandfec=1"), 14, "useinbandfec=0");
  EXPECT_EQ(peer.set_local_description(SdpType::kOffer, munged).error().code, ErrorCode::kInvalidModification);
  EXPECT_EQ(peer.signaling_state(), kStable);
  ok(peer.set_local_description(SdpType::kOffer, offer));
  EXPECT_EQ(peer.local_description()->sdp, offer);
  ok(peer.set_local_description(SdpType::kOffer, offer));
}

TEST(Negotiation, TransceiverStoppedBetweenCreatingAndApplyingMakesTheOfferStale) {
  Negotiator peer = make_peer(1);
  const TransceiverId id = ok(peer.add_transceiver(MediaKind::kAudio, {}));
  const std::string offer = ok(peer.create_offer()).sdp;
  ok(peer.stop(id));
  EXPECT_EQ(peer.set_local_description(SdpType::kOffer, offer).error().code, ErrorCode::kInvalidModification);
}

TEST(Negotiation, AnswererWithActiveRemoteIsPassive) {
  for (const bool remote_active : {true, false}) {
    Negotiator a = make_caller(1);
    Negotiator b = make_caller(2);
    std::string offer = ok(a.create_offer()).sdp;
    const std::string setup = remote_active ? "setup:active" : "setup:passive";
    for (std::size_t at = 0; (at = offer.find("setup:actpass", at)) != std::string::npos;) offer.replace(at, 13, setup);
    ok(b.set_remote_description(SdpType::kOffer, offer));
    ok(b.set_local_description());
    EXPECT_EQ(b.negotiated().transport->dtls_role, remote_active ? DtlsRole::kServer : DtlsRole::kClient);
    EXPECT_EQ(view_of(b.local_description()->sdp).sections[0].setup, remote_active ? Setup::kPassive : Setup::kActive);
  }
}

TEST(Negotiation, AnAnswerWithOtherPayloadTypesIsSentAsItWishes) {
  Negotiator a = make_peer(1);
  ok(a.add_transceiver(MediaKind::kVideo, {}));
  Negotiator b = make_peer(2);
  ok(a.set_local_description());
  ok(b.set_remote_description(SdpType::kOffer, a.local_description()->sdp));
  std::string answer = ok(b.create_answer()).sdp;
  for (const char* from : {"SAVPF 96", "rtpmap:96 ", "rtcp-fb:96 "}) {
    for (std::size_t at = 0; (at = answer.find(from, at)) != std::string::npos; ++at) {
      answer.replace(answer.find("96", at), 2, "119");
    }
  }
  ok(a.set_remote_description(SdpType::kAnswer, answer));
  const NegotiatedCodec codec = a.negotiated().sections.at(0).codecs.at(0);
  EXPECT_EQ(codec.send_payload_type, 119);
  EXPECT_EQ(codec.receive_payload_type, 96);
}

TEST(Renegotiation, ATrackIsAddedAndRemovedByEitherSide) {
  Negotiator a = make_peer(1);
  Negotiator b = make_peer(2);
  ok(a.add_track(MediaKind::kAudio, {}));
  negotiate(a, b);
  const TransceiverId video = ok(b.add_track(MediaKind::kVideo, {.stream_ids = {"cam"}}));
  EXPECT_TRUE(b.negotiation_needed());
  const Round added = negotiate(b, a);
  ASSERT_EQ(added.offer_remote.tracks_added.size(), 1U);
  EXPECT_EQ(added.offer_remote.tracks_added[0].stream_ids, std::vector<std::string>{"cam"});
  EXPECT_EQ(added.offer_remote.tracks_added[0].mid, "1");
  EXPECT_TRUE(b.negotiated().sections.at(1).send);
  // The DTLS association lives on, so do its roles: b was the client when it answered.
  EXPECT_EQ(b.negotiated().transport->dtls_role, DtlsRole::kClient);
  EXPECT_EQ(a.negotiated().transport->dtls_role, DtlsRole::kServer);
  EXPECT_TRUE(a.negotiated().transport->ice_controlling);
  EXPECT_FALSE(added.offer_local.local_ice_restart);
  EXPECT_FALSE(added.offer_remote.remote_ice_restart);

  ok(b.remove_track(video));
  EXPECT_TRUE(b.negotiation_needed());
  const Round removed = negotiate(b, a);
  ASSERT_EQ(removed.offer_remote.tracks_removed.size(), 1U);
  EXPECT_FALSE(a.negotiated().sections.at(1).receive);
  EXPECT_FALSE(a.negotiation_needed());
  EXPECT_FALSE(b.negotiation_needed());
  // A track again: the same transceiver does not serve twice once it has sent.
  EXPECT_NE(ok(b.add_track(MediaKind::kVideo, {})), video);
}

TEST(Renegotiation, StoppedSectionIsRejectedThenUsedAgainUnderANewMid) {
  Negotiator a = make_caller(1);
  Negotiator b = make_caller(2);
  negotiate(a, b);
  const TransceiverId video = a.transceivers()[1].id;
  ok(a.stop(video));
  EXPECT_EQ(a.transceiver(video)->direction, RtpTransceiverDirection::kStopped);
  EXPECT_TRUE(a.negotiation_needed());
  const Round stopped = negotiate(a, b);
  EXPECT_EQ(stopped.answer_remote.stopped, std::vector<TransceiverId>{video});
  EXPECT_EQ(stopped.answer_local.stopped.size(), 1U);
  EXPECT_EQ(stopped.answer_local.tracks_removed.size() + stopped.offer_remote.tracks_removed.size(), 1U);
  EXPECT_TRUE(a.negotiated().sections.at(1).rejected);
  EXPECT_FALSE(a.transceiver(video));
  EXPECT_FALSE(a.negotiation_needed());

  ok(b.add_track(MediaKind::kAudio, {}));
  negotiate(b, a);
  ASSERT_EQ(a.negotiated().sections.size(), 3U);
  const NegotiatedSection& reused = a.negotiated().sections[1];
  EXPECT_FALSE(reused.rejected);
  EXPECT_EQ(reused.kind, SectionKind::kAudio);
  EXPECT_EQ(reused.mid, "3");
  EXPECT_TRUE(reused.receive);
}

TEST(Renegotiation, DataSectionMayComeLater) {
  Negotiator a = make_peer(1);
  Negotiator b = make_peer(2);
  ok(a.add_track(MediaKind::kAudio, {}));
  negotiate(a, b);
  EXPECT_FALSE(a.negotiated().sctp);
  ok(b.add_data_section());
  EXPECT_TRUE(b.negotiation_needed());
  negotiate(b, a);
  EXPECT_TRUE(a.negotiated().sctp && b.negotiated().sctp);
  EXPECT_EQ(a.negotiated().sections.at(1).kind, SectionKind::kApplication);
  ok(a.add_data_section());
  EXPECT_FALSE(a.negotiation_needed());
}

TEST(Renegotiation, DirectionChangesMuteAndUnmuteTheRemoteTrack) {
  Negotiator a = make_caller(1);
  Negotiator b = make_caller(2);
  negotiate(a, b);
  const TransceiverId audio = a.transceivers()[0].id;
  ok(a.set_direction(audio, RtpTransceiverDirection::kInactive));
  EXPECT_TRUE(a.negotiation_needed());
  Round round = negotiate(a, b);
  EXPECT_EQ(round.offer_remote.tracks_removed.size(), 1U);
  EXPECT_EQ(round.answer_remote.tracks_removed.size(), 1U);
  EXPECT_EQ(a.transceiver(audio)->current_direction, RtpTransceiverDirection::kInactive);
  ok(a.set_direction(audio, RtpTransceiverDirection::kSendrecv));
  round = negotiate(a, b);
  EXPECT_EQ(round.offer_remote.tracks_added.size(), 1U);
  EXPECT_EQ(round.answer_remote.tracks_added.size(), 1U);
  EXPECT_FALSE(a.negotiation_needed());
}

TEST(Renegotiation, NumbersOfTheOtherSidesFirstOfferAreKeptInOurs) {
  Negotiator peer = make_peer(1);
  ok(peer.set_remote_description(SdpType::kOffer, read_recorded("firefox-av-data-offer.sdp")));
  ok(peer.set_local_description());
  ok(peer.add_transceiver(MediaKind::kVideo, {}));
  const DescriptionView offer = view_of(ok(peer.create_offer()).sdp);
  ASSERT_EQ(offer.sections.size(), 4U);
  EXPECT_EQ(offer.sections[0].codecs.at(0).payload_type, 109);
  EXPECT_EQ(offer.sections[3].codecs.at(0).payload_type, 120);
  EXPECT_EQ(offer.sections[3].mid, "3");
  for (const HeaderExtension& extension : offer.sections[3].extensions) {
    EXPECT_TRUE(extension.uri != kMidUri || extension.id == 3);
    EXPECT_TRUE(extension.uri != kTransportWideCcUri || extension.id == 7);
  }
}

TEST(Rollback, TakesBackALocalOfferAndKeepsTheTransceivers) {
  Negotiator peer = make_caller(1);
  ok(peer.set_local_description());
  EXPECT_EQ(peer.transceivers()[0].mid, "0");
  const Applied applied = ok(peer.set_local_description(SdpType::kRollback));
  EXPECT_TRUE(applied.rolled_back);
  EXPECT_EQ(peer.transceivers().size(), 2U);
  EXPECT_EQ(peer.transceivers()[0].mid, std::nullopt);
  EXPECT_FALSE(peer.local_description());
  EXPECT_TRUE(peer.negotiation_needed());
}

TEST(Rollback, TakesBackWhatARemoteOfferMadeUnlessATrackWasPutIntoIt) {
  for (const bool take : {false, true}) {
    Negotiator peer = make_peer(1);
    const Applied offered = ok(peer.set_remote_description(SdpType::kOffer, ok(make_caller(2).create_offer()).sdp));
    EXPECT_EQ(offered.created.size(), 2U);
    if (take) ok(peer.add_track(MediaKind::kVideo, {}));
    const Applied back = ok(peer.set_remote_description(SdpType::kRollback));
    EXPECT_EQ(back.tracks_removed.size(), 2U);
    EXPECT_EQ(back.removed.size(), take ? 1U : 2U);
    EXPECT_EQ(peer.transceivers().size(), take ? 1U : 0U);
    EXPECT_FALSE(peer.remote_description());
    EXPECT_FALSE(peer.negotiated().transport);
    for (const TransceiverState& kept : peer.transceivers()) EXPECT_EQ(kept.mid, std::nullopt);
  }
}

// Perfect negotiation: both offer at once, the polite one yields.
TEST(Rollback, GlareEndsWithBothTracksNegotiated) {
  Negotiator polite = make_caller(1);
  Negotiator impolite = make_caller(2);
  negotiate(impolite, polite);
  ok(polite.add_track(MediaKind::kVideo, {.stream_ids = {"p"}}));
  ok(impolite.add_track(MediaKind::kVideo, {.stream_ids = {"i"}}));
  ok(polite.set_local_description());
  ok(impolite.set_local_description());
  const Applied yielded = ok(polite.set_remote_description(SdpType::kOffer, impolite.local_description()->sdp));
  EXPECT_TRUE(yielded.rolled_back);
  EXPECT_EQ(polite.signaling_state(), kHaveRemoteOffer);
  ok(polite.set_local_description());
  ok(impolite.set_remote_description(SdpType::kAnswer, polite.local_description()->sdp));
  // The polite side's track went into the impolite side's section at once.
  EXPECT_FALSE(polite.negotiation_needed());
  EXPECT_EQ(polite.negotiated().sections.size(), 4U);
  EXPECT_TRUE(polite.negotiated().sections[3].send && polite.negotiated().sections[3].receive);
}

TEST(Ice, RestartByEitherSideIsSeenAndAnswered) {
  Negotiator a = make_caller(1);
  Negotiator b = make_caller(2);
  negotiate(a, b);
  const IceCredentials before_a = a.local_ice();
  const IceCredentials before_b = b.local_ice();
  ok(a.restart_ice());
  EXPECT_TRUE(a.negotiation_needed());
  const Round round = negotiate(a, b);
  EXPECT_TRUE(round.offer_local.local_ice_restart);
  EXPECT_TRUE(round.offer_remote.remote_ice_restart);
  EXPECT_TRUE(round.answer_local.local_ice_restart);
  EXPECT_TRUE(round.answer_remote.remote_ice_restart);
  EXPECT_NE(a.local_ice(), before_a);
  EXPECT_NE(b.local_ice(), before_b);
  EXPECT_EQ(b.negotiated().transport->remote_ice, a.local_ice());
  EXPECT_EQ(a.negotiated().transport->remote_ice, b.local_ice());
  EXPECT_EQ(a.negotiated().transport->local_ice_generation, 1U);
  EXPECT_FALSE(a.negotiation_needed());
  // And none when nobody asked.
  const Round quiet = negotiate(b, a);
  EXPECT_FALSE(quiet.offer_local.local_ice_restart || quiet.offer_remote.remote_ice_restart);
}

TEST(Ice, CredentialsOfTheOwnerAreUsedAndARolledBackRestartReturnsToTheOldOnes) {
  NegotiatorConfig config = test_config();
  config.ice = IceCredentials{"mine", "0123456789012345678901"};
  Negotiator a = make_peer(1, config);
  Negotiator b = make_peer(2);
  ok(a.add_data_section());
  negotiate(a, b);
  EXPECT_EQ(b.negotiated().transport->remote_ice, *config.ice);
  const IceCredentials next{"next", "abcdefghijklmnopqrstuv"};
  a.set_next_ice_credentials(next);
  ok(a.create_offer({.ice_restart = true}));
  EXPECT_TRUE(ok(a.set_local_description()).local_ice_restart);
  EXPECT_EQ(a.local_ice(), next);
  EXPECT_TRUE(ok(a.set_local_description(SdpType::kRollback)).local_ice_restart);
  EXPECT_EQ(a.local_ice(), *config.ice);
}

TEST(Negotiation, AnOfferWithOneSectionNeedsNeitherBundleNorMid) {
  Negotiator a = make_peer(1);
  ok(a.add_track(MediaKind::kAudio, {}));
  const std::string offer = replaced(replaced(ok(a.create_offer()).sdp, "a=group:BUNDLE 0\r\n", ""), "a=mid:0\r\n", "");
  Negotiator b = make_peer(2);
  ok(b.set_remote_description(SdpType::kOffer, offer));
  ok(b.set_local_description());
  EXPECT_EQ(b.local_description()->sdp.find("a=mid"), std::string::npos);
  EXPECT_EQ(b.local_description()->sdp.find("BUNDLE"), std::string::npos);
  EXPECT_EQ(b.negotiated().sections.at(0).mid, "0");
  EXPECT_TRUE(b.negotiated().sections.at(0).receive);
}

}  // namespace
}  // namespace tidewire::sdp
