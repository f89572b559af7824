#include "sdp/negotiator.h"

#include <algorithm>
#include <utility>

#include "sdp/apply.h"
#include "sdp/candidates.h"
#include "sdp/negotiation_needed.h"
#include "sdp/negotiation_state.h"
#include "sdp/offer_answer.h"
#include "sdp/section_writer.h"
#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

constexpr std::size_t kMaxTransceivers = kMaxMediaSections - 1;

Error invalid_state(std::string message) { return {ErrorCode::kInvalidState, std::move(message)}; }

Error closed_error() { return invalid_state("the connection is closed"); }

Error wrong_state(SignalingState state, bool local, SdpType type) {
  return invalid_state(std::string("a ") + (local ? "local " : "remote ") + std::string(to_string(type)) +
                       " cannot be applied in state " + std::string(to_string(state)));
}

std::optional<SessionDescription> described(const std::optional<AppliedDescription>& description) {
  if (!description) return std::nullopt;
  return SessionDescription{description->type, write(description->tree)};
}

TransceiverState snapshot(const Transceiver& t) {
  return {.id = t.id,
          .kind = t.kind,
          .mid = t.association.mid,
          .direction = t.stopping ? Direction::kStopped : t.direction,
          .current_direction = t.current_direction,
          .stopped = t.stopping,
          .track_id = t.track_id,
          .stream_ids = t.stream_ids,
          .ssrc = t.ssrc,
          .remote_track_id = t.association.remote_track_id,
          .remote_stream_ids = t.association.remote_stream_ids};
}

// The text of an id that stands in a=msid or a=ssrc must be one word.
bool is_id(std::string_view text) {
  return text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Result<> check_ids(const std::vector<std::string>& streams, std::string_view track) {
  const bool good = is_id(track) && streams.size() <= 16 &&
                    std::all_of(streams.begin(), streams.end(), [](const auto& s) { return !s.empty() && is_id(s); });
  if (!good)
    return Error{ErrorCode::kType, "a stream or track id is empty, longer than 256 or has unprintable characters"};
  return {};
}

}  // namespace

struct Negotiator::Impl {
  NegotiatorConfig config;
  crypto::Random random;
  State state;

  bool closed() const { return state.signaling == SignalingState::kClosed; }
  std::string random_id() { return hex_id(random.u64()) + hex_id(random.u64()); }
  static std::string hex_id(std::uint64_t value);
  std::uint32_t new_ssrc();
  IceCredentials new_credentials();

  Transceiver& add(MediaKind kind, TransceiverInit init);
  Result<Transceiver*> live(TransceiverId id);
  // Every change of what an offer or answer would say.
  void changed() { ++state.revision; }

  Created create_offer(bool ice_restart);
  Created create_answer();
  void finish(Created& created) const;
  Result<Created> take_created(SdpType type, std::string_view sdp);
};

std::string Negotiator::Impl::hex_id(std::uint64_t value) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4)
    text += "0123456789abcdef"[(value >> static_cast<unsigned>(shift)) & 15U];
  return text;
}

std::uint32_t Negotiator::Impl::new_ssrc() {
  while (true) {
    const std::uint32_t ssrc = random.u32();
    const bool taken = std::any_of(state.transceivers.begin(), state.transceivers.end(),
                                   [&](const Transceiver& t) { return t.ssrc == ssrc || t.rtx_ssrc == ssrc; });
    if (ssrc != 0 && !taken) return ssrc;
  }
}

// RFC 8839 §5.4: at least 24 and 128 bits of randomness; an ice-char has 6.
IceCredentials Negotiator::Impl::new_credentials() {
  if (state.next_ice) return *state.next_ice;
  std::string ufrag = random.ice_chars(8);
  return {std::move(ufrag), random.ice_chars(24)};
}

Transceiver& Negotiator::Impl::add(MediaKind kind, TransceiverInit init) {
  Transceiver transceiver;
  transceiver.id = TransceiverId(state.next_transceiver++);
  transceiver.kind = kind;
  transceiver.direction = init.direction;
  transceiver.has_track = sends(init.direction) || !init.track_id.empty();
  transceiver.track_id = init.track_id.empty() ? random_id() : std::move(init.track_id);
  transceiver.stream_ids = std::move(init.stream_ids);
  transceiver.ssrc = new_ssrc();
  transceiver.rtx_ssrc = new_ssrc();
  changed();
  return state.transceivers.emplace_back(std::move(transceiver));
}

Result<Transceiver*> Negotiator::Impl::live(TransceiverId id) {
  if (closed()) return closed_error();
  Transceiver* transceiver = state.find(id);
  if (!transceiver) return Error{ErrorCode::kNotFound, "no such transceiver"};
  if (transceiver->stopping) return invalid_state("the transceiver is stopped");
  return transceiver;
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
  state.local_ice = impl_->config.ice ? *impl_->config.ice : impl_->new_credentials();
  state.stable_local_ice = state.local_ice;
}

Negotiator::~Negotiator() = default;
Negotiator::Negotiator(Negotiator&&) noexcept = default;
Negotiator& Negotiator::operator=(Negotiator&&) noexcept = default;

