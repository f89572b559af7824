// What a TURN server counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "stun/message.h"

namespace tidewire::turn {

// Error answers by their code, those to strangers among them. As many counters as there are codes that are sent.
class ErrorCounts {
 public:
  static constexpr std::array kCodes{
      stun::ErrorNumber::kBadRequest,
      stun::ErrorNumber::kUnauthenticated,
      stun::ErrorNumber::kForbidden,
      stun::ErrorNumber::kUnknownAttribute,
      stun::ErrorNumber::kAllocationMismatch,
      stun::ErrorNumber::kStaleNonce,
      stun::ErrorNumber::kAddressFamilyNotSupported,
      stun::ErrorNumber::kWrongCredentials,
      stun::ErrorNumber::kUnsupportedTransport,
      stun::ErrorNumber::kPeerAddressFamilyMismatch,
      stun::ErrorNumber::kConnectionAlreadyExists,
      stun::ErrorNumber::kConnectionTimeoutOrFailure,
      stun::ErrorNumber::kAllocationQuotaReached,
      stun::ErrorNumber::kInsufficientCapacity,
  };

  void add(stun::ErrorNumber code) {
    for (std::size_t i = 0; i < kCodes.size(); ++i) counts_[i] += kCodes[i] == code;
  }
  ErrorCounts& operator+=(const ErrorCounts& other) {
    for (std::size_t i = 0; i < kCodes.size(); ++i) counts_[i] += other.counts_[i];
    return *this;
  }
  std::uint64_t of(stun::ErrorNumber code) const {
    for (std::size_t i = 0; i < kCodes.size(); ++i) {
      if (kCodes[i] == code) return counts_[i];
    }
    return 0;
  }

 private:
  std::array<std::uint64_t, kCodes.size()> counts_{};
};

// Well-formed requests, whatever becomes of them.
struct RequestCounts {
  std::uint64_t binding = 0;
  std::uint64_t allocate = 0;
  std::uint64_t refresh = 0;
  std::uint64_t create_permission = 0;
  std::uint64_t channel_bind = 0;
  std::uint64_t connect = 0;
  std::uint64_t connection_bind = 0;
  std::uint64_t unknown = 0;  // of methods that this server does not know
};

struct ServerStats {
  std::size_t allocations = 0;  // now
  std::size_t users = 0;        // who hold them, in the whole ledger
  std::size_t connections = 0;  // with peers of TCP allocations, now; those that are being made among them
  std::uint64_t allocations_made = 0;
  RequestCounts requests;
  ErrorCounts errors;
  std::uint64_t binding_answers = 0;
  std::uint64_t challenges = 0;         // error answers to those who are not authenticated
  std::uint64_t challenges_held = 0;    // not sent: too many to one source
  std::uint64_t wrong_credentials = 0;  // well-formed requests whose name or password was wrong
  std::uint64_t refused = 0;            // error answers to authenticated requests
  std::uint64_t to_peers = 0;           // datagrams
  std::uint64_t to_peers_bytes = 0;     // of TCP too
  std::uint64_t to_clients = 0;
  std::uint64_t to_clients_bytes = 0;
  std::uint64_t dropped_from_clients = 0;  // neither a request nor data that may be relayed
  std::uint64_t dropped_from_peers = 0;    // without permission, or to a port of nobody
  std::uint64_t dropped_over_rate = 0;     // either way, beyond ServerConfig::max_bytes_per_second
  std::uint64_t dropped_full = 0;          // the owner has not polled in time, or its packet has no room for a header
  std::uint64_t log_lost = 0;              // AllocationMade and AllocationEnded that the owner has not polled in time
};

}  // namespace tidewire::turn
