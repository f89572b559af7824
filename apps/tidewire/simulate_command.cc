#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "commands.h"
#include "output.h"
#include "simulate/batch.h"
#include "simulate/plot.h"
#include "simulate/report.h"
#include "simulate/scenario_file.h"
#include "simulate/scenarios.h"

namespace tidewire::app {
namespace {

Result<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file || std::filesystem::is_directory(path)) {
    return Error{ErrorCode::kNotReadable, "cannot read " + path.string()};
  }
  return text;
}

Result<simulate::MakeScenario> scenario_of(const std::string& name) {
  if (!std::filesystem::is_regular_file(name)) {
    // The error of a wrong name comes before any run.
    if (const auto first = simulate::make_scenario(name, 1); !first) return first.error();
    return simulate::MakeScenario([name](std::uint64_t seed) { return simulate::make_scenario(name, seed); });
  }
  const auto text = read_text(name);
  if (!text) return text.error();
  const std::filesystem::path folder = std::filesystem::path(name).parent_path();
  auto scenario = simulate::parse_scenario(*text, [&](const std::string& file) { return read_text(folder / file); });
  if (!scenario) return Error{scenario.error().code, name + ": " + scenario.error().message};
  if (scenario->name.empty()) scenario->name = std::filesystem::path(name).stem().string();
  return simulate::MakeScenario([made = *scenario](std::uint64_t) -> Result<simulate::Scenario> { return made; });
}

std::vector<CongestionControl> controls_of(const std::string& controller) {
  if (controller == "both") return {CongestionControl::kTidewire, CongestionControl::kGoogle};
  if (controller == "google") return {CongestionControl::kGoogle};
  if (controller == "none") return {CongestionControl::kNone};
  return {CongestionControl::kTidewire};
}

int list(bool json) {
  boost::json::array all;
  for (const auto& [name, description] : simulate::scenario_names()) {
    if (!json) print_result(fmt::format("{:<18}{}", name, description));
    all.push_back(boost::json::object{{"name", std::string(name)}, {"description", std::string(description)}});
  }
  if (json) print_result(boost::json::serialize(all));
  return 0;
}

Result<> draw(const std::string& path, const std::vector<simulate::Outcome>& outcomes) {
  std::vector<simulate::Recording> recordings;
  for (const simulate::Outcome& outcome : outcomes) {
    recordings.push_back(outcome.first);
    recordings.back().scenario.name =
        fmt::format("{}, {}", recordings.back().scenario.name, to_string(outcome.control));
  }
  std::ofstream file(path, std::ios::binary);
  file << simulate::plot(recordings);
  file.close();
  if (!file) return Error{ErrorCode::kNotReadable, "cannot write " + path + ", which --plot names"};
  return {};
}

}  // namespace

int simulate(const SimulateOptions& options) {
  if (options.list) return list(options.json);
  if (options.scenario.empty()) {
    return misuse(options.json, {ErrorCode::kType, "which scenario? `tidewire simulate --list` tells their names"});
  }
  const auto make = scenario_of(options.scenario);
  if (!make) return misuse(options.json, make.error());
  std::vector<std::uint64_t> seeds(options.seeds);
  for (std::size_t i = 0; i < seeds.size(); ++i) seeds[i] = options.first_seed + i;
  std::vector<simulate::Outcome> outcomes;
  for (const CongestionControl control : controls_of(options.controller)) {
    auto outcome = simulate::run_seeds(*make, control, seeds, std::thread::hardware_concurrency());
    if (!outcome) return misuse(options.json, outcome.error());
    outcomes.push_back(*std::move(outcome));
  }
  if (options.json) {
    print_result(boost::json::serialize(simulate::to_json(outcomes)));
  } else {
    fmt::print("{}", simulate::in_words(outcomes));
  }
  if (options.plot.empty()) return 0;
  const auto drawn = draw(options.plot, outcomes);
  if (!drawn) return misuse(false, drawn.error());
  say(options.json, "\nDrawn in {}", options.plot);
  return 0;
}

}  // namespace tidewire::app
