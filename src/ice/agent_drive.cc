// What time brings: requests that are due, states that change, the next deadline.
#include <algorithm>
#include <utility>

#include "ice/agent.h"
#include "ice/check_message.h"

namespace tidewire::ice {
namespace {

std::string in_seconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

}  // namespace

void Agent::handle_timeout(Timestamp now) {
  if (now < next_timeout_) return;
  drive(now);
}

void Agent::drive(Timestamp now) {
  if (state_ == State::kClosed) return;
  // Consent first: whether a pair is in use decides what else there is to do.
  drive_consent(now);
  if (recover_again_at_ && now >= *recover_again_at_) recover(now);
  drive_gathering(now);
  drive_checks(now);
  check_for_failure(now);
  update_state(now);
  update_deadline(now);
}

void Agent::drive_gathering(Timestamp now) {
  gatherer_.refresh(refresh_wanted(), now);
  while (Gatherer::Query* query = gatherer_.next_retransmission(now)) {
    transmit({query->base, query->server, {}}, build_binding_request(pool_, query->transaction.id));
  }
  while (pacer_.ready(now)) {
    Gatherer::Query* query = gatherer_.next_new();
    if (query == nullptr) break;
    pacer_.take(now);
    gatherer_.start(*query, random_, now);
    transmit({query->base, query->server, {}}, build_binding_request(pool_, query->transaction.id));
  }
  if (local_sockets_ended_ && gatherer_.settled()) set_gathering_state(GatheringState::kComplete);
}

// RFC 8445 §5.1.1.4: bindings are kept until the candidates are used or of no use any more.
bool Agent::refresh_wanted() const { return !selected_ && !failed_; }

void Agent::drive_checks(Timestamp now) {
  if (!remote_ || failed_ || lite_) return;
  if (role_ == Role::kControlling) nominate(now);
  while (Pair* pair = checks_.next_retransmission(now)) send_check(*pair);
  while (pacer_.ready(now)) {
    Pair* pair = checks_.next_to_check(check_floor());
    if (pair == nullptr) break;
    pacer_.take(now);
    checks_.begin(*pair, random_transaction_id(random_), role_, now);
    send_check(*pair);
  }
}

// RFC 8445 §8.1.2: once a pair is nominated, lesser ones need no check, unless the nominated one has stopped answering.
std::optional<std::uint64_t> Agent::check_floor() const {
  const bool nominated = selected_ && selected_->nominated && !selected_is_of_old_generation_;
  if (!nominated || recover_again_at_) return std::nullopt;
  return selected_->priority;
}

void Agent::send_check(Pair& pair) {
  if (pair.protocol == Protocol::kTcp) {
    if (pair.route.stream == StreamId{}) return open_stream(pair);
    if (const Stream* stream = find_stream(pair.route.stream); stream == nullptr || !stream->open) return;
  }
  const CheckRequest request{
      .id = pair.check->transaction.id,
      .username = username_,
      .remote_pwd = remote_->pwd,
      .role = pair.check->role,
      .tie_breaker = tie_breaker_,
      // RFC 8445 §7.1.1: the priority of the peer-reflexive candidate that this check may teach.
      .priority = candidate_priority(CandidateType::kPeerReflexive, bases_[pair.base].preference),
      .use_candidate = pair.check->use_candidate,
  };
  ++stats_.requests_sent;
  transmit(pair.route, build_check(pool_, request));
}

void Agent::drive_consent(Timestamp now) {
  if (!consent_) return;
  if (consent_->expired(now)) return lose_selected_pair(now);
  if (consent_->request_due(now)) {
    const Consent::Path& path = consent_->path();
    const CheckRequest request{.id = consent_->start_request(random_, now),
                               .username = path.username,
                               .remote_pwd = path.remote_pwd,
                               .role = role_,
                               .tie_breaker = tie_breaker_,
                               .priority = path.priority,
                               .use_candidate = role_ == Role::kControlling && consent_->nominated()};
    ++stats_.requests_sent;
    ++stats_.consent_requests_sent;
    transmit(path.route, build_check(pool_, request));
  }
  if (is_healthy(now)) {
    stop_recovering();
  } else if (!recover_again_at_ && !selected_is_of_old_generation_) {
    recover(now);
  }
}

void Agent::check_for_failure(Timestamp now) {
  if (selected_ || failed_ || !checking_since_) return;
  if (now >= *checking_since_ + timing_.overall_limit) {
    return fail("no path to the peer was found in " + in_seconds(timing_.overall_limit) +
                ": its candidates did not answer, or its answers did not come back");
  }
  const bool nothing_left = remote_candidates_ended_ && !remotes_.has_unresolved() && !checks_.pending() &&
                            gathering_state_ == GatheringState::kComplete;
  if (nothing_left && now >= *checking_since_ + timing_.patience) {
    fail(checks_.pairs().empty() ? "the peer has no candidate that can be reached from here"
                                 : "every path to the peer was tried and none answered");
  }
}

void Agent::fail(std::string reason) {
  failed_ = true;
  failure_ = std::move(reason);
  for (Pair& pair : checks_.pairs()) {
    CheckList::cancel(pair);
    pair.triggered = 0;
    pair.state = PairState::kFailed;
  }
}

State Agent::wanted_state(Timestamp now) const {
  if (selected_) {
    if (consent_->disconnected(now)) return selected_is_of_old_generation_ ? State::kChecking : State::kDisconnected;
    return completed_ ? State::kCompleted : State::kConnected;
  }
  if (failed_) return State::kFailed;
  // The path went with its socket or connection, and another is looked for.
  if (was_connected_) return State::kDisconnected;
  return started_ ? State::kChecking : State::kNew;
}

void Agent::update_state(Timestamp now) {
  const bool nothing_in_flight = std::none_of(checks_.pairs().begin(), checks_.pairs().end(), [](const Pair& pair) {
    return pair.check.has_value() || pair.triggered != 0;
  });
  completed_ =
      completed_ || (selected_ && selected_->nominated && !selected_is_of_old_generation_ && nothing_in_flight &&
                     remote_candidates_ended_ && is_healthy(now) && gathering_state_ == GatheringState::kComplete &&
                     checks_.next_to_check(check_floor()) == nullptr);
  const State state = wanted_state(now);
  std::string reason;
  if (state == State::kFailed) reason = failure_;
  if (state == State::kDisconnected && selected_) {
    reason =
        "no answer from " + selected_->remote_address.to_string() + " for " + in_seconds(timing_.disconnect_timeout);
  } else if (state == State::kDisconnected) {
    reason = "the network that carried the connection is gone; looking for another way";
  }
  set_state(state, std::move(reason));
}

void Agent::set_state(State state, std::string reason) {
  if (state == state_) return;
  state_ = state;
  emit(StateChanged{state, std::move(reason)});
}

void Agent::set_gathering_state(GatheringState state) {
  if (state == gathering_state_) return;
  gathering_state_ = state;
  emit(GatheringStateChanged{state});
}

void Agent::update_deadline(Timestamp now) {
  Timestamp next = gatherer_.deadline(refresh_wanted());
  bool waiting_for_pacer = gatherer_.next_new() != nullptr;
  if (remote_ && !failed_ && !lite_) {
    next = std::min(next, checks_.deadline());
    waiting_for_pacer = waiting_for_pacer || checks_.next_to_check(check_floor()) != nullptr;
  }
  if (waiting_for_pacer) next = std::min(next, pacer_.next());
  if (consent_) next = std::min(next, consent_->deadline(now));
  if (recover_again_at_) next = std::min(next, *recover_again_at_);
  if (!selected_ && checking_since_ && !failed_) {
    next = std::min(next, *checking_since_ + timing_.overall_limit);
    const Timestamp patience_ends = *checking_since_ + timing_.patience;
    if (patience_ends > now) next = std::min(next, patience_ends);
  }
  next_timeout_ = next;
}

void Agent::emit(Event event) {
  if (!events_.push(std::move(event))) ++stats_.dropped_table_full;
}

void Agent::transmit(const Route& route, Packet packet) {
  Datagram datagram{route.local, route.remote, std::move(packet), route.stream};
  if (!datagram.packet || !transmits_.push(std::move(datagram))) ++stats_.dropped_table_full;
}

}  // namespace tidewire::ice
