// A scenario of the user's own, in a JSON file. docs/adaptive-bitrate.md describes it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "simulate/scenario.h"
#include "tidewire/result.h"

namespace tidewire::simulate {

// The text of a file that a scenario names: a trace.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

// kSyntax with the line for what is no JSON; kType and kRange with the key ("calls[1].delay_ms") for what is no
// scenario.
Result<Scenario> parse_scenario(std::string_view text, const ReadFile& read_file);

// "2.5M", "300k", "64000", in bits per second.
std::optional<std::uint64_t> parse_bitrate(std::string_view text);

}  // namespace tidewire::simulate
