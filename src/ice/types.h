// The words that the ICE agent and its owner exchange: roles, states, configuration, events, statistics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "crypto/random.h"
#include "ice/candidate.h"
#include "ice/route.h"
#include "tidewire/address.h"
#include "tidewire/local_socket.h"
#include "tidewire/stream.h"
#include "tidewire/time.h"

namespace tidewire::ice {

enum class Role { kControlling, kControlled };

// W3C RTCIceTransportState.
enum class State { kNew, kChecking, kConnected, kCompleted, kDisconnected, kFailed, kClosed };
// W3C RTCIceGathererState.
enum class GatheringState { kNew, kGathering, kComplete };

std::string_view to_string(Role role);             // "controlling", "controlled"
std::string_view to_string(State state);           // "new", "checking", …
std::string_view to_string(GatheringState state);  // "new", "gathering", "complete"

struct Credentials {
  std::string ufrag;
  std::string pwd;

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

// RFC 8839 §5.4: ufrag has 24 bits of randomness or more, pwd 128 or more. 4 and 24 characters, as browsers do.
Credentials generate_credentials(crypto::Random& random);

struct Timing {
  // RFC 8445 §14.2: Ta, the time between two new checks.
  Duration pacing = std::chrono::milliseconds(50);
  // DEVIATES RFC 8445 §14.2 because a call with a handful of candidates should not wait for a timer: this many
  // checks may leave at once after a pause; the mean rate stays one per Ta.
  int pacing_burst = 5;
  // RFC 8445 §14.3, RFC 8489 §6.2.1: the least retransmission timeout.
  Duration min_rto = std::chrono::milliseconds(500);
  // DEVIATES RFC 8489 §6.2.1 because doubling makes calls over lossy paths wait for many seconds, and RFC 8445 §14.3
  // already bounds the rate of all checks together by Ta: the interval between two sendings of one check stays below
  // this, or its RTO when that is longer.
  Duration max_check_interval = std::chrono::milliseconds(500);
  // DEVIATES RFC 8445 §14.3 because the first check to a peer's relay often comes before the peer knows our addresses,
  // and so before the relay has a permission for us: the second one follows so soon, the others by the book.
  Duration relay_interval = std::chrono::milliseconds(150);
  // A STUN server that has not answered for so long is given up.
  // DEVIATES RFC 8489 §6.2.1 because 39.5 s would hold back the end of gathering.
  Duration gathering_timeout = std::chrono::seconds(5);
  // RFC 8445 §5.1.1.4: how often the NAT binding of a server-reflexive candidate is refreshed before it is used.
  Duration binding_refresh = std::chrono::seconds(15);
  // RFC 7675 §5.1: consent is asked for every 5 s, randomised by ±20 %, and ends 30 s after the last answer.
  Duration consent_interval = std::chrono::seconds(5);
  Duration consent_timeout = std::chrono::seconds(30);
  // No sign of life for so long (while asking): disconnected.
  Duration disconnect_timeout = std::chrono::seconds(5);
  // RFC 8863 §3: even with nothing left to check, the agent waits for peer-reflexive candidates.
  // DEVIATES RFC 8863 §3 because 39.5 s is longer than people wait; what comes later revives the agent.
  Duration patience = std::chrono::seconds(15);
  // With checks still running and none succeeded after so long: failed.
  Duration overall_limit = std::chrono::seconds(30);
  // A path on which the peer's packets have been flowing is asked after a silence of this length, then at this
  // interval, and counts as broken when it has been asked for this long in vain (or for three round trips).
  Duration quiet_limit = std::chrono::milliseconds(400);
  Duration probe_interval = std::chrono::milliseconds(150);
  Duration suspect_after = std::chrono::milliseconds(500);
  // While no path works any more, all are tried again this often.
  Duration retry_interval = std::chrono::seconds(5);
  // A better path than the one in use is tried again this often when it has worked before, or when the one in use goes
  // over a relay. Not sooner: a path that comes and goes should not make the call flap.
  Duration retry_better_interval = std::chrono::seconds(10);
};

struct AgentConfig {
  Role role = Role::kControlling;
  Credentials local;
  std::vector<SocketAddress> stun_servers;  // the first kMaxStunServers count
  // RFC 8445 §2.5: an agent with a public address that answers checks and sends none.
  bool lite = false;
  Timing timing;
};

// A pair of candidates that works, and the addresses that its datagrams bear.
struct CandidatePair {
  SocketAddress local_address;   // the socket to send from
  SocketAddress remote_address;  // where to
  StreamId stream;               // on this connection; none: UDP
  Candidate local;               // as the peer sees it: host, server-reflexive, peer-reflexive or relayed
  Candidate remote;
  std::uint64_t priority = 0;
  bool nominated = false;

  Route route() const { return {local_address, remote_address, stream}; }
  friend bool operator==(const CandidatePair&, const CandidatePair&) = default;
};

// A candidate to signal to the peer (trickle, RFC 8838).
struct LocalCandidateFound {
  Candidate candidate;
};
struct GatheringStateChanged {
  GatheringState state{};
};
// `reason` is a sentence for a person when the state is kDisconnected or kFailed, else empty.
struct StateChanged {
  State state{};
  std::string reason;
};
// The pair that selected_pair() gives from now on.
struct SelectedPairChanged {
  CandidatePair pair;
};
// Resolve this multicast DNS name and answer with Agent::remote_name_resolved. May be left unanswered.
struct ResolveName {
  std::string name;
};
// Our role is another one now: two equal roles met (RFC 8445 §7.3.1.1), or the peer is lite.
struct RoleChanged {
  Role role{};
};

// Make this connection, and answer with Agent::stream_opened or stream_closed.
struct OpenStream {
  StreamRequest request;
};
// This connection is of no use any more.
struct CloseStream {
  StreamId stream;
};

// What comes by this route is the peer's: it has authenticated itself there. Told once for each route.
struct PathVerified {
  Route route;
};

using Event = std::variant<LocalCandidateFound, GatheringStateChanged, StateChanged, SelectedPairChanged, ResolveName,
                           RoleChanged, OpenStream, CloseStream, PathVerified>;

// Counters since the agent was made.
struct AgentStats {
  std::uint64_t requests_sent = 0;       // checks, retransmissions and consent checks included
  std::uint64_t responses_received = 0;  // that matched a request of ours
  std::uint64_t requests_received = 0;   // that were authentic
  std::uint64_t responses_sent = 0;      // success and error
  std::uint64_t consent_requests_sent = 0;
  std::uint64_t dropped_malformed = 0;        // no STUN, wrong FINGERPRINT, not for ICE
  std::uint64_t dropped_unauthenticated = 0;  // USERNAME or MESSAGE-INTEGRITY absent or wrong
  std::uint64_t dropped_unmatched = 0;        // a response to nothing, from elsewhere, or to an unknown socket
  std::uint64_t dropped_table_full = 0;       // candidates, pairs, names or output over the stated bounds
  // Of the selected pair. Nothing before the first measurement.
  std::optional<Duration> current_round_trip_time;
  Duration total_round_trip_time{};
  std::uint64_t round_trip_measurements = 0;
};

// W3C RTCStatsIceCandidatePairState.
enum class PairState { kWaiting, kInProgress, kSucceeded, kFailed };

std::string_view to_string(PairState state);  // "waiting", "in-progress", "succeeded", "failed"

// One row of the check list, for getStats.
struct PairInfo {
  CandidatePair pair;
  PairState state{};
  bool selected = false;
};

}  // namespace tidewire::ice
