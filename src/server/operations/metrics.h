// What the server counts, in the text format of Prometheus.
//
// Labels take values from fixed sets only: no address, user or room, so that strangers cannot grow the metrics.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "io/udp_socket.h"
#include "server/operations/process_stats.h"
#include "server/signaling/signaling_stats.h"
#include "turn/server.h"

namespace tidewire::server {

// The sums over all threads at one moment.
struct TurnSnapshot {
  turn::ServerStats stats;
  io::UdpSocket::Stats udp;                       // of the listening and the relayed sockets
  std::map<std::uint16_t, std::uint64_t> errors;  // answers by error code; codes that are none count as "other"
  std::map<std::string, std::uint64_t> requests;  // by method: "allocate", "refresh", …; others count as "other"
};

struct ServerSnapshot {
  std::string version;
  bool ready = false;
  std::optional<SignalingStats> signaling;
  std::optional<TurnSnapshot> turn;
  std::uint64_t log_lines_dropped = 0;
  ProcessStats process;
};

// The text exposition format 0.0.4.
inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";
std::string to_prometheus(const ServerSnapshot& snapshot);

}  // namespace tidewire::server
