#include "ice/check_list.h"

#include <algorithm>
#include <utility>

namespace tidewire::ice {
namespace {

std::uint64_t priority_of(const Pair& pair, Role role) {
  return role == Role::kControlling ? pair_priority(pair.local_priority, pair.remote_priority)
                                    : pair_priority(pair.remote_priority, pair.local_priority);
}

constexpr int kRetryRtos = 3;  // of a check that is only a look whether a failed pair works again

// A pair that may be given up: it failed or, for a better one, nothing is known about it and nothing was sent.
bool is_expendable(const Pair& pair, std::uint64_t for_priority) {
  if (pair.triggered != 0 || pair.consent_expired) return false;
  return pair.state == PairState::kFailed || (pair.state == PairState::kWaiting && pair.priority < for_priority);
}

bool is_less_important(const Pair& a, const Pair& b) {
  const bool a_failed = a.state == PairState::kFailed;
  const bool b_failed = b.state == PairState::kFailed;
  return a_failed != b_failed ? a_failed : a.priority < b.priority;
}

template <typename Pairs, typename Predicate>
auto find_pair(Pairs& pairs, Predicate predicate) -> decltype(pairs.data()) {
  const auto found = std::find_if(pairs.begin(), pairs.end(), predicate);
  return found == pairs.end() ? nullptr : &*found;
}

}  // namespace

bool CheckList::add(Pair pair, Role role) {
  pair.priority = priority_of(pair, role);
  if (pairs_.size() < max_pairs_) {
    pairs_.push_back(std::move(pair));
    return true;
  }
  Pair* least = nullptr;
  for (Pair& other : pairs_) {
    if (is_expendable(other, pair.priority) && (least == nullptr || is_less_important(other, *least))) least = &other;
  }
  if (least == nullptr) return false;
  *least = std::move(pair);
  return true;
}

Pair* CheckList::find(std::size_t base, std::uint32_t remote_id) {
  return find_pair(pairs_, [&](const Pair& pair) { return pair.base == base && pair.remote_id == remote_id; });
}

Pair* CheckList::find(const Route& route) {
  const bool is_stream = route.stream != StreamId{};
  return find_pair(pairs_, [&](const Pair& pair) {
    return is_stream ? pair.route.stream == route.stream : pair.protocol == Protocol::kUdp && pair.route == route;
  });
}

Pair* CheckList::find(const stun::TransactionId& id) {
  return find_pair(pairs_, [&](const Pair& pair) {
    return (pair.check && pair.check->transaction.id == id) || (pair.cancelled && pair.cancelled->transaction.id == id);
  });
}

void CheckList::remove_remote(std::uint32_t remote_id) {
  std::erase_if(pairs_, [&](const Pair& pair) { return pair.remote_id == remote_id; });
}

void CheckList::remove_base(std::size_t base) {
  std::erase_if(pairs_, [&](const Pair& pair) { return pair.base == base; });
}

void CheckList::reprioritise(Role role) {
  for (Pair& pair : pairs_) pair.priority = priority_of(pair, role);
}

void CheckList::set_remote_priority(std::uint32_t remote_id, std::uint32_t priority, Role role) {
  for (Pair& pair : pairs_) {
    if (pair.remote_id != remote_id) continue;
    pair.remote_priority = priority;
    pair.priority = priority_of(pair, role);
  }
}

void CheckList::trigger(Pair& pair) {
  if (pair.triggered == 0) pair.triggered = next_triggered_++;
}

Pair* CheckList::find_triggered() {
  Pair* first = nullptr;
  for (Pair& pair : pairs_) {
    if (pair.triggered != 0 && (first == nullptr || pair.triggered < first->triggered)) first = &pair;
  }
  return first;
}

Pair* CheckList::next_to_check(std::optional<std::uint64_t> floor) {
  if (Pair* triggered = find_triggered()) return triggered;
  Pair* best = nullptr;
  for (Pair& pair : pairs_) {
    if (pair.state != PairState::kWaiting || pair.consent_expired || (floor && pair.priority <= *floor)) continue;
    if (best == nullptr || pair.priority > best->priority) best = &pair;
  }
  return best;
}

Duration CheckList::rto() const {
  if (hurried_rto_) return *hurried_rto_;
  const auto active = std::count_if(pairs_.begin(), pairs_.end(), [](const Pair& pair) {
    return pair.state == PairState::kWaiting || pair.state == PairState::kInProgress;
  });
  return std::max(timing_.min_rto, timing_.pacing * active);
}

void CheckList::begin(Pair& pair, const stun::TransactionId& id, Role role, Timestamp now) {
  cancel(pair);
  const Duration timeout = rto();
  pair.triggered = 0;
  pair.check = Check{.transaction = {.id = id, .rto = timeout}, .role = role, .use_candidate = pair.nominate};
  pair.check->transaction.max_interval = hurried_rto_ ? timeout : std::max(timing_.max_check_interval, timeout);
  // RFC 8489 §6.2.2: what TCP carries is sent once.
  pair.check->transaction.reliable = pair.protocol == Protocol::kTcp;
  if (pair.to_relay) pair.check->transaction.first_interval = timing_.relay_interval;
  if (std::exchange(pair.retried, false)) pair.check->transaction.lifetime_rtos = kRetryRtos;
  pair.check->transaction.sent(now);
  if (pair.state != PairState::kSucceeded) pair.state = PairState::kInProgress;
}

void CheckList::cancel(Pair& pair) {
  if (pair.check) pair.cancelled = std::exchange(pair.check, std::nullopt);
}

Pair* CheckList::next_retransmission(Timestamp now) {
  for (Pair& pair : pairs_) {
    if (!pair.check || pair.check->transaction.deadline > now) continue;
    if (pair.check->transaction.exhausted(now)) {
      // RFC 8445 §7.2.5.2.3: no answer.
      pair.check.reset();
      pair.state = PairState::kFailed;
      continue;
    }
    pair.check->transaction.sent(now);
    return &pair;
  }
  return nullptr;
}

Timestamp CheckList::deadline() const {
  Timestamp earliest = kNever;
  for (const Pair& pair : pairs_) {
    if (pair.check) earliest = std::min(earliest, pair.check->transaction.deadline);
  }
  return earliest;
}

bool CheckList::pending() const {
  return std::any_of(pairs_.begin(), pairs_.end(), [](const Pair& pair) {
    return pair.triggered != 0 || pair.check || (pair.state == PairState::kWaiting && !pair.consent_expired);
  });
}

}  // namespace tidewire::ice
