// What calls send as time goes by, as a table that can be plotted.
#pragma once

#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "call/call.h"
#include "rate_options.h"

namespace tidewire::app {

class RateLog {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(200);
  // time_s,from,to,capacity,estimate,video,audio,height,fps,reason,round_trip_ms,lost. Rates are in bit/s, those of
  // media of RTP payload without repeats, as means since the row before; `estimate` and `capacity` are empty when there
  // is none; `reason` is the W3C's qualityLimitationReason, or "paused".
  static Result<RateLog> open(const std::string& path);

  // One row: what `from` sends in this call.
  void add(const std::string& from, call::Call& call, std::optional<std::uint64_t> capacity);

 private:
  RateLog() = default;

  std::ofstream file_;
  std::optional<Timestamp> begin_;
  std::map<std::string, StatsReport> before_;  // by who sends to whom
};

// Null when none is asked for.
Result<std::shared_ptr<RateLog>> open_log(const PathOptions& options);
// As long as the loop runs.
void log_rates_each_interval(EventLoop& loop, std::function<void()> add_rows);

}  // namespace tidewire::app
