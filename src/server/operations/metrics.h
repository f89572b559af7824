// What the server counts, in the text format of Prometheus.
//
// Labels take values from fixed sets only: no address, user or room, so that strangers cannot grow the metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/operations/process_stats.h"
#include "server/signaling/signaling_stats.h"
#include "server/turn/turn_stats.h"

namespace tidewire::server {

// The sums over all threads at one moment.
struct ServerSnapshot {
  std::string version;
  bool ready = false;
  std::optional<SignalingStats> signaling;
  std::optional<TurnStats> turn;
  std::uint64_t log_lines_dropped = 0;
  ProcessStats process;
};

// The text exposition format 0.0.4.
inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";
std::string to_prometheus(const ServerSnapshot& snapshot);

}  // namespace tidewire::server
