// The messages that an endpoint sent last and that wait for an answer (RFC 6347 §4.2.4): kept in plaintext, so that a
// retransmission gets new record sequence numbers, as replay protection demands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dtls/record.h"
#include "tidewire/bytes.h"
#include "tidewire/time.h"

namespace tidewire::dtls {

struct FlightRecord {
  ContentType type{};
  std::uint16_t epoch = 0;
  Bytes fragment;
};

using Flight = std::vector<FlightRecord>;

// When the present flight is sent again, and when to give up (RFC 6347 §4.2.4.1).
class RetransmitTimer {
 public:
  RetransmitTimer(Duration initial, Duration max, Duration give_up) : initial_(initial), max_(max), give_up_(give_up) {}

  void start(Timestamp now) {
    interval_ = initial_;
    last_ = now;
    end_ = now + give_up_;
    deadline_ = now + interval_;
  }
  void stop() { deadline_ = kNever; }

  Timestamp deadline() const { return deadline_; }
  bool due(Timestamp now) const { return now >= deadline_; }
  bool exhausted(Timestamp now) const { return now >= end_; }
  // Whether a flight that the peer asks for again may be sent: at most once per initial interval.
  bool may_repeat(Timestamp now) const { return now >= last_ + initial_; }
  void repeated(Timestamp now) { last_ = now; }

  // The flight is sent again: wait twice as long.
  void back_off(Timestamp now) {
    interval_ = interval_ * 2 < max_ ? interval_ * 2 : max_;
    last_ = now;
    deadline_ = now + interval_ < end_ ? now + interval_ : end_;
  }

 private:
  Duration initial_;
  Duration max_;
  Duration give_up_;
  Duration interval_{};
  Timestamp last_{};
  Timestamp end_ = kNever;
  Timestamp deadline_ = kNever;
};

}  // namespace tidewire::dtls
