// Session descriptions: parse → write → parse must be a fixpoint; a remote offer that is taken must lead to an answer
// that our own parser takes; a remote answer must leave the negotiator usable.
#include <cstdlib>
#include <string>

#include "sdp/description_view.h"
#include "sdp/negotiator.h"

namespace {

using namespace tidewire;

void require(bool condition) {
  if (!condition) std::abort();
}

sdp::Negotiator make_peer() {
  sdp::NegotiatorConfig config{.capabilities = sdp::default_capabilities(),
                               .fingerprints = {{"sha-256", Bytes(32, 1)}}};
  sdp::Negotiator peer(std::move(config), crypto::Random::from_test_seed(1));
  (void)peer.add_track(MediaKind::kAudio, {});
  (void)peer.add_track(MediaKind::kVideo, {});
  (void)peer.add_data_section();
  return peer;
}

void answer(sdp::Negotiator& peer, std::string_view text) {
  if (!peer.set_remote_description(SdpType::kOffer, text)) return;
  const Result<SessionDescription> created = peer.create_answer();
  require(created.has_value());
  const Result<sdp::Description> tree = sdp::parse(created->sdp);
  require(tree.has_value() && sdp::interpret(*tree).has_value());
  require(sdp::write(*tree) == created->sdp);
  require(peer.set_local_description(SdpType::kAnswer, created->sdp).has_value());
  // And on with an offer of our own.
  (void)peer.add_transceiver(MediaKind::kVideo, {});
  require(peer.set_local_description().has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<sdp::Description> tree = sdp::parse(text);
  if (!tree) return 0;
  const std::string written = sdp::write(*tree);
  const Result<sdp::Description> again = sdp::parse(written);
  require(again.has_value() && *again == *tree && sdp::write(*again) == written);

  sdp::Negotiator answerer = make_peer();
  answer(answerer, text);
  answer(answerer, text);  // the same as a renegotiation

  sdp::Negotiator offerer = make_peer();
  require(offerer.set_local_description().has_value());
  if (offerer.set_remote_description(SdpType::kAnswer, text)) require(offerer.create_offer().has_value());
  return 0;
}
