// Nomination, the pair in use, and what happens when it is lost (RFC 8445 §8, RFC 7675).
#include <algorithm>
#include <utility>

#include "ice/agent.h"

namespace tidewire::ice {
namespace {

constexpr std::uint16_t kDiscardPort = 9;

}  // namespace

// RFC 8445 §8.1.1, controlling: the first pair that works is nominated at once, since nothing is gained by waiting.
// DEVIATES RFC 8445 §8.1.1 because the first answer is not always from the best path, and a better path may appear
// later (an interface, a candidate that was late): a pair of higher priority is nominated after it, which the
// controlled side follows as RFC 5245 §8.1.1.2 and browsers do.
void Agent::nominate(Timestamp now) {
  const bool in_use = selected_ && !selected_is_of_old_generation_ && is_healthy(now);
  Pair* best = nullptr;
  std::uint64_t standing = in_use && selected_->nominated ? selected_->priority : 0;
  for (Pair& pair : checks_.pairs()) {
    if (pair.state != PairState::kSucceeded || pair.nominated || pair.consent_expired) continue;
    if (pair.nominate) {
      standing = std::max(standing, pair.priority);
    } else if (best == nullptr || pair.priority > best->priority) {
      best = &pair;
    }
  }
  if (best == nullptr || best->priority <= standing) return;
  best->nominate = true;
  checks_.trigger(*best);
}

void Agent::accept_nomination(Pair& pair, Timestamp now) {
  if (is_selected(pair) && selected_->nominated) return;
  pair.nominated = true;
  const bool healthy = is_healthy(now);
  // RFC 5245 §8.1.1.2: of several nominated pairs the one of the highest priority counts; a dead one counts nothing.
  // The two sides agree on the lesser candidate's priority only (the greater one may be a host candidate here and a
  // peer-reflexive one there): where that is equal, the controlling side's latest word counts.
  // A lite agent cannot tell which are dead. Its peer nominates only what it uses (RFC 5245 §8.1.1), so the newest
  // counts.
  const bool replaces = !selected_ || selected_is_of_old_generation_ || !selected_->nominated || is_selected(pair) ||
                        pair.priority >> 32 >= selected_->priority >> 32 || !healthy || lite_;
  if (replaces) select(pair, now);
}

void Agent::select(const Pair& pair, Timestamp now) {
  const bool same_path = is_selected(pair);
  if (!same_path && selected_ && !selected_is_of_old_generation_ && !is_healthy(now)) {
    // What is left behind broken may come back: retry_better() sees to that, and not at once.
    Pair* broken = checks_.find(Route{selected_->local_address, selected_->remote_address, selected_->stream});
    if (broken != nullptr) {
      CheckList::cancel(*broken);
      broken->triggered = 0;
      broken->state = PairState::kFailed;
      broken->nominate = broken->nominated = broken->nominated_by_peer = false;
    }
  }
  if (selected_ && selected_is_of_old_generation_) close_stream(selected_->stream);
  selected_ = describe(pair);
  if (!same_path) {
    const bool lively = consent_ && consent_->expects_packets();
    consent_.emplace(
        timing_,
        Consent::Path{.route = pair.route,
                      .username = username_,
                      // A lite agent asks for nothing, and may not have heard of the peer's credentials yet.
                      .remote_pwd = remote_ ? remote_->pwd : std::string(),
                      .priority = candidate_priority(CandidateType::kPeerReflexive, bases_[pair.base].preference),
                      .round_trip_time = pair.round_trip_time.value_or(round_trip_time_.value_or(Duration{}))},
        !lite_, random_, now);
    if (lively) consent_->expect_packets();
    selected_is_of_old_generation_ = lost_consent_ = false;
    was_connected_ = true;
    stop_recovering();
    if (pair.round_trip_time) measure(*pair.round_trip_time);
    emit(SelectedPairChanged{*selected_});
  }
  consent_->set_nominated(pair.nominated);
}

// RFC 8445 checks each pair once, and a path that opens later would never be found. See Timing::retry_better_interval.
void Agent::retry_better(Timestamp now) {
  const bool calm = selected_ && selected_->nominated && !selected_is_of_old_generation_ && !recover_again_at_;
  const bool relayed =
      calm && (selected_->local.type == CandidateType::kRelayed || selected_->remote.type == CandidateType::kRelayed);
  const auto worth_it = [&](const Pair& pair) {
    return pair.state == PairState::kFailed && !pair.consent_expired && pair.priority > selected_->priority &&
           (pair.proven || (relayed && pair.protocol == Protocol::kUdp));
  };
  std::vector<Pair>& pairs = checks_.pairs();
  if (!calm || std::none_of(pairs.begin(), pairs.end(), worth_it)) {
    retry_better_at_ = kNever;
  } else if (retry_better_at_ == kNever) {
    retry_better_at_ = now + timing_.retry_better_interval;
  } else if (now >= retry_better_at_) {
    retry_better_at_ = kNever;
    for (Pair& pair : pairs) {
      if (!worth_it(pair)) continue;
      pair.state = PairState::kWaiting;
      pair.retried = true;
    }
  }
}

bool Agent::is_selected(const Pair& pair) const {
  return selected_ && !selected_is_of_old_generation_ && selected_->stream == pair.route.stream &&
         selected_->local_address == pair.route.local && selected_->remote_address == pair.route.remote;
}

CandidatePair Agent::describe(const Pair& pair) const {
  const Base& base = bases_[pair.base];
  CandidatePair described{
      .local_address = pair.route.local, .remote_address = pair.route.remote, .stream = pair.route.stream};
  described.priority = pair.priority;
  described.nominated = pair.nominated;
  if (const auto* remote = remotes_.find(pair.remote_id)) described.remote = remote->candidate;
  // RFC 6544 §7.2: the address of a connection is not that of the candidate, which has no port.
  if (pair.protocol == Protocol::kTcp) {
    described.local = base.candidate;
    described.local.ufrag = local_.ufrag;
    return described;
  }
  const SocketAddress seen = pair.mapped.value_or(base.candidate.address);
  const auto known = std::find_if(locals_.begin(), locals_.end(), [&](const LocalCandidate& local) {
    return local.base == base.address && local.candidate.address == seen && local.candidate.protocol == Protocol::kUdp;
  });
  if (known != locals_.end()) {
    described.local = known->candidate;
    return described;
  }
  // RFC 8445 §7.2.5.3.1: the peer sees an address that no server has told us.
  described.local.type = CandidateType::kPeerReflexive;
  described.local.foundation = foundation(CandidateType::kPeerReflexive, base.address.ip, Protocol::kUdp);
  described.local.priority = candidate_priority(CandidateType::kPeerReflexive, base.preference);
  described.local.address = seen;
  // draft-ietf-mmusic-mdns-ice-candidates §3.1.2.2: what the name hides is not told here.
  described.local.related_address =
      base.candidate.host_name.empty() ? base.candidate.address : SocketAddress{{}, kDiscardPort};
  described.local.ufrag = local_.ufrag;
  return described;
}

bool Agent::is_healthy(Timestamp now) const { return consent_ && !consent_->suspect(now); }

// RFC 7675 §5.1: consent has expired; nothing may be sent on that pair under these credentials again.
void Agent::lose_selected_pair(Timestamp now) {
  const CandidatePair lost = *selected_;
  const bool old = selected_is_of_old_generation_;
  if (!old) {
    if (Pair* pair = checks_.find(Route{lost.local_address, lost.remote_address, lost.stream})) {
      pair->consent_expired = true;
    }
  }
  lose_path(now);
  stop_recovering();
  was_connected_ = false;
  if (!old) {
    lost_consent_ = true;
    fail("the peer at " + lost.remote_address.to_string() + " has not answered for " +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(timing_.consent_timeout).count()) + " s");
  }
}

