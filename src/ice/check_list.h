// The check list: pairs of candidates, the state of each, and which one is to be checked next (RFC 8445 §6.1.2,
// §6.1.4).
//
// A pair's local side is always a base (a socket or a relay): RFC 8445 §6.1.2.4 replaces server-reflexive candidates
// by their bases and prunes what becomes equal, and since every base is itself a candidate nothing else is left.
// DEVIATES RFC 8445 §6.1.2.6 because with one component of one stream freezing would only delay: no pair is frozen.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ice/route.h"
#include "ice/transaction.h"
#include "ice/types.h"

namespace tidewire::ice {

// A connectivity check in flight.
struct Check {
  Transaction transaction;
  Role role{};  // the role that the request states
  bool use_candidate = false;
};

struct Pair {
  // Which pair.
  std::size_t base = 0;         // index of the agent's base
  std::uint32_t remote_id = 0;  // RemoteCandidates::Entry::id
  Route route;
  Protocol protocol = Protocol::kUdp;
  std::uint32_t local_priority = 0;
  std::uint32_t remote_priority = 0;
  std::uint64_t priority = 0;

  // How far it is.
  PairState state = PairState::kWaiting;
  std::optional<Check> check;      // when kInProgress, or a nomination of a succeeded pair
  std::optional<Check> cancelled;  // an older check whose answer still counts
  std::uint64_t triggered = 0;     // place in the triggered-check queue; 0: not in it
  bool nominate = false;           // controlling: the next check bears USE-CANDIDATE
  bool nominated_by_peer = false;  // controlled: USE-CANDIDATE came
  bool nominated = false;          // RFC 8445 §8.1.1: agreed
  bool to_relay = false;           // the remote candidate is a relay
  bool verified = false;           // the peer has authenticated itself here
  bool consent_expired = false;    // RFC 7675 §5.1: may not be used again in this generation
  bool proven = false;             // has succeeded once
  bool retried = false;            // its next check is a short one: it failed before

  // What it taught, when it succeeded.
  std::optional<SocketAddress> mapped;  // our address as the peer sees it
  std::optional<Duration> round_trip_time;
};

class CheckList {
 public:
  CheckList(const Timing& timing, std::size_t max_pairs) : timing_(timing), max_pairs_(max_pairs) {}

  // Adds a waiting pair. Over the limit a failed pair gives way, else the least important waiting one (RFC 8445
  // §6.1.2.5); false when that is the new one. Pointers to pairs are invalid afterwards.
  bool add(Pair pair, Role role);
  Pair* find(std::size_t base, std::uint32_t remote_id);
  // A pair over UDP by its addresses, one over TCP by its stream.
  Pair* find(const Route& route);
  // By an id in flight or cancelled.
  Pair* find(const stun::TransactionId& id);
  void remove_remote(std::uint32_t remote_id);
  void remove_base(std::size_t base);
  void clear() { pairs_.clear(); }

  std::vector<Pair>& pairs() { return pairs_; }
  const std::vector<Pair>& pairs() const { return pairs_; }

  // Recomputes every pair's priority, after a change of role or of a candidate.
  void reprioritise(Role role);
  void set_remote_priority(std::uint32_t remote_id, std::uint32_t priority, Role role);

  // RFC 8445 §6.1.4.1: puts a pair at the end of the triggered-check queue, once.
  void trigger(Pair& pair);
  // The head of the triggered-check queue, else the waiting pair of the highest priority that exceeds `floor`
  // (nothing exceeds no floor); nullptr when there is none.
  Pair* next_to_check(std::optional<std::uint64_t> floor);

  // RFC 8445 §14.3: the RTO for a new check.
  Duration rto() const;
  // DEVIATES RFC 8445 §14.3 because a call that was running should not wait for half a second when the round-trip time
  // is known: new checks are repeated this often. Nothing: by the book.
  void hurry(std::optional<Duration> rto) { hurried_rto_ = rto; }
  // Starts a check on a pair: it becomes in progress (a succeeded one stays succeeded) and leaves the queue.
  void begin(Pair& pair, const stun::TransactionId& id, Role role, Timestamp now);
  // RFC 8445 §7.3.1.4: no retransmission any more, but a late answer counts.
  static void cancel(Pair& pair);
  // A pair whose check is to be sent again now, counted as sent. Marks as failed what was given up.
  Pair* next_retransmission(Timestamp now);
  // The time of the next retransmission or surrender.
  Timestamp deadline() const;

  // A pair waits or is in progress.
  bool pending() const;

 private:
  Pair* find_triggered();
  Timing timing_;
  std::size_t max_pairs_;
  std::optional<Duration> hurried_rto_;
  std::vector<Pair> pairs_;
  std::uint64_t next_triggered_ = 1;
};

}  // namespace tidewire::ice
