// Lengths of time on the command line: "10s", "500ms", "2m", "1h"; a bare number is seconds.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "tidewire/time.h"

namespace tidewire::app {

std::optional<Duration> parse_duration(const std::string& text);

// A flag that takes one. Its error shows how it is written.
void add_duration_option(CLI::App& verb, const std::string& flag, std::optional<Duration>& duration,
                         const std::string& help);
void add_duration_option(CLI::App& verb, const std::string& flag, Duration& duration, const std::string& help,
                         const std::string& group = "Options");

}  // namespace tidewire::app