Result<TransceiverId> Negotiator::add_transceiver(MediaKind kind, TransceiverInit init) {
  if (impl_->closed()) return closed_error();
  if (init.direction == Direction::kStopped) return Error{ErrorCode::kType, "a transceiver cannot start stopped"};
  if (const Result<> done = check_ids(init.stream_ids, init.track_id); !done) return done.error();
  if (impl_->state.transceivers.size() >= kMaxTransceivers) {
    return Error{ErrorCode::kOperation, "too many transceivers"};
  }
  return impl_->add(kind, std::move(init)).id;
}

// W3C §5.1 addTrack
Result<TransceiverId> Negotiator::add_track(MediaKind kind, TransceiverInit init) {
  if (impl_->closed()) return closed_error();
  if (const Result<> done = check_ids(init.stream_ids, init.track_id); !done) return done.error();
  std::vector<Transceiver>& list = impl_->state.transceivers;
  const auto reusable = std::find_if(list.begin(), list.end(), [&](const Transceiver& t) {
    return t.kind == kind && !t.has_track && !t.has_sent && !t.stopping;
  });
  if (reusable == list.end()) {
    init.direction = Direction::kSendrecv;
    Result<TransceiverId> id = add_transceiver(kind, std::move(init));
    if (id) impl_->state.find(*id)->added_by_track = true;
    return id;
  }
  reusable->direction = make_direction(true, receives(reusable->direction));
  reusable->has_track = true;
  reusable->added_by_track = true;
  if (!init.track_id.empty()) reusable->track_id = std::move(init.track_id);
  reusable->stream_ids = std::move(init.stream_ids);
  impl_->changed();
  return reusable->id;
}

// W3C §5.1 removeTrack
Result<> Negotiator::remove_track(TransceiverId id) {
  const Result<Transceiver*> transceiver = impl_->live(id);
  if (!transceiver) return transceiver.error();
  (*transceiver)->has_track = false;
  (*transceiver)->direction = make_direction(false, receives((*transceiver)->direction));
  impl_->changed();
  return {};
}

Result<> Negotiator::set_direction(TransceiverId id, RtpTransceiverDirection direction) {
  if (direction == Direction::kStopped) return Error{ErrorCode::kType, "call stop() to stop a transceiver"};
  const Result<Transceiver*> transceiver = impl_->live(id);
  if (!transceiver) return transceiver.error();
  (*transceiver)->direction = direction;
  impl_->changed();
  return {};
}

Result<> Negotiator::set_streams(TransceiverId id, std::vector<std::string> stream_ids) {
  if (Result<> done = check_ids(stream_ids, {}); !done) return done;
  const Result<Transceiver*> transceiver = impl_->live(id);
  if (!transceiver) return transceiver.error();
  (*transceiver)->stream_ids = std::move(stream_ids);
  impl_->changed();
  return {};
}

Result<> Negotiator::set_codec_preferences(TransceiverId id, std::vector<CodecCapability> codecs) {
  const Result<Transceiver*> transceiver = impl_->live(id);
  if (!transceiver) return transceiver.error();
  const std::vector<CodecCapability>& known = impl_->config.capabilities.codecs;
  for (const CodecCapability& codec : codecs) {
    if (codec.kind != (*transceiver)->kind || std::find(known.begin(), known.end(), codec) == known.end()) {
      return Error{ErrorCode::kInvalidModification, "codec " + quoted(codec.name) + " is not among the capabilities"};
    }
  }
  (*transceiver)->preferences = std::move(codecs);
  impl_->changed();
  return {};
}

Result<> Negotiator::stop(TransceiverId id) {
  if (impl_->closed()) return closed_error();
  Transceiver* transceiver = impl_->state.find(id);
  if (!transceiver) return Error{ErrorCode::kNotFound, "no such transceiver"};
  transceiver->stopping = true;
  // The other side never heard of it.
  if (!transceiver->association.mline) {
    std::erase_if(impl_->state.transceivers, [&](const Transceiver& t) { return t.id == id; });
  }
  impl_->changed();
  return {};
}

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
    const std::size_t known = next.transceivers.size();
    TransceiverInit made{.track_id = impl_->random_id().substr(0, 24) + "-"};
    if (Result<> done = apply_remote(next, impl_->config, type, *std::move(tree), applied, made); !done) {
      return done.error();
    }
    if (next.transceivers.size() > known || !applied.created.empty()) {
      for (Transceiver& t : next.transceivers) {
        if (t.ssrc == 0) t.ssrc = impl_->new_ssrc();
        if (t.rtx_ssrc == 0) t.rtx_ssrc = impl_->new_ssrc();
      }
    }
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

std::vector<TransceiverState> Negotiator::transceivers() const {
  std::vector<TransceiverState> out;
  for (const Transceiver& transceiver : impl_->state.transceivers) out.push_back(snapshot(transceiver));
  return out;
}

std::optional<TransceiverState> Negotiator::transceiver(TransceiverId id) const {
  const Transceiver* transceiver = impl_->state.find(id);
  return transceiver ? std::optional(snapshot(*transceiver)) : std::nullopt;
}

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
