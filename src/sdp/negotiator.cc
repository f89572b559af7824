#include "sdp/negotiator.h"

#include <algorithm>
#include <utility>

#include "sdp/apply.h"
#include "sdp/candidates.h"
#include "sdp/negotiation_needed.h"
#include "sdp/negotiator_impl.h"
#include "sdp/offer_answer.h"
#include "sdp/section_writer.h"

namespace tidewire::sdp {
namespace {

Error wrong_state(SignalingState state, bool local, SdpType type) {
  return invalid_state(std::string("a ") + (local ? "local " : "remote ") + std::string(to_string(type)) +
                       " cannot be applied in state " + std::string(to_string(state)));
}

std::optional<SessionDescription> described(const std::optional<AppliedDescription>& description) {
  if (!description) return std::nullopt;
  return SessionDescription{description->type, write(description->tree)};
}

}  // namespace

std::string Negotiator::Impl::hex_id(std::uint64_t value) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4)
    text += "0123456789abcdef"[(value >> static_cast<unsigned>(shift)) & 15U];
  return text;
}

bool Negotiator::Impl::is_free(std::uint32_t ssrc) const {
  const bool taken = std::ranges::any_of(state.transceivers, [&](const Transceiver& t) {
    return std::ranges::any_of(
        t.encodings, [&](const auto& e) { return e.ssrc == ssrc || e.rtx_ssrc == ssrc || e.fec_ssrc == ssrc; });
  });
  return ssrc != 0 && !taken;
}

std::uint32_t Negotiator::Impl::new_ssrc() {
  while (true) {
    const std::uint32_t ssrc = random.u32();
    if (is_free(ssrc)) return ssrc;
  }
}

void Negotiator::Impl::complete(std::vector<LocalEncoding>& encodings) {
  for (LocalEncoding& encoding : encodings) {
    if (encoding.ssrc == 0) encoding.ssrc = new_ssrc();
    if (encoding.rtx_ssrc == 0) encoding.rtx_ssrc = new_ssrc();
    // Beside a random number, and as unlikely to collide as that.
    if (encoding.fec_ssrc == 0) encoding.fec_ssrc = is_free(encoding.rtx_ssrc + 1) ? encoding.rtx_ssrc + 1 : new_ssrc();
  }
}

// RFC 8839 §5.4: at least 24 and 128 bits of randomness; an ice-char has 6.
IceCredentials Negotiator::Impl::new_credentials() {
  if (state.next_ice) return *state.next_ice;
  std::string ufrag = random.ice_chars(8);
  return {std::move(ufrag), random.ice_chars(24)};
}

// Candidates gathered so far go along (RFC 9429 §5.2.2).
void Negotiator::Impl::finish(Created& created) const {
  if (Result<DescriptionView> view = interpret(created.tree)) {
    AppliedDescription description{SdpType::kOffer, std::move(created.tree), *std::move(view)};
    write_candidates(state, description);
    created.tree = std::move(description.tree);
  }
  created.text = write(created.tree);
}

Created Negotiator::Impl::create_offer(bool ice_restart) {
  IceCredentials ice = state.local_ice;
  const bool restarted = state.local_ice != state.stable_local_ice;
  const bool wanted = ice_restart || (state.ice_restart_wanted && !restarted);
  if (wanted && state.current_local) ice = new_credentials();
  Created created = make_offer(state, config, std::move(ice));
  finish(created);
  return created;
}

Created Negotiator::Impl::create_answer() {
  IceCredentials ice = state.local_ice;
  const std::optional<NegotiatedTransport>& transport = state.negotiated.transport;
  const bool restarted = state.local_ice != state.stable_local_ice;
  // RFC 8839 §4.4.1.1.1: an offer with new credentials is answered with new ones.
  if (state.paired_remote_ice && transport && transport->remote_ice != *state.paired_remote_ice && !restarted) {
    ice = new_credentials();
  }
  Created created = make_answer(state, config, std::move(ice));
  finish(created);
  return created;
}

// W3C §4.4.1.5: only what was created last may be applied.
Result<Created> Negotiator::Impl::take_created(SdpType type, std::string_view sdp) {
  const bool is_offer = type == SdpType::kOffer;
  const std::optional<Created>& last = is_offer ? state.last_offer : state.last_answer;
  if (sdp.empty()) {
    if (last && last->revision == state.revision) return *last;
    return is_offer ? create_offer(false) : create_answer();
  }
  if (last && last->text == sdp) return *last;
  return Error{ErrorCode::kInvalidModification,
               std::string("the ") + (is_offer ? "offer" : "answer") + " is not the one that was created last"};
}

Negotiator::Negotiator(NegotiatorConfig config, crypto::Random random)
    : impl_(std::make_unique<Impl>(Impl{std::move(config), std::move(random), State{}})) {
  State& state = impl_->state;
  // RFC 9429 §5.2.1: a 64-bit number whose highest bit is 0.
  state.session_id = std::to_string(impl_->random.u64() >> 1U);
  state.cname = impl_->random.ice_chars(16);
  state.local_ice_lite = impl_->config.ice_lite;
  state.local_ice = impl_->config.ice ? *impl_->config.ice : impl_->new_credentials();
  state.stable_local_ice = state.local_ice;
}

Negotiator::~Negotiator() = default;
Negotiator::Negotiator(Negotiator&&) noexcept = default;
Negotiator& Negotiator::operator=(Negotiator&&) noexcept = default;

Result<> Negotiator::add_data_section() {
  if (impl_->closed()) return closed_error();
  if (!std::exchange(impl_->state.data.wanted, true)) impl_->changed();
  return {};
}

