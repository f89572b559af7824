// The flags that say how connections are made, as the library understands them.
#pragma once

#include "commands.h"
#include "tidewire/configuration.h"
#include "tidewire/event_loop.h"
#include "tidewire/result.h"

namespace tidewire::app {

// Opens the shared port when one is asked for. The error names the flag.
Result<Configuration> to_configuration(const IceOptions& options, EventLoop& loop);

}  // namespace tidewire::app
