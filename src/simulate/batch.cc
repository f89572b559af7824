#include "simulate/batch.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "simulate/run.h"

namespace tidewire::simulate {

Result<Outcome> run_seeds(const MakeScenario& make, CongestionControl control, const std::vector<std::uint64_t>& seeds,
                          unsigned threads) {
  Outcome outcome{.control = control, .seeds = seeds};
  outcome.measures.resize(seeds.size());
  std::optional<Error> error;
  std::mutex mutex;  // of the error
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < seeds.size(); i = next++) {
      auto scenario = make(seeds[i]);
      if (!scenario) {
        const std::lock_guard lock(mutex);
        error = scenario.error();
        return;
      }
      Recording recording = run(*scenario, control, seeds[i]);
      outcome.measures[i] = measure(recording);
      if (i == 0) outcome.first = std::move(recording);
    }
  };
  std::vector<std::thread> others;
  const auto useful = std::min<std::size_t>(std::max(threads, 1U), seeds.size());
  for (std::size_t i = 1; i < useful; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  if (error) return *error;
  return outcome;
}

}  // namespace tidewire::simulate
