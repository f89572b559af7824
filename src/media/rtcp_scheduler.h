// When the next regular RTCP compound is due (RFC 3550 §6.2, §6.3).
#pragma once

#include "crypto/random.h"
#include "tidewire/time.h"

namespace tidewire::media {

class RtcpScheduler {
 public:
  // RFC 3550 §6.2 bounds RTCP to a share of the session's rate and, reduced (§6.2: 360 divided by kbit/s), to a second
  // or less for any video. With two members a fixed second, varied at random, keeps far below 5 %.
  static constexpr Duration kInterval = std::chrono::seconds{1};

  explicit RtcpScheduler(crypto::Random random) : random_(std::move(random)) {}

  Timestamp next() const { return next_; }
  // There is something to report on. RFC 3550 §6.2: the first one comes after half the interval.
  void start(Timestamp now) {
    if (next_ == kNever) next_ = now + vary(kInterval / 2);
  }
  void stop() { next_ = kNever; }
  // One was sent.
  void advance(Timestamp now) { next_ = now + vary(kInterval); }

 private:
  // RFC 3550 §6.3.1: 0.5 to 1.5 times, so that hosts do not fall into step.
  Duration vary(Duration interval) { return interval / 2 + interval / 1024 * random_.below(1024); }

  crypto::Random random_;
  Timestamp next_ = kNever;
};

}  // namespace tidewire::media
