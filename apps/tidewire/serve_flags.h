// The flags of `tidewire serve`, on the command line or in a file.
#pragma once

#include <CLI/CLI.hpp>

#include "serve_options.h"
#include "tidewire/result.h"

namespace tidewire::app {

CLI::App* add_serve(CLI::App& app, ServeOptions& options);

// What a command line of `tidewire serve` says, and for each flag that it does not name, the file of --config. The
// error says what is wrong, and in which of the two.
Result<ServeOptions> parse_serve(int argc, const char* const* argv);

}  // namespace tidewire::app
