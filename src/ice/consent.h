// Consent to send on the selected pair, and with it the sign of life (RFC 7675).
//
// A path on which packets of the peer have been flowing is watched more closely than consent asks for: when they stop,
// it is asked at once, and one that stays silent is suspected within a second. A path that was quiet anyway is asked at
// consent's own pace.
//
// It has its own copy of the credentials: after a restart the old pair is kept alive with the old ones.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "crypto/random.h"
#include "ice/route.h"
#include "ice/types.h"
#include "stun/message.h"

namespace tidewire::ice {

class Consent {
 public:
  // The addresses and keys of the pair. `username` is that of a request to the peer, "remote:local".
  struct Path {
    Route route;
    std::string username;
    std::string remote_pwd;
    std::uint32_t priority = 0;  // PRIORITY attribute
    Duration round_trip_time{};  // as far as it is known
  };

  // Consent begins with the answer to the connectivity check, now. `asks` is false for a lite agent: its peer's
  // requests are the sign of life and the consent (RFC 7675 §5.1 asks of full agents only).
  Consent(const Timing& timing, Path path, bool asks, crypto::Random& random, Timestamp now);

  const Path& path() const { return path_; }
  void set_nominated(bool nominated) { nominated_ = nominated; }
  bool nominated() const { return nominated_; }

  // True when a request is due. Then send one with the id of start_request().
  bool request_due(Timestamp now) const { return due_at() <= now; }
  stun::TransactionId start_request(crypto::Random& random, Timestamp now);
  bool owns(const stun::TransactionId& id) const;
  // An authentic success response: consent is renewed. Gives the round-trip time.
  std::optional<Duration> handle_answer(const stun::TransactionId& id, crypto::Random& random, Timestamp now);
  // An authentic request of the peer on this pair: it lives, though that is no consent (but for a lite agent).
  void note_request(Timestamp now);
  // Packets were flowing on the path before this one, so they are expected here.
  void expect_packets() { lively_ = true; }
  bool expects_packets() const { return lively_ || hastened_; }
  // An authentic packet of the peer on this pair. O(1). True when deadline() may have come nearer by it.
  bool note_packet(Timestamp now);
  // Something hints that the path may be broken: it is asked now, unless it has just answered, and suspected soon.
  void hasten(Timestamp now);

  // RFC 7675 §5.1: 30 s without an answer. Nothing may be sent on the pair any more.
  bool expired(Timestamp now) const { return now >= last_answer_ + timing_.consent_timeout; }
  // Asked in vain for a while: the application is told.
  bool disconnected(Timestamp now) const { return now >= disconnect_at(); }
  // Asked in vain for long enough to look for another path. Implied by disconnected().
  bool suspect(Timestamp now) const { return now >= std::min(suspect_at(), disconnect_at()); }
  // When something of the above becomes true, after now.
  Timestamp deadline(Timestamp now) const;

 private:
  Timestamp due_at() const;
  Timestamp suspect_at() const;
  Timestamp disconnect_at() const;
  Duration randomised_interval(crypto::Random& random) const;

  struct Request {
    stun::TransactionId id{};
    Timestamp sent{};
  };

  Timing timing_;
  Path path_;
  bool asks_;
  bool nominated_ = false;
  std::array<std::optional<Request>, 32> requests_{};  // the newest ones: a late answer counts too
  std::size_t request_count_ = 0;
  Timestamp last_answer_;
  Timestamp last_sign_of_life_;
  Timestamp last_packet_;  // or answer: not a request, which tells that they arrive but not that ours do
  Timestamp first_unanswered_ = kNever;
  Timestamp next_request_;
  Duration round_trip_time_;
  // Whether packets flow: counted in windows.
  Timestamp window_began_;
  int packets_in_window_ = 0;
  bool lively_ = false;
  bool hastened_ = false;
};

}  // namespace tidewire::ice
