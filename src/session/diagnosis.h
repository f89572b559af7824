// Why a connection failed, from what its parts know.
#pragma once

#include <string>

#include "dtls/endpoint.h"
#include "session/transport.h"
#include "tidewire/failure.h"

namespace tidewire::session {

// No path was found, or the one there was is lost. `reason` is what the ICE agent says.
Failure diagnose_path(const Transport& transport, bool relay_only, const std::string& reason);
// There is a path, and DTLS failed on it.
Failure diagnose_dtls(const Transport& transport, dtls::FailureKind kind, const std::string& reason);

}  // namespace tidewire::session
