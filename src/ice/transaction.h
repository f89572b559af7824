// One STUN request in flight over UDP and when it is due to be sent again (RFC 8489 §6.2.1).
#pragma once

#include "ice/types.h"
#include "stun/message.h"
#include "tidewire/time.h"

namespace tidewire::ice {

struct Transaction {
  stun::TransactionId id{};
  Duration rto{};
  int transmissions = 0;
  Timestamp first_sent{};
  Timestamp deadline = kNever;  // when to send again or, after the last time, to give up

  // RFC 8489 §6.2.1: sent at 0, 1, 3, 7, 15, 31 and 63 RTO, given up at 79 RTO.
  void sent(const Timing& timing, Timestamp now) {
    if (transmissions == 0) first_sent = now;
    ++transmissions;
    deadline = now + (exhausted(timing) ? rto * timing.last_wait_rtos : rto * (1 << (transmissions - 1)));
  }
  bool exhausted(const Timing& timing) const { return transmissions >= timing.max_transmissions; }
  // An answer to a request that was sent twice does not tell which of them it answers (Karn's rule).
  bool measures_round_trip() const { return transmissions == 1; }
};

inline stun::TransactionId random_transaction_id(crypto::Random& random) {
  stun::TransactionId id;
  random.fill(id);
  return id;
}

}  // namespace tidewire::ice
