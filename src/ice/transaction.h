// One STUN request in flight over UDP and when it is due to be sent again (RFC 8489 §6.2.1).
#pragma once

#include <algorithm>
#include <cstdint>

#include "ice/types.h"
#include "stun/message.h"
#include "tidewire/time.h"

namespace tidewire::ice {

struct Transaction {
  // RFC 8489 §6.2.1: sent at 0, 1, 3, 7, 15, 31 and 63 RTO (Rc is 7), given up 16 RTO later (Rm).
  static constexpr int kLifetimeRtos = 79;

  stun::TransactionId id{};
  Duration rto{};
  Duration max_interval = Duration::max();    // the backoff stops growing here
  Duration first_interval = Duration::max();  // an earlier second sending
  bool reliable = false;                      // sent once: something below sees to its arrival
  int lifetime_rtos = kLifetimeRtos;
  int transmissions = 0;
  Timestamp first_sent{};
  Timestamp deadline = kNever;  // when to send again or, after the last time, to give up

  void sent(Timestamp now) {
    if (transmissions == 0) first_sent = now;
    Duration backoff = rto * (std::int64_t{1} << std::min(transmissions, 6));
    if (transmissions == 0) backoff = std::min(backoff, first_interval);
    deadline = reliable ? gives_up_at() : std::min(now + std::min(backoff, max_interval), gives_up_at());
    ++transmissions;
  }
  bool exhausted(Timestamp now) const { return now >= gives_up_at(); }
  Timestamp gives_up_at() const { return first_sent + rto * lifetime_rtos; }
  // An answer to a request that was sent twice does not tell which of them it answers (Karn's rule).
  bool measures_round_trip() const { return transmissions == 1; }
};

inline stun::TransactionId random_transaction_id(crypto::Random& random) {
  stun::TransactionId id;
  random.fill(id);
  return id;
}

}  // namespace tidewire::ice
