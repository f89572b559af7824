// The flags that say how much a call sends, and over which made-up network.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidewire/configuration.h"
#include "tidewire/emulated_path.h"
#include "tidewire/result.h"

namespace tidewire::app {

// What is not given is as in Configuration.
struct RateOptions {
  std::string congestion_control;  // tidewire, google, none
  std::optional<std::uint32_t> video_bitrate;
  std::optional<std::uint32_t> audio_bitrate;
  std::optional<std::uint32_t> start_bitrate;
  std::optional<std::uint32_t> max_bitrate;
  int video_height = 0;  // of the test picture; 0: its usual size
};

void add_rate_options(CLI::App& verb, RateOptions& options);
// The error names the flags that do not fit together.
Result<> apply(const RateOptions& options, Configuration& configuration);

// A bottleneck both ways that the calls go through.
struct PathOptions {
  std::vector<std::uint64_t> bandwidth;  // one after the other, over and over; none: no bottleneck
  Duration step = std::chrono::seconds(10);
  Duration delay = std::chrono::milliseconds(25);
  Duration queue = std::chrono::milliseconds(250);
  std::string log;  // a file of rates
};

void add_path_options(CLI::App& verb, PathOptions& options);
// Null without a bottleneck.
Result<std::shared_ptr<EmulatedPath>> make_path(const PathOptions& options);

// For UDP alone: TCP would go around it. Nothing happens when there is none.
void go_through(const std::shared_ptr<EmulatedPath>& path, Configuration& configuration);

// How large the test picture is: as asked for; one that there is something to see of a bottleneck with; or the usual
// one.
int usual_height(const RateOptions& rates, const PathOptions& path);

// "2.5 Mbit/s", "800 kbit/s".
std::string in_words(std::uint64_t bits_per_second);

}  // namespace tidewire::app
