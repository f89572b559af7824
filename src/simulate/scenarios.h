// The scenarios that have names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simulate/scenario.h"
#include "tidewire/result.h"

namespace tidewire::simulate {

struct ScenarioName {
  std::string_view name;
  std::string_view description;  // one line
};

std::vector<ScenarioName> scenario_names();
// Traces are drawn anew for each seed. kNotFound, with the names that there are.
Result<Scenario> make_scenario(std::string_view name, std::uint64_t seed);

}  // namespace tidewire::simulate
