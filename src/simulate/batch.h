// The same scenario under several seeds, on several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "simulate/measure.h"
#include "simulate/recording.h"
#include "tidewire/congestion_control.h"
#include "tidewire/result.h"

namespace tidewire::simulate {

struct Outcome {
  CongestionControl control = CongestionControl::kNone;
  std::vector<std::uint64_t> seeds;
  std::vector<Measures> measures;  // by seed
  Recording first;                 // of the first seed
};

// Which scenario it is may depend on the seed, as traces do. It is called on several threads.
using MakeScenario = std::function<Result<Scenario>(std::uint64_t seed)>;

// `threads` at most, 1 and up.
Result<Outcome> run_seeds(const MakeScenario& make, CongestionControl control, const std::vector<std::uint64_t>& seeds,
                          unsigned threads);

}  // namespace tidewire::simulate
