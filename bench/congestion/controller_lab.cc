// controller_lab [--seeds N] [--control tidewire|google] [--trace FLOW] [NAME …]
//
// Runs the scenarios whose name begins with a NAME (all without one) with N seeds under each controller and prints the
// median of each metric beside what is wanted of it. --trace prints a flow's course with seed 1 every 100 ms instead.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "congestion/scenarios_for_test.h"
#include "congestion/tidewire/tidewire_controller.h"

namespace {

using namespace std::chrono_literals;
using namespace tidewire;
using namespace tidewire::congestion;

struct Arguments {
  std::uint64_t seeds = 10;
  int trace = -1;
  std::vector<CongestionControl> controls;
  std::vector<std::string> names;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] { return std::string(++i < argc ? argv[i] : ""); };
    if (word == "--seeds") {
      arguments.seeds = std::strtoull(value().c_str(), nullptr, 10);
    } else if (word == "--trace") {
      arguments.trace = std::atoi(value().c_str());
    } else if (word == "--control") {
      const bool google = value() == "google";
      arguments.controls.push_back(google ? CongestionControl::kGoogle : CongestionControl::kTidewire);
    } else {
      arguments.names.push_back(word);
    }
  }
  if (arguments.controls.empty()) arguments.controls = {CongestionControl::kGoogle, CongestionControl::kTidewire};
  std::erase_if(arguments.controls, [](CongestionControl c) { return !make_controller(c, {}, {}); });
  return arguments;
}

bool wanted(const lab::Scenario& scenario, const Arguments& arguments) {
  if (arguments.names.empty()) return true;
  for (const std::string& name : arguments.names) {
    if (scenario.name.starts_with(name)) return true;
  }
  return false;
}

void trace(const lab::Scenario& scenario, CongestionControl control, std::size_t flow) {
  lab::PathOptions options = scenario.options;
  for (lab::FlowConfig& config : options.flows) config.control = control;
  lab::Path path(options);
  std::printf("%s, %s, flow %zu\n%8s %8s %8s %8s %8s %6s mode\n", scenario.name.c_str(), to_string(control).data(),
              flow, "s", "target", "arrived", "q p50", "q max", "drops");
  for (Duration at = 0ms; at < scenario.length; at += 100ms) {
    const lab::Interval interval{at, at + 100ms};
    path.run_until(interval.to);
    const auto* ours = dynamic_cast<const TidewireController*>(&path.flows()[flow]->controller());
    std::printf("%8.1f %8.0f %8.0f %8.1f %8.1f %6.3f %4d\n", std::chrono::duration<double>(interval.to).count(),
                static_cast<double>(path.target(flow, interval.to)) / 1000, path.throughput(flow, interval) / 1000,
                path.queue_ms(flow, 0.5, interval), path.queue_ms(flow, 1, interval), path.drops(flow, interval),
                ours ? static_cast<int>(ours->mode()) : 0);
  }
}

void print_wanted(const lab::Metric& metric) {
  const bool least = metric.at_least > 0;
  const bool most = metric.at_most < 1e17;
  if (least && most) {
    std::printf("  %g to %g", metric.at_least, metric.at_most);
  } else if (least) {
    std::printf("  >= %g", metric.at_least);
  } else if (most) {
    std::printf("  <= %g", metric.at_most);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  int missed = 0;
  for (const lab::Scenario& scenario : lab::scenarios()) {
    if (!wanted(scenario, arguments)) continue;
    std::vector<std::vector<lab::Metric>> columns;
    for (const CongestionControl control : arguments.controls) {
      if (arguments.trace >= 0) {
        trace(scenario, control, static_cast<std::size_t>(arguments.trace));
      } else {
        columns.push_back(lab::run_median(scenario, control, arguments.seeds));
      }
    }
    if (columns.empty()) continue;
    for (std::size_t row = 0; row < columns[0].size(); ++row) {
      std::printf("%-20s %-18s", row == 0 ? scenario.name.c_str() : "", columns[0][row].name.c_str());
      for (const auto& column : columns) {
        std::printf(" %9.3f%s", column[row].value, column[row].met() ? " " : "!");
      }
      print_wanted(columns[0][row]);
      std::printf("\n");
      missed += columns.back()[row].met() ? 0 : 1;
    }
  }
  if (arguments.trace < 0) std::printf("the last column misses %d (marked !)\n", missed);
  return 0;
}
