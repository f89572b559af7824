// Runs a scenario in virtual time.
#pragma once

#include <cstdint>

#include "simulate/recording.h"
#include "simulate/scenario.h"
#include "tidewire/congestion_control.h"

namespace tidewire::simulate {

Recording run(const Scenario& scenario, CongestionControl control, std::uint64_t seed);

}  // namespace tidewire::simulate