Result<> Negotiator::restart_ice() {
  if (impl_->closed()) return closed_error();
  if (!impl_->state.current_local) return {};
  impl_->state.ice_restart_wanted = true;
  impl_->changed();
  return {};
}

void Negotiator::set_next_ice_credentials(IceCredentials credentials) {
  impl_->state.next_ice = std::move(credentials);
  impl_->changed();
}

Result<SessionDescription> Negotiator::create_offer(OfferOptions options) {
  const SignalingState signaling = impl_->state.signaling;
  if (impl_->closed()) return closed_error();
  // W3C §4.4.2 createOffer
  if (signaling != SignalingState::kStable && signaling != SignalingState::kHaveLocalOffer) {
    return invalid_state("no offer can be created in state " + std::string(to_string(signaling)));
  }
  impl_->state.last_offer = impl_->create_offer(options.ice_restart);
  return SessionDescription{SdpType::kOffer, impl_->state.last_offer->text};
}

Result<SessionDescription> Negotiator::create_answer() {
  const SignalingState signaling = impl_->state.signaling;
  if (impl_->closed()) return closed_error();
  // W3C §4.4.2 createAnswer
  if (signaling != SignalingState::kHaveRemoteOffer && signaling != SignalingState::kHaveLocalPranswer) {
    return invalid_state("there is no remote offer to answer in state " + std::string(to_string(signaling)));
  }
  impl_->state.last_answer = impl_->create_answer();
  return SessionDescription{SdpType::kAnswer, impl_->state.last_answer->text};
}

Result<Applied> Negotiator::set_local_description(SdpType type, std::string_view sdp) {
  if (impl_->closed()) return closed_error();
  const SignalingState before = impl_->state.signaling;
  if (!next_state(before, true, type)) return wrong_state(before, true, type);
  Applied applied;
  State next = impl_->state;
  if (type == SdpType::kRollback) {
    applied.rolled_back = true;
    roll_back(next, applied);
  } else {
    Result<Created> created = impl_->take_created(type, sdp);
    if (!created) return created.error();
    if (const Result<> done = apply_local(next, impl_->config, type, *created, applied); !done) return done.error();
    // It stays the last one created, so that it can be applied again.
    if (next.signaling != SignalingState::kStable) {
      (type == SdpType::kOffer ? next.last_offer : next.last_answer) = *std::move(created);
    }
  }
  applied.signaling_state_changed = next.signaling != before;
  impl_->state = std::move(next);
  impl_->changed();
  return applied;
}

// W3C §4.4.2 setLocalDescription without argument
Result<Applied> Negotiator::set_local_description() {
  using enum SignalingState;
  const SignalingState now = impl_->state.signaling;
  const bool offers = now == kStable || now == kHaveLocalOffer || now == kHaveRemotePranswer;
  return set_local_description(offers ? SdpType::kOffer : SdpType::kAnswer, {});
}

Result<Applied> Negotiator::set_remote_description(SdpType type, std::string_view sdp) {
  if (impl_->closed()) return closed_error();
  const SignalingState before = impl_->state.signaling;
  if (!next_state(before, false, type)) return wrong_state(before, false, type);
  Applied applied;
  State next = impl_->state;
  if (type == SdpType::kRollback) {
    applied.rolled_back = true;
    roll_back(next, applied);
  } else {
    Result<Description> tree = parse(sdp);
    if (!tree) return tree.error();
    TransceiverInit made{.track_id = impl_->random_id().substr(0, 24) + "-"};
    if (Result<> done = apply_remote(next, impl_->config, type, *std::move(tree), applied, made); !done) {
      return done.error();
    }
    for (Transceiver& transceiver : next.transceivers) impl_->complete(transceiver.encodings);
  }
  applied.signaling_state_changed = next.signaling != before;
  impl_->state = std::move(next);
  impl_->changed();
  return applied;
}

Result<RemoteCandidate> Negotiator::add_remote_candidate(const IceCandidateInit& candidate) {
  if (impl_->closed()) return closed_error();
  return sdp::add_remote_candidate(impl_->state, candidate);
}

Result<IceCandidateInit> Negotiator::add_local_candidate(std::string_view candidate) {
  if (impl_->closed()) return closed_error();
  return sdp::add_local_candidate(impl_->state, candidate);
}

void Negotiator::close() {
  impl_->state.signaling = SignalingState::kClosed;
  impl_->state.transceivers.clear();
  impl_->changed();
}

SignalingState Negotiator::signaling_state() const { return impl_->state.signaling; }
bool Negotiator::negotiation_needed() const { return is_negotiation_needed(impl_->state); }
const NegotiatedSession& Negotiator::negotiated() const { return impl_->state.negotiated; }
const IceCredentials& Negotiator::local_ice() const { return impl_->state.local_ice; }

std::optional<SessionDescription> Negotiator::local_description() const {
  return described(impl_->state.pending_local ? impl_->state.pending_local : impl_->state.current_local);
}
std::optional<SessionDescription> Negotiator::remote_description() const {
  return described(impl_->state.pending_remote ? impl_->state.pending_remote : impl_->state.current_remote);
}
std::optional<SessionDescription> Negotiator::current_local_description() const {
  return described(impl_->state.current_local);
}
std::optional<SessionDescription> Negotiator::current_remote_description() const {
  return described(impl_->state.current_remote);
}
std::optional<SessionDescription> Negotiator::pending_local_description() const {
  return described(impl_->state.pending_local);
}
std::optional<SessionDescription> Negotiator::pending_remote_description() const {
  return described(impl_->state.pending_remote);
}

}  // namespace tidewire::sdp
