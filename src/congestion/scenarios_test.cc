// The scenarios under Tidewire's controller, each with what is wanted of it. `controller_lab` (bench/congestion) prints
// the table of many seeds that these few stand for.
#include "congestion/scenarios_for_test.h"

#include <gtest/gtest.h>

#include <cctype>
#include <chrono>
#include <ostream>

namespace tidewire::congestion::lab {

// What GoogleTest says of one.
static void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

namespace {

using namespace std::chrono_literals;

class TidewireScenario : public testing::TestWithParam<Scenario> {};

TEST_P(TidewireScenario, MeetsWhatIsWanted) {
  // The median of seven, as single runs differ; those of many flows differ less, and take longer.
  const PathOptions& options = GetParam().options;
  const bool varies = !options.tcps.empty() || (options.flows.size() < 3 && GetParam().length <= 60s);
  const std::uint64_t seeds = varies ? 7 : 1;
  for (const Metric& metric : run_median(GetParam(), CongestionControl::kTidewire, seeds)) {
    EXPECT_TRUE(metric.met()) << metric.name << " is " << metric.value << ", wanted are " << metric.at_least << " to "
                              << metric.at_most << "\nrepeat: controller_lab --seeds " << seeds << " "
                              << GetParam().name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, TidewireScenario, testing::ValuesIn(scenarios()), [](const auto& instance) {
  std::string name = instance.param.name;
  for (char& c : name) {
    if (c == '+') c = 'p';
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
});

TEST(LabPath, RepeatsARunExactly) {
  const Scenario scenario = scenarios().front();
  const auto once = run(scenario, CongestionControl::kTidewire, 5);
  const auto again = run(scenario, CongestionControl::kTidewire, 5);
  const auto other = run(scenario, CongestionControl::kTidewire, 6);
  bool differs = false;
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].value, again[i].value) << once[i].name;
    differs |= once[i].value != other[i].value;
  }
  EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace tidewire::congestion::lab
