#include "ice/consent.h"

#include <algorithm>
#include <utility>

#include "ice/transaction.h"

namespace tidewire::ice {

Consent::Consent(const Timing& timing, Path path, crypto::Random& random, Timestamp now)
    : timing_(timing),
      path_(std::move(path)),
      last_answer_(now),
      last_sign_of_life_(now),
      next_request_(now + randomised_interval(random)) {}

// RFC 7675 §5.1: 0.8 to 1.2 of the interval, so that the checks of many calls do not beat in step.
Duration Consent::randomised_interval(crypto::Random& random) const {
  constexpr std::uint32_t kSteps = 4001;
  return timing_.consent_interval * (8000 + static_cast<int>(random.below(kSteps))) / 10000;
}

stun::TransactionId Consent::start_request(crypto::Random& random, Timestamp now) {
  // RFC 7675 §5.1: each one is a new transaction.
  const stun::TransactionId id = random_transaction_id(random);
  requests_[request_count_++ % requests_.size()] = Request{id, now};
  if (first_unanswered_ == kNever) first_unanswered_ = now;
  next_request_ = now + randomised_interval(random);
  // DEVIATES RFC 7675 §5.1 because one lost datagram should not look like a lost peer: until an answer comes the next
  // check follows after two RTO in place of 5 s, for as long as it takes to call the peer disconnected.
  if (now < first_unanswered_ + timing_.disconnect_timeout) {
    next_request_ = std::min(next_request_, now + timing_.min_rto * 2);
  }
  return id;
}

bool Consent::owns(const stun::TransactionId& id) const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [&](const std::optional<Request>& request) { return request && request->id == id; });
}

std::optional<Duration> Consent::handle_answer(const stun::TransactionId& id, crypto::Random& random, Timestamp now) {
  for (std::optional<Request>& request : requests_) {
    if (!request || request->id != id) continue;
    const Duration round_trip_time = now - request->sent;
    request.reset();
    last_answer_ = last_sign_of_life_ = now;
    first_unanswered_ = kNever;
    next_request_ = now + randomised_interval(random);
    return round_trip_time;
  }
  return std::nullopt;
}

Timestamp Consent::disconnect_at() const {
  if (first_unanswered_ == kNever) return kNever;
  // At least two checks must have had the time to be answered.
  return std::max(last_sign_of_life_ + timing_.disconnect_timeout, first_unanswered_ + timing_.min_rto * 4);
}

Timestamp Consent::deadline(Timestamp now) const {
  const Timestamp earliest = std::min(next_request_, last_answer_ + timing_.consent_timeout);
  const Timestamp disconnect = disconnect_at();
  return disconnect > now ? std::min(earliest, disconnect) : earliest;
}

}  // namespace tidewire::ice
