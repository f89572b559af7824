// What a call came to, as JSON for scripts and as lines for people.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>

#include "call/call.h"

namespace tidewire::call {

// The report of `tidewire call --json` on one call; docs/cli.md lists its members.
boost::json::object report(Call& call);
// {"cause", "message", "evidence"}: the same object as the page's.
boost::json::object failure_json(const Failure& failure);

// "ice_connected 31 ms" and so on, a line each, for a person.
std::string timeline_text(const Timeline& timeline);

// By the newest report of the other side, which comes more often than checks of the path do; these, if there is none.
std::optional<Duration> round_trip(const StatsReport& stats);

// Remembers the counters of a second ago, and so tells rates.
class LiveFigures {
 public:
  // One line: "video ↑ 30 fps 480p 980 kbit/s ↓ 30 fps 480p 1010 kbit/s · audio … · lost 0 · rtt 0.4 ms".
  std::string line(Call& call);

 private:
  StatsReport last_;
};

}  // namespace tidewire::call
