// Why a connection failed: a cause to branch on, the evidence, and one sentence with the next step.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidewire {

enum class FailureCause : std::uint8_t {
  kNoLocalCandidates,    // this host has no network address that can be used
  kNoRemoteCandidates,   // the peer gave none that can be reached from here
  kPairsTimedOut,        // every pair was checked, and none answered
  kRelayNeeded,          // every direct pair timed out, and no relay is configured on either side
  kServersUnreachable,   // every direct pair timed out, and no configured relay could be reached
  kCredentialsRefused,   // … and the relay did not take the credentials
  kQuotaReached,         // … and the relay had no room for this user
  kFingerprintMismatch,  // whoever answered is not who the description names
  kDtlsTimeout,          // a path was found, but the DTLS handshake went unanswered
  kDtlsFailed,           // the DTLS handshake was refused or broke
  kConsentLost,          // the connection stood, and the peer has stopped answering (RFC 7675)
};

// "relay_needed" and so on: what JSON reports say.
constexpr std::string_view to_string(FailureCause cause) {
  switch (cause) {
    case FailureCause::kNoLocalCandidates: return "no_local_candidates";
    case FailureCause::kNoRemoteCandidates: return "no_remote_candidates";
    case FailureCause::kPairsTimedOut: return "pairs_timed_out";
    case FailureCause::kRelayNeeded: return "relay_needed";
    case FailureCause::kServersUnreachable: return "servers_unreachable";
    case FailureCause::kCredentialsRefused: return "credentials_refused";
    case FailureCause::kQuotaReached: return "quota_reached";
    case FailureCause::kFingerprintMismatch: return "fingerprint_mismatch";
    case FailureCause::kDtlsTimeout: return "dtls_timeout";
    case FailureCause::kDtlsFailed: return "dtls_failed";
    case FailureCause::kConsentLost: return "consent_lost";
  }
  return "";
}

// How many candidates of each type there were.
struct CandidateCounts {
  std::uint32_t host = 0;
  std::uint32_t srflx = 0;
  std::uint32_t prflx = 0;
  std::uint32_t relay = 0;

  std::uint32_t total() const { return host + srflx + prflx + relay; }
  friend bool operator==(const CandidateCounts&, const CandidateCounts&) = default;
};

// A server that could not be used. The W3C's RTCPeerConnectionIceErrorEvent.
struct IceCandidateError {
  std::string address;           // our own end, "192.0.2.1:5000"; empty when it is not known
  std::string url;               // of the server
  std::uint16_t error_code = 0;  // STUN's, 300 to 699, or 701: the server did not answer
  std::string error_text;

  friend bool operator==(const IceCandidateError&, const IceCandidateError&) = default;
};

struct FailureEvidence {
  CandidateCounts local_candidates;
  CandidateCounts remote_candidates;
  std::uint32_t pairs_checked = 0;
  std::uint64_t checks_sent = 0;
  std::uint64_t answers_received = 0;
  std::uint64_t checks_received = 0;
  std::uint32_t relay_servers = 0;  // configured here
  std::vector<IceCandidateError> server_errors;
};

struct Failure {
  FailureCause cause{};
  // What happened and what to do, for a person.
  std::string message;
  FailureEvidence evidence;
};

}  // namespace tidewire
