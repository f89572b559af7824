#include "sdp/simulcast.h"

#include "sdp/test_support.h"

namespace tidewire::sdp {
namespace {

using Rids = std::vector<std::string>;

Rids rids(const std::vector<LocalEncoding>& encodings) {
  Rids out;
  for (const LocalEncoding& encoding : encodings) out.push_back(encoding.rid);
  return out;
}

TransceiverInit sending(Rids names) {
  return {.direction = RtpTransceiverDirection::kSendrecv, .rids = std::move(names)};
}

TEST(Simulcast, IsOfferedByRidAndAgreed) {
  Negotiator alice = make_peer(1);
  Negotiator bob = make_peer(2);
  ok(alice.add_transceiver(MediaKind::kVideo, sending({"q", "h", "f"})));
  negotiate(alice, bob);
  const std::string offer = alice.current_local_description()->sdp;
  EXPECT_NE(offer.find("a=rid:h send\r\n"), std::string::npos);
  EXPECT_NE(offer.find("a=simulcast:send q;h;f\r\n"), std::string::npos);
  EXPECT_EQ(offer.find("a=ssrc:"), std::string::npos);
  EXPECT_NE(alice.current_remote_description()->sdp.find("a=simulcast:recv q;h;f\r\n"), std::string::npos);
  const NegotiatedSection& ours = alice.negotiated().sections.at(0);
  EXPECT_EQ(rids(ours.local_encodings), (Rids{"q", "h", "f"}));
  EXPECT_NE(ours.local_encodings[0].ssrc, ours.local_encodings[1].ssrc);
  EXPECT_EQ(bob.negotiated().sections.at(0).remote_rids, (Rids{"q", "h", "f"}));
  // Who only receives simulcast goes on receiving it when it offers.
  negotiate(bob, alice);
  EXPECT_EQ(bob.negotiated().sections.at(0).remote_rids, (Rids{"q", "h", "f"}));
  EXPECT_EQ(rids(alice.negotiated().sections.at(0).local_encodings), (Rids{"q", "h", "f"}));
}

TEST(Simulcast, ThatIsNotTakenLeavesTheFirstEncoding) {
  Negotiator alice = make_peer(1);
  Negotiator bob = make_peer(2);
  ok(alice.add_transceiver(MediaKind::kVideo, sending({"q", "h"})));
  const std::string offer = ok(alice.create_offer()).sdp;
  ok(alice.set_local_description(SdpType::kOffer, offer));
  ok(bob.set_remote_description(SdpType::kOffer, offer));
  std::string answer = ok(bob.create_answer()).sdp;
  answer = replaced(replaced(answer, "a=simulcast:recv q;h\r\n", ""), "a=rid:", "a=x-rid:");
  ok(alice.set_remote_description(SdpType::kAnswer, answer));
  EXPECT_EQ(rids(alice.negotiated().sections.at(0).local_encodings), (Rids{"q"}));
}

TEST(Simulcast, OfBothBrowsersIsReceived) {
  for (const char* name : {"chromium-simulcast-q-h-f-offer.sdp", "firefox-simulcast-q-h-f-offer.sdp"}) {
    Negotiator peer = make_peer(1);
    ok(peer.set_remote_description(SdpType::kOffer, read_recorded(name)));
    ok(peer.set_local_description());
    EXPECT_EQ(peer.negotiated().sections.at(0).remote_rids, (Rids{"q", "h", "f"})) << name;
  }
}

TEST(Simulcast, IsSentWhenTheOfferWantsItAndNobodyHereChoseOtherwise) {
  Negotiator server = make_peer(1);
  Negotiator client = make_peer(2);
  ok(server.add_transceiver(MediaKind::kVideo, {.direction = RtpTransceiverDirection::kRecvonly}));
  ok(client.add_track(MediaKind::kVideo, {.track_id = "camera"}));
  std::string offer = ok(server.create_offer()).sdp;
  offer += "a=rid:lo recv\r\na=rid:hi recv\r\na=simulcast:recv lo;~hi\r\n";
  ok(client.set_remote_description(SdpType::kOffer, offer));
  ok(client.set_local_description());
  EXPECT_EQ(rids(client.negotiated().sections.at(0).local_encodings), (Rids{"lo", "hi"}));
  EXPECT_NE(client.local_description()->sdp.find("a=simulcast:send lo;hi"), std::string::npos);
}

TEST(Simulcast, NamesThatAreNoneAreRefused) {
  Negotiator peer = make_peer(1);
  for (const Rids& bad : {Rids{""}, Rids{"a b"}, Rids{"a", "a"}, Rids{"seventeenletters1"}, Rids(9, "a")}) {
    EXPECT_EQ(peer.add_transceiver(MediaKind::kVideo, sending(bad)).error().code, ErrorCode::kType);
  }
  EXPECT_EQ(peer.add_transceiver(MediaKind::kAudio, sending({"a"})).error().code, ErrorCode::kType);
}

TEST(Simulcast, LinesOfThePeerThatMakeNoSenseAreLeftOut) {
  SourceAttributes remote;
  remote.simulcast = Simulcast{.send = {"1,2", "~3", "4", "3", "x-y"}};
  remote.rids = {{"1", true, ""}, {"3", true, ""}, {"4", false, ""}, {"x-y", true, ""}};
  EXPECT_EQ(offered_rids(remote), (Rids{"1", "3"}));
  EXPECT_TRUE(wanted_rids(remote).empty());
}

TEST(Redundancy, NamesTheNumberOfOpus) {
  NegotiatorConfig config = test_config();
  for (CodecCapability& codec : config.capabilities.codecs) {
    if (codec.name == "opus") codec.payload_type = 109;
  }
  Negotiator alice = make_peer(1, config);
  Negotiator bob = make_peer(2);
  ok(alice.add_transceiver(MediaKind::kAudio, {}));
  negotiate(alice, bob);
  EXPECT_NE(alice.current_local_description()->sdp.find("a=fmtp:63 109/109\r\n"), std::string::npos);
  EXPECT_NE(alice.current_remote_description()->sdp.find("a=fmtp:63 109/109\r\n"), std::string::npos);
  EXPECT_EQ(alice.negotiated().sections.at(0).codecs.at(1).name, "red");
}

}  // namespace
}  // namespace tidewire::sdp
