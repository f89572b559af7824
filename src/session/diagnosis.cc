#include "session/diagnosis.h"

#include <algorithm>
#include <utility>

namespace tidewire::session {
namespace {

CandidateCounts count(const std::vector<ice::Candidate>& candidates) {
  CandidateCounts counts;
  for (const ice::Candidate& candidate : candidates) {
    switch (candidate.type) {
      case ice::CandidateType::kHost: ++counts.host; break;
      case ice::CandidateType::kServerReflexive: ++counts.srflx; break;
      case ice::CandidateType::kPeerReflexive: ++counts.prflx; break;
      case ice::CandidateType::kRelayed: ++counts.relay; break;
    }
  }
  return counts;
}

FailureEvidence collect(const Transport& transport) {
  const ice::Agent& agent = transport.ice();
  const ice::AgentStats& stats = agent.stats();
  FailureEvidence evidence{.local_candidates = count(agent.local_candidates()),
                           .remote_candidates = count(agent.remote_candidates()),
                           .checks_sent = stats.requests_sent,
                           .answers_received = stats.responses_received,
                           .checks_received = stats.requests_received,
                           .relay_servers = static_cast<std::uint32_t>(transport.relays().server_count())};
  const auto pairs = agent.pairs();
  evidence.pairs_checked = static_cast<std::uint32_t>(
      std::ranges::count_if(pairs, [](const auto& row) { return row.state != ice::PairState::kWaiting; }));
  for (const RelayFailed& failed : transport.server_errors()) evidence.server_errors.push_back(failed.error);
  return evidence;
}

std::string in_words(const IceCandidateError& error) {
  return error.url +
         (error.error_code != 0 ? " answered " + std::to_string(error.error_code) : std::string(" failed")) +
         (error.error_text.empty() ? std::string() : " (" + error.error_text + ")");
}

std::string unanswered(const IceCandidateError& error) { return error.url + ": " + error.error_text; }

// The relay that would have helped was configured and did not: what came of the last one that gave a reason.
std::optional<Failure> blame_server(const Transport& transport) {
  const auto find = [&](turn::Cause cause) -> const RelayFailed* {
    for (const RelayFailed& failed : transport.server_errors()) {
      if (failed.cause == cause) return &failed;
    }
    return nullptr;
  };
  if (const RelayFailed* failed = find(turn::Cause::kCredentials)) {
    return Failure{FailureCause::kCredentialsRefused,
                   "no direct path was found, and the relay " + in_words(failed->error) +
                       ": correct the username and credential of this server, or have them renewed if they expired",
                   {}};
  }
  if (const RelayFailed* failed = find(turn::Cause::kQuota)) {
    return Failure{FailureCause::kQuotaReached,
                   "no direct path was found, and the relay " + in_words(failed->error) +
                       ": try again later, or raise the server's quota",
                   {}};
  }
  if (transport.relays().server_count() == 0 && transport.server_errors().empty()) return std::nullopt;
  if (transport.server_errors().empty()) {
    return Failure{FailureCause::kServersUnreachable,
                   "no direct path was found, and no relay has answered yet: check that the TURN server runs and that "
                   "it can be reached from here",
                   {}};
  }
  return Failure{
      FailureCause::kServersUnreachable,
      "no direct path was found, and no relay could be used: " + unanswered(transport.server_errors().front().error) +
          "; a firewall that blocks UDP lets turns: on port 443 pass more often",
      {}};
}

// Both sides have candidates, and no relay was to bring better ones: IPv4 alone here and IPv6 alone there, say.
bool no_pair_is_possible(const Transport& transport, const FailureEvidence& evidence) {
  return evidence.local_candidates.total() > 0 && transport.ice().pairs().empty() && evidence.relay_servers == 0 &&
         transport.server_errors().empty();
}

Failure no_pair_answered(const Transport& transport, bool relay_only, const FailureEvidence& evidence) {
  const bool relay_tried = evidence.local_candidates.relay + evidence.remote_candidates.relay > 0;
  if (!relay_tried) {
    if (auto blamed = blame_server(transport)) return *blamed;
    if (relay_only) {
      return {FailureCause::kRelayNeeded,
              "only relayed paths are allowed here, and no TURN server is configured: add a turn: or turns: URL",
              {}};
    }
    return {FailureCause::kRelayNeeded,
            std::string("none of ") + std::to_string(evidence.pairs_checked) +
                " direct paths answered: a firewall or NAT between the peers lets no packet through. Only a relay can "
                "connect them: configure a TURN server (a turn: or turns: URL) on one side",
            {}};
  }
  return {FailureCause::kPairsTimedOut,
          "none of " + std::to_string(evidence.pairs_checked) +
              " paths answered, relayed ones included: the peer may be gone or blocked, or its relay refuses ours; "
              "call again, or run `tidewire doctor` on both sides",
          {}};
}

}  // namespace

Failure diagnose_path(const Transport& transport, bool relay_only, const std::string& reason) {
  FailureEvidence evidence = collect(transport);
  Failure failure;
  if (transport.ice().lost_consent()) {
    failure = {FailureCause::kConsentLost,
               reason + ": it has gone, or the network between has broken; call again, or restart ICE when it is back",
               {}};
  } else if (evidence.local_candidates.total() == 0 && (evidence.relay_servers > 0 || relay_only)) {
    // A side that offers nothing itself looks there first: only a relay would have been offered.
    failure = no_pair_answered(transport, relay_only, evidence);
  } else if (evidence.local_candidates.total() == 0) {
    failure = {FailureCause::kNoLocalCandidates,
               "this host has no network address to call from: bring a network interface up",
               {}};
  } else if (evidence.remote_candidates.total() == 0 || no_pair_is_possible(transport, evidence)) {
    failure = {
        FailureCause::kNoRemoteCandidates,
        "the peer offered no address that can be reached from here: check that its candidates are delivered, and "
        "that both sides have IPv4 or both have IPv6, or a relay",
        {}};
  } else {
    failure = no_pair_answered(transport, relay_only, evidence);
  }
  failure.evidence = std::move(evidence);
  return failure;
}

Failure diagnose_dtls(const Transport& transport, dtls::FailureKind kind, const std::string& reason) {
  switch (kind) {
    case dtls::FailureKind::kFingerprint: return {FailureCause::kFingerprintMismatch, reason, collect(transport)};
    case dtls::FailureKind::kTimeout:
      return {FailureCause::kDtlsTimeout,
              reason + ": the path works for small packets; a middlebox may drop large ones, or the peer is stuck",
              collect(transport)};
    case dtls::FailureKind::kHandshake: break;
  }
  return {FailureCause::kDtlsFailed, reason, collect(transport)};
}

}  // namespace tidewire::session
