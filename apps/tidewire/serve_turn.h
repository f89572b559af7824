// The STUN and TURN service that the flags of `tidewire serve` describe.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "serve_options.h"
#include "server/turn/turn_options.h"
#include "tidewire/result.h"

namespace tidewire::app {

// Of this machine, best first.
std::vector<IpAddress> own_addresses();

// Nothing when there is to be none: on a loopback address it serves nobody unless it was asked for. `secret` is what
// credentials for callers are made of, when the flags name none. `own` is what a wildcard stands for. An error names
// the flag.
Result<std::optional<server::TurnOptions>> turn_options(const ServeOptions& options, const std::string& secret,
                                                        std::span<const IpAddress> own);

}  // namespace tidewire::app
