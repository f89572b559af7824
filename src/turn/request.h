// One request of the client in flight, and when it is sent again or given up (RFC 8489 §6.2).
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "stun/message.h"
#include "tidewire/bytes.h"
#include "tidewire/time.h"

namespace tidewire::turn {

struct Request {
  // RFC 8489 §6.2.1: sent at 0, 1, 3, 7, 15, 31 and 63 RTO (Rc is 7), given up 16 RTO later (Rm).
  static constexpr int kMaxTransmissions = 7;
  static constexpr int kLifetimeRtos = 79;
  // RFC 8489 §6.2.2: Ti, over a stream, which retransmits by itself.
  static constexpr Duration kStreamTimeout = std::chrono::milliseconds(39'500);

  stun::Method method{};
  stun::TransactionId id{};
  Bytes message;                       // RFC 8489 §6.2.1: a retransmission is the same bytes
  bool authenticated = false;          // it bore credentials …
  std::uint32_t nonce_generation = 0;  // … with this nonce
  int challenges = 0;                  // how often its purpose was put off by a 401 or 438
  int transmissions = 0;
  Timestamp first_sent{};
  Timestamp give_up_at = kNever;
  Timestamp deadline = kNever;  // when to send again or to give up

  bool open() const { return deadline != kNever; }
  void close() {
    deadline = kNever;
    challenges = 0;
    message.clear();
  }

  // The first transmission, over UDP or (`reliable`) a stream.
  void sent_first(bool reliable, Duration rto, Timestamp now) {
    first_sent = now;
    transmissions = 1;
    give_up_at = now + (reliable ? kStreamTimeout : rto * kLifetimeRtos);
    deadline = reliable ? give_up_at : std::min(give_up_at, now + rto);
  }
  void sent_again(Duration rto, Timestamp now) {
    const Duration interval = rto * (std::int64_t{1} << transmissions);
    ++transmissions;
    deadline = transmissions >= kMaxTransmissions ? give_up_at : std::min(give_up_at, now + interval);
  }
  bool given_up(Timestamp now) const { return open() && give_up_at <= now; }
};

}  // namespace tidewire::turn
