#include "doctor/findings.h"

#include "tidewire/failure.h"

namespace tidewire::doctor {

std::string_view to_string(Problem problem) {
  switch (problem) {
    case Problem::kNone: return "none";
    case Problem::kServersUnreachable: return tidewire::to_string(FailureCause::kServersUnreachable);
    case Problem::kCredentialsRefused: return tidewire::to_string(FailureCause::kCredentialsRefused);
    case Problem::kQuotaReached: return tidewire::to_string(FailureCause::kQuotaReached);
    case Problem::kRelayNeeded: return tidewire::to_string(FailureCause::kRelayNeeded);
    case Problem::kNoLocalCandidates: return tidewire::to_string(FailureCause::kNoLocalCandidates);
    case Problem::kNameNotFound: return "name_not_found";
    case Problem::kRefused: return "refused";
    case Problem::kRelaySilent: return "relay_silent";
    case Problem::kRelayPortsClosed: return "relay_ports_closed";
  }
  return "";
}

}  // namespace tidewire::doctor
