// The flags that say how connections are made, as the library understands them.
#pragma once

#include <string>
#include <vector>

#include "commands.h"
#include "tidewire/configuration.h"
#include "tidewire/event_loop.h"
#include "tidewire/result.h"

namespace tidewire::app {

// From --ice-server, --ice-username and --ice-credential. The error names the flag.
Result<std::vector<IceServer>> parse_ice_servers(const std::vector<std::string>& urls, const std::string& username,
                                                 const std::string& credential);
// Opens the shared port when one is asked for. The error names the flag.
Result<Configuration> to_configuration(const IceOptions& options, EventLoop& loop);

}  // namespace tidewire::app