// There is no path any more: its consent has ended, or its socket or connection is gone.
void Agent::lose_path(Timestamp now) {
  selected_.reset();
  consent_.reset();
  selected_is_of_old_generation_ = completed_ = false;
  stats_.current_round_trip_time.reset();
  if (!remote_) return;
  checking_since_ = now;
  recover(now);
}

// The path is broken: perhaps another one works. What was known about them is out of date, and so is the address that
// our NAT gave us.
void Agent::recover(Timestamp now) {
  recover_again_at_ = now + timing_.retry_interval;
  if (lite_) return;
  constexpr Duration kLeastRto = std::chrono::milliseconds(100);
  if (round_trip_time_) checks_.hurry(std::clamp(2 * *round_trip_time_, kLeastRto, timing_.min_rto));
  gatherer_.ask_again();
  for (Pair& pair : checks_.pairs()) {
    if (is_selected(pair) || pair.consent_expired) continue;
    pair.nominate = pair.nominated = pair.nominated_by_peer = false;
    // A check in flight has backed off, and may belong to the network that was.
    CheckList::cancel(pair);
    pair.state = PairState::kWaiting;
  }
}

void Agent::stop_recovering() {
  recover_again_at_.reset();
  checks_.hurry(std::nullopt);
}

void Agent::measure(Duration round_trip_time) {
  stats_.current_round_trip_time = round_trip_time_ = round_trip_time;
  stats_.total_round_trip_time += round_trip_time;
  ++stats_.round_trip_measurements;
}

}  // namespace tidewire::ice
