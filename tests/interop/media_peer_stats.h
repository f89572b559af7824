// What the tests ask of getStats, as JSON, by the W3C's names.
#pragma once

#include <boost/json.hpp>

#include "tidewire/stats.h"

namespace tidewire::interop {

boost::json::object stats_event(const StatsReport& report);

}  // namespace tidewire::interop
