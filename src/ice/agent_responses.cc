// Answers to our requests (RFC 8445 §7.2.5).
#include <array>

#include "ice/agent.h"
#include "ice/check_message.h"

namespace tidewire::ice {
namespace {

constexpr std::uint16_t kRoleConflictCode = static_cast<std::uint16_t>(stun::ErrorNumber::kRoleConflict);

bool same_route(const Route& a, const Route& b) {
  if (a.stream != StreamId{}) return a.stream == b.stream;
  return a.local == b.local && b.stream == StreamId{} && without_scope(a.remote) == without_scope(b.remote);
}

std::uint16_t error_of(const stun::MessageView& response) {
  const auto error = response.error_code();
  return error ? error->code : std::uint16_t{0};
}

}  // namespace

void Agent::handle_response(const stun::MessageView& response, const Route& route, Timestamp now) {
  std::optional<Gatherer::Found> found;
  if (gatherer_.handle_response(response, route.local, route.remote, now, found) == Gatherer::Match::kConsumed) {
    ++stats_.responses_received;
    if (!found) return;
    if (const auto base = find_base(found->base)) add_reflexive(*base, found->mapped, found->server);
    return;
  }
  const stun::TransactionId id = response.transaction_id();
  if (consent_ && consent_->owns(id)) return handle_consent_response(response, route, now);
  if (Pair* pair = checks_.find(id); pair != nullptr && remote_) {
    return handle_check_response(response, *pair, route, now);
  }
  ++stats_.dropped_unmatched;
}

void Agent::handle_consent_response(const stun::MessageView& response, const Route& route, Timestamp now) {
  const Consent::Path& path = consent_->path();
  if (!response.verify_integrity(as_bytes(path.remote_pwd))) {
    ++stats_.dropped_unauthenticated;
    return;
  }
  if (!same_route(path.route, route)) {
    ++stats_.dropped_unmatched;
    return;
  }
  ++stats_.responses_received;
  if (response.message_class() == stun::MessageClass::kSuccess) {
    if (const auto rtt = consent_->handle_answer(response.transaction_id(), random_, now)) measure(*rtt);
  } else if (error_of(response) == kRoleConflictCode && !selected_is_of_old_generation_) {
    yield_role(role_);
  }
}

void Agent::handle_check_response(const stun::MessageView& response, Pair& pair, const Route& route, Timestamp now) {
  // RFC 8489 §9.1.4: what is not authentic is as if it had never come. Errors without MESSAGE-INTEGRITY (400, 401)
  // could come from anyone who saw the request, so they do not end a check: it ends by itself.
  if (!response.verify_integrity(as_bytes(remote_->pwd))) {
    ++stats_.dropped_unauthenticated;
    return;
  }
  std::array<stun::AttributeType, 16> unknown{};
  const bool success = response.message_class() == stun::MessageClass::kSuccess;
  const auto mapped = response.mapped_address();
  if (unknown_attributes(response, unknown) != 0 || (success && !mapped)) {
    ++stats_.dropped_malformed;
    return;
  }
  ++stats_.responses_received;
  const bool answers_current = pair.check && pair.check->transaction.id == response.transaction_id();
  const Check answered = answers_current ? *pair.check : *pair.cancelled;
  // RFC 8445 §7.2.5.2.1: source and destination mirror those of the request.
  const bool symmetric = same_route(pair.route, route);
  if (!success || !symmetric) return handle_check_error(pair, answered.role, success ? 0 : error_of(response));
  if (answered.transaction.measures_round_trip()) pair.round_trip_time = now - answered.transaction.first_sent;
  // The newer check of a pair that just proved to work is not needed, unless it is there to nominate.
  if (answers_current || (pair.check && !pair.check->use_candidate)) CheckList::cancel(pair);
  handle_check_success(pair, answered.use_candidate && answered.role == Role::kControlling, *mapped, now);
}

// RFC 8445 §7.2.5.3
void Agent::handle_check_success(Pair& pair, bool use_candidate, const SocketAddress& mapped, Timestamp now) {
  if (!pair.nominate || use_candidate) pair.triggered = 0;
  pair.state = PairState::kSucceeded;
  pair.proven = true;
  pair.mapped = mapped;
  note_verified(pair);
  if (pair.consent_expired) return;
  // RFC 8445 §12.1.1: before nomination, data may flow on the best pair that works.
  const bool better = !selected_ || selected_is_of_old_generation_ || !is_healthy(now) ||
                      (!selected_->nominated && pair.priority > selected_->priority);
  if (better) select(pair, now);
  if ((use_candidate && role_ == Role::kControlling) || (pair.nominated_by_peer && role_ == Role::kControlled)) {
    accept_nomination(pair, now);
  }
}

void Agent::handle_check_error(Pair& pair, Role stated_role, std::uint16_t code) {
  pair.check.reset();
  pair.cancelled.reset();
  if (code == kRoleConflictCode) {
    // RFC 8445 §7.2.5.1: again, with the other role.
    yield_role(stated_role);
    if (pair.state != PairState::kSucceeded) pair.state = PairState::kWaiting;
    checks_.trigger(pair);
    return;
  }
  // RFC 8445 §7.2.5.2.4
  pair.state = PairState::kFailed;
  pair.triggered = 0;
}

// RFC 8445 §7.2.5.1: the peer refused the role that a request stated. Older requests may still have stated it.
void Agent::yield_role(Role stated_role) {
  if (role_ != stated_role) return;
  change_role(role_ == Role::kControlling ? Role::kControlled : Role::kControlling);
  emit(RoleChanged{role_});
  tie_breaker_ = random_.u64();
}

}  // namespace tidewire::ice
