#include "ice/consent.h"

#include <algorithm>
#include <utility>

#include "ice/transaction.h"

namespace tidewire::ice {
namespace {

// Packets flow when a second has brought so many: audio brings 50, and RTCP alone one or two.
constexpr Duration kWindow = std::chrono::seconds(1);
constexpr int kLivelyPackets = 10;
// An answer of so long ago still vouches for the path.
constexpr Duration kFreshAnswer = std::chrono::seconds(1);
// How many RTO a check that is repeated every RTO stays unanswered before the peer is called disconnected: at a loss of
// one datagram in five this happens by chance once in some thousand times.
constexpr int kDisconnectRtos = 8;

}  // namespace

Consent::Consent(const Timing& timing, Path path, bool asks, crypto::Random& random, Timestamp now)
    : timing_(timing),
      path_(std::move(path)),
      asks_(asks),
      last_answer_(now),
      last_sign_of_life_(now),
      last_packet_(now),
      next_request_(asks ? now + randomised_interval(random) : kNever),
      round_trip_time_(path_.round_trip_time),
      window_began_(now) {}

// RFC 7675 §5.1: 0.8 to 1.2 of the interval, so that the checks of many calls do not beat in step.
Duration Consent::randomised_interval(crypto::Random& random) const {
  constexpr std::uint32_t kSteps = 4001;
  return timing_.consent_interval * (8000 + static_cast<int>(random.below(kSteps))) / 10000;
}

Timestamp Consent::due_at() const {
  if (!asks_) return kNever;
  return lively_ ? std::min(next_request_, last_packet_ + timing_.quiet_limit) : next_request_;
}

stun::TransactionId Consent::start_request(crypto::Random& random, Timestamp now) {
  // RFC 7675 §5.1: each one is a new transaction.
  const stun::TransactionId id = random_transaction_id(random);
  requests_[request_count_++ % requests_.size()] = Request{id, now};
  if (first_unanswered_ == kNever) first_unanswered_ = now;
  if (lively_ && now >= last_packet_ + timing_.quiet_limit) {
    // The packets have stopped: from here on the requests' own pace counts.
    lively_ = false;
    hastened_ = true;
  }
  next_request_ = now + randomised_interval(random);
  // DEVIATES RFC 7675 §5.1 because one lost datagram should not look like a lost peer: until an answer comes the next
  // check follows after one RTO in place of 5 s, for as long as it takes to call the peer disconnected; sooner still
  // on a path that was carrying packets.
  if (now < first_unanswered_ + timing_.disconnect_timeout) {
    next_request_ = std::min(next_request_, now + (hastened_ ? timing_.probe_interval : timing_.min_rto));
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
    round_trip_time_ = now - request->sent;
    request.reset();
    last_answer_ = last_sign_of_life_ = last_packet_ = now;
    first_unanswered_ = kNever;
    hastened_ = false;
    next_request_ = now + randomised_interval(random);
    return round_trip_time_;
  }
  return std::nullopt;
}

void Consent::note_request(Timestamp now) {
  last_sign_of_life_ = now;
  if (!asks_) last_answer_ = now;
}

bool Consent::note_packet(Timestamp now) {
  last_sign_of_life_ = last_packet_ = now;
  ++packets_in_window_;
  if (now < window_began_ + kWindow) return false;
  const bool was_lively = lively_;
  lively_ = packets_in_window_ >= kLivelyPackets && now < window_began_ + 2 * kWindow;
  window_began_ = now;
  packets_in_window_ = 0;
  return lively_ && !was_lively;
}

void Consent::hasten(Timestamp now) {
  if (!asks_ || hastened_ || now < last_answer_ + kFreshAnswer) return;
  hastened_ = true;
  next_request_ = now;
}

Timestamp Consent::suspect_at() const {
  if (first_unanswered_ == kNever || !hastened_) return kNever;
  const Duration patience = std::max(timing_.suspect_after, 3 * round_trip_time_);
  return std::max(first_unanswered_ + patience, last_packet_ + timing_.quiet_limit);
}

Timestamp Consent::disconnect_at() const {
  if (!asks_) return last_sign_of_life_ + 3 * timing_.disconnect_timeout;
  if (first_unanswered_ == kNever) return kNever;
  return std::max(last_sign_of_life_ + timing_.disconnect_timeout,
                  first_unanswered_ + timing_.min_rto * kDisconnectRtos);
}

Timestamp Consent::deadline(Timestamp now) const {
  Timestamp earliest = std::min(due_at(), last_answer_ + timing_.consent_timeout);
  for (const Timestamp at : {suspect_at(), disconnect_at()}) {
    if (at > now) earliest = std::min(earliest, at);
  }
  return earliest;
}

}  // namespace tidewire::ice
