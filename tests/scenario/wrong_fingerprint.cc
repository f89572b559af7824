// A description that promises another certificate ends the connection, in both DTLS roles, before a byte passes.
#include <gtest/gtest.h>

#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

std::string with_wrong_fingerprint(std::string sdp) {
  const std::string key = "a=fingerprint:sha-256 ";
  for (std::size_t at = sdp.find(key); at != std::string::npos; at = sdp.find(key, at + 1)) {
    char& digit = sdp[at + key.size()];
    digit = digit == '0' ? '1' : '0';
  }
  return sdp;
}

// `offerer_deceived`: the answer is forged, and the offerer (the DTLS server) must notice; else the offer is, and the
// answerer (the client).
void expect_refused(bool offerer_deceived) {
  SimulatedCall call;
  auto& alice = call.alice.session;
  auto& bob = call.bob.session;
  for (Session* session : {&alice, &bob}) (void)session->add_track(MediaKind::kVideo).value();
  (void)alice.create_data_channel("chat").value();
  alice.set_local_description(call.now()).value();
  SessionDescription offer = *alice.local_description();
  if (!offerer_deceived) offer.sdp = with_wrong_fingerprint(offer.sdp);
  bob.set_remote_description(offer, call.now()).value();
  bob.set_local_description(call.now()).value();
  SessionDescription answer = *bob.local_description();
  if (offerer_deceived) answer.sdp = with_wrong_fingerprint(answer.sdp);
  alice.set_remote_description(answer, call.now()).value();

  Peer& deceived = offerer_deceived ? call.alice : call.bob;
  EXPECT_TRUE(call.run_until([&] { return !deceived.failure.empty(); })) << "nobody noticed";
  EXPECT_NE(deceived.failure.find("fingerprint"), std::string::npos) << deceived.failure;
  EXPECT_EQ(deceived.session.connection_state(), PeerConnectionState::kFailed);
  call.simulation.run_for(3s);
  for (const Peer* peer : {&call.alice, &call.bob}) {
    EXPECT_EQ(peer->video_frames_received, 0U) << peer->name;
    EXPECT_TRUE(peer->messages.empty()) << peer->name;
    EXPECT_TRUE(peer->channels.empty()) << peer->name;
  }
}

TEST(WrongFingerprint, IsNoticedByTheDtlsServer) { expect_refused(true); }
TEST(WrongFingerprint, IsNoticedByTheDtlsClient) { expect_refused(false); }

}  // namespace
}  // namespace tidewire::scenario
