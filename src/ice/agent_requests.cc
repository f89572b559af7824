// Requests of the peer: authentication, role conflicts, answers, and what they teach (RFC 8445 §7.3).
#include <array>
#include <span>
#include <utility>

#include "ice/agent.h"
#include "ice/check_message.h"

namespace tidewire::ice {

using stun::ErrorNumber;
using stun::MessageClass;

void Agent::handle_input(const Route& arrived, ByteView stun_message, Timestamp now) {
  if (state_ == State::kClosed) return;
  const auto base = base_of(arrived);
  if (!base) {
    ++stats_.dropped_unmatched;
    return;
  }
  const auto message = stun::MessageView::parse(stun_message);
  if (!message || message->method() != stun::Method::kBinding ||
      message->check_fingerprint() == stun::FingerprintCheck::kInvalid) {
    ++stats_.dropped_malformed;
    return;
  }
  const Route route{arrived.local, {arrived.remote.ip.unmapped(), arrived.remote.port}, arrived.stream};
  switch (message->message_class()) {
    case MessageClass::kRequest: handle_request(*message, *base, route, now); break;
    case MessageClass::kSuccess:
    case MessageClass::kError: handle_response(*message, route, now); break;
    case MessageClass::kIndication: break;  // RFC 8445 §11: a keepalive asks for nothing
  }
  drive(now);
}

void Agent::handle_request(const stun::MessageView& request, std::size_t base, const Route& route, Timestamp now) {
  const Credentials* credentials = authenticate(request, route, now);
  if (credentials == nullptr) return;
  ++stats_.requests_received;
  std::array<stun::AttributeType, 16> unknown{};
  if (const std::size_t count = unknown_attributes(request, unknown); count != 0) {
    // RFC 8489 §6.3.1
    return answer_error(request, route, ErrorNumber::kUnknownAttribute, credentials->pwd, now,
                        std::span(unknown).first(count));
  }
  const bool current = credentials == &local_;
  if (current && !settle_role_conflict(request)) {
    return answer_error(request, route, ErrorNumber::kRoleConflict, credentials->pwd, now);
  }
  // RFC 7675 §5.2: silence revokes the peer's consent too; without it the peer would go on sending to us.
  if (const Pair* pair = checks_.find(route); current && pair != nullptr && pair->consent_expired) return;
  ++stats_.responses_sent;
  transmit(route, build_success(pool_, request.transaction_id(), without_scope(route.remote), credentials->pwd));
  if (consent_ && consent_->path().route == route) consent_->note_request(now);
  if (!current) return;
  learn_from_check({.base = base,
                    .route = route,
                    .remote_ufrag = request.username()->substr(local_.ufrag.size() + 1),
                    // RFC 8445 §7.1.1 puts PRIORITY into every check; without it the least one is taken.
                    .priority = request.priority().value_or(candidate_priority(CandidateType::kPeerReflexive, 0)),
                    .use_candidate = request.use_candidate()},
                   now);
}

// RFC 8489 §9.1.3. Gives the generation of ours that the request is for, or nothing when it was refused.
const Credentials* Agent::authenticate(const stun::MessageView& request, const Route& route, Timestamp now) {
  const auto username = request.username();
  if (!username || !request.has_integrity()) {
    ++stats_.dropped_unauthenticated;
    answer_error(request, route, ErrorNumber::kBadRequest, std::nullopt, now);
    return nullptr;
  }
  // RFC 8445 §7.3: "our ufrag:peer's ufrag".
  const std::string_view ufrag = username->substr(0, username->find(':'));
  const bool has_colon = ufrag.size() < username->size();
  const Credentials* credentials = nullptr;
  if (has_colon && previous_local_ && ufrag == previous_local_->ufrag) credentials = &*previous_local_;
  if (has_colon && ufrag == local_.ufrag) credentials = &local_;
  if (credentials == nullptr || !request.verify_integrity(as_bytes(credentials->pwd))) {
    ++stats_.dropped_unauthenticated;
    answer_error(request, route, ErrorNumber::kUnauthenticated, std::nullopt, now);
    return nullptr;
  }
  return credentials;
}

// At a bounded rate: a flood of bad requests is not worth as many answers.
void Agent::answer_error(const stun::MessageView& request, const Route& route, ErrorNumber code,
                         std::optional<std::string_view> pwd, Timestamp now,
                         std::span<const stun::AttributeType> unknown) {
  if (!error_pacer_.ready(now)) return;
  error_pacer_.take(now);
  ++stats_.responses_sent;
  transmit(route, build_error(pool_, request.transaction_id(), code, pwd, unknown));
}

// RFC 8445 §7.3.1.1. False when the peer has to change its role.
bool Agent::settle_role_conflict(const stun::MessageView& request) {
  if (lite_) return true;  // RFC 8445 §7.3: a lite agent is controlled, and both say so
  if (role_ == Role::kControlling) {
    const auto theirs = request.ice_controlling();
    if (!theirs) return true;
    if (tie_breaker_ >= *theirs) return false;
    change_role(Role::kControlled);
    emit(RoleChanged{role_});
    return true;
  }
  const auto theirs = request.ice_controlled();
  if (!theirs) return true;
  if (tie_breaker_ < *theirs) return false;
  change_role(Role::kControlling);
  emit(RoleChanged{role_});
  return true;
}

void Agent::learn_from_check(const IncomingCheck& check, Timestamp now) {
  // Before the peer's description is known any generation of its credentials may be the right one; the candidate
  // remembers which it was.
  if (remote_ && check.remote_ufrag != remote_->ufrag) return;
  const Protocol protocol = bases_[check.base].candidate.protocol;
  const auto learn = [&] {
    return remotes_.add_peer_reflexive(check.route.remote, protocol, check.priority, check.remote_ufrag);
  };
  auto added = learn();
  if (added == RemoteCandidates::Added::kFull && forget_oldest_remote(true)) added = learn();
  const RemoteCandidates::Entry* remote = remotes_.find(check.route.remote, protocol);
  if (remote == nullptr) {
    ++stats_.dropped_table_full;
    return;
  }
  add_pair(check.base, *remote, check.route.stream);
  Pair* pair = checks_.find(check.base, remote->id);
  if (pair == nullptr || pair->consent_expired) return;
  if (pair->route.stream == StreamId{}) pair->route = check.route;  // the peer has connected again
  note_verified(*pair);
  if (added == RemoteCandidates::Added::kNew || failed_) revive(now);
  // A peer that has what it needs does not check lesser pairs: it seems to have lost the one in use.
  const bool has_path = selected_ && selected_->nominated && !selected_is_of_old_generation_;
  if (has_path && !is_selected(*pair) && pair->priority < selected_->priority) consent_->hasten(now);
  // RFC 8445 §7.3.1.4: triggered checks.
  if (pair->state != PairState::kSucceeded && !lite_) {
    CheckList::cancel(*pair);
    pair->state = PairState::kWaiting;
    checks_.trigger(*pair);
  }
  if (check.use_candidate && role_ == Role::kControlled) learn_nomination(*pair, now);
}

void Agent::note_verified(Pair& pair) {
  if (std::exchange(pair.verified, true)) return;
  emit(PathVerified{pair.route});
}

// RFC 8445 §7.3.1.5: at once when the pair is known to work, else as soon as it does.
void Agent::learn_nomination(Pair& pair, Timestamp now) {
  pair.nominated_by_peer = true;
  // RFC 8445 §8.2: a lite agent takes the peer's word for it.
  if (lite_) pair.state = PairState::kSucceeded;
  if (pair.state == PairState::kSucceeded) accept_nomination(pair, now);
}

}  // namespace tidewire::ice
