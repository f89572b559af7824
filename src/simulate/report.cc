#include "simulate/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>

#include "simulate/metrics.h"

namespace tidewire::simulate {
namespace {

namespace json = boost::json;

template <typename Get>
Summary over_seeds(const Outcome& outcome, Get&& get) {
  std::vector<double> values;
  for (const Measures& measures : outcome.measures) values.push_back(get(measures));
  return summarise(std::move(values));
}

// How many there are with every seed.
template <typename Of>
std::size_t common(const Outcome& outcome, std::vector<Of> Measures::*list) {
  std::size_t count = outcome.measures.empty() ? 0 : (outcome.measures.front().*list).size();
  for (const Measures& measures : outcome.measures) count = std::min(count, (measures.*list).size());
  return count;
}

// --- For people.

std::string number(double value, Unit unit) {
  if (std::isnan(value)) return "-";
  switch (unit) {
    case Unit::kShare: return fmt::format("{:.1f}", value * 100);
    case Unit::kBitrate: return fmt::format("{:.2f}", value / 1e6);
    case Unit::kMilliseconds: return fmt::format("{:.0f}", value);
    case Unit::kSeconds: return fmt::format("{:.1f}", value);
    case Unit::kIndex: return fmt::format("{:.3f}", value);
    case Unit::kCount: break;
  }
  return fmt::format("{:.{}f}", value, value == std::floor(value) ? 0 : 1);
}

const char* suffix(Unit unit) {
  switch (unit) {
    case Unit::kShare: return " %";
    case Unit::kBitrate: return " Mbit/s";
    case Unit::kMilliseconds: return " ms";
    case Unit::kSeconds: return " s";
    case Unit::kIndex:
    case Unit::kCount: break;
  }
  return "";
}

std::string cell(const Summary& summary, Unit unit) {
  if (std::isnan(summary.median)) return "-";
  const std::string median = number(summary.median, unit) + suffix(unit);
  const std::string least = number(summary.least, unit);
  const std::string most = number(summary.most, unit);
  return least == most ? median : fmt::format("{} ({} to {})", median, least, most);
}

bool is_told(const std::vector<std::string>& cells) {
  return std::ranges::any_of(cells, [](const std::string& text) { return text != "-"; });
}

void add_line(std::string& text, std::string_view label, const std::vector<std::string>& cells) {
  text += fmt::format("  {:<22}", label);
  for (const std::string& it : cells) text += fmt::format("{:<32}", it);
  text.erase(text.find_last_not_of(' ') + 1);
  text += '\n';
}

template <typename Get>
void add_metric(std::string& text, std::string_view label, Unit unit, std::span<const Outcome> outcomes, Get&& get) {
  std::vector<std::string> cells;
  for (const Outcome& outcome : outcomes) cells.push_back(cell(over_seeds(outcome, get), unit));
  if (is_told(cells)) add_line(text, label, cells);
}

void add_summary(std::string& text, std::span<const Outcome> outcomes) {
  std::vector<std::string> names;
  for (const Outcome& outcome : outcomes) names.emplace_back(to_string(outcome.control));
  add_line(text, "", names);
  for (const Metric<CallMeasures>& metric : call_metrics()) {
    add_metric(text, metric.label, metric.unit, outcomes, [&](const Measures& m) { return metric.value(m.all); });
  }
  add_metric(text, "fairness (Jain)", Unit::kIndex, outcomes, [](const Measures& m) { return m.jain; });
  add_metric(text, "TCP", Unit::kShare, outcomes, [](const Measures& m) { return m.tcp_utilisation; });
}

void add_calls(std::string& text, const Outcome& outcome) {
  const std::size_t calls = common(outcome, &Measures::calls);
  if (calls < 2) return;
  text += fmt::format("\nCalls, {}:\n  {:<10}{:<10}{:<10}", to_string(outcome.control), "", "control", "way");
  constexpr std::string_view kShown[] = {"bitrate", "utilisation",        "least_share",  "queue_ms.p95",
                                         "loss",    "frame_delay_ms.p95", "freeze_ratio", "converged_s"};
  for (const std::string_view key : kShown) {
    text += fmt::format("{:>17}", std::ranges::find(call_metrics(), key, &Metric<CallMeasures>::key)->label);
  }
  for (std::size_t i = 0; i < calls; ++i) {
    const CallMeasures& first = outcome.measures.front().calls[i];
    text += fmt::format("\n  {:<10}{:<10}{:<10}", first.name, first.controller, first.direction);
    for (const std::string_view key : kShown) {
      const auto& metric = *std::ranges::find(call_metrics(), key, &Metric<CallMeasures>::key);
      const Summary its = over_seeds(outcome, [&](const Measures& m) { return metric.value(m.calls[i]); });
      text += fmt::format("{:>17}", number(its.median, metric.unit) + suffix(metric.unit));
    }
  }
  text += '\n';
}

void add_changes(std::string& text, const Outcome& outcome) {
  const std::size_t changes = common(outcome, &Measures::changes);
  if (changes == 0) return;
  text += fmt::format("\nAfter each change, {}:\n  {:<10}", to_string(outcome.control), "way");
  for (const Metric<ChangeMeasures>& metric : change_metrics()) text += fmt::format("{:>13}", metric.label);
  for (std::size_t i = 0; i < changes; ++i) {
    text += fmt::format("\n  {:<10}", outcome.measures.front().changes[i].direction);
    for (const Metric<ChangeMeasures>& metric : change_metrics()) {
      const Summary its = over_seeds(outcome, [&](const Measures& m) { return metric.value(m.changes[i]); });
      text += fmt::format("{:>13}", number(its.median, metric.unit) + suffix(metric.unit));
    }
  }
  text += '\n';
}

void add_ladder(std::string& text, const Outcome& outcome) {
  const std::size_t rungs = common(outcome, &Measures::ladder);
  if (rungs > 0) text += fmt::format("\nLadder, {}:\n", to_string(outcome.control));
  for (std::size_t i = 0; i < rungs; ++i) {
    const RungMeasures& rung = outcome.measures.front().ladder[i];
    const Summary its = over_seeds(outcome, [&](const Measures& m) { return m.ladder[i].reached_s; });
    const std::string picture = rung.height > 0 ? fmt::format("{}p", rung.height) : "no picture";
    const std::string after = std::isnan(its.median) ? "not reached" : "after " + cell(its, Unit::kSeconds);
    text += fmt::format("  {:>4.0f} s  {:<12}sound {:>3} kbit/s   {}\n", rung.at_s, picture, rung.audio_bitrate / 1000,
                        after);
  }
}

// --- For programs.

json::value told(double value) {
  if (std::isnan(value)) return nullptr;
  // Six digits are more than there is in it, and read better.
  return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr);
}

// "queue_ms.p95" lies in the object "queue_ms".
void put(json::object& object, std::string_view key, json::value value) {
  const std::size_t dot = key.find('.');
  if (dot == std::string_view::npos) {
    object[key] = std::move(value);
    return;
  }
  json::value& inner = object[key.substr(0, dot)];
  if (!inner.is_object()) inner = json::object{};
  inner.get_object()[key.substr(dot + 1)] = std::move(value);
}

void put(json::object& object, json::object& range, std::string_view key, const Summary& summary) {
  put(object, key, told(summary.median));
  put(range, key, json::array{told(summary.least), told(summary.most)});
}

template <typename Of, typename Get>
json::object to_json(const Outcome& outcome, std::span<const Metric<Of>> metrics, Get&& get) {
  json::object object, range;
  for (const Metric<Of>& metric : metrics) {
    put(object, range, metric.key, over_seeds(outcome, [&](const Measures& m) { return metric.value(get(m)); }));
  }
  object["range"] = std::move(range);
  return object;
}

json::object to_json(const Outcome& outcome) {
  json::object all = to_json(outcome, call_metrics(), [](const Measures& m) -> const CallMeasures& { return m.all; });
  json::object& range = all["range"].get_object();
  put(all, range, "jain", over_seeds(outcome, [](const Measures& m) { return m.jain; }));
  put(all, range, "tcp_utilisation", over_seeds(outcome, [](const Measures& m) { return m.tcp_utilisation; }));
  json::array calls, changes, ladder;
  for (std::size_t i = 0; i < common(outcome, &Measures::calls); ++i) {
    const CallMeasures& first = outcome.measures.front().calls[i];
    json::object call{{"name", first.name},
                      {"controller", first.controller},
                      {"direction", first.direction},
                      {"connected", first.connected}};
    json::object rest =
        to_json(outcome, call_metrics(), [i](const Measures& m) -> const CallMeasures& { return m.calls[i]; });
    for (auto& [key, value] : rest) call[key] = std::move(value);
    calls.push_back(std::move(call));
  }
  for (std::size_t i = 0; i < common(outcome, &Measures::changes); ++i) {
    json::object change =
        to_json(outcome, change_metrics(), [i](const Measures& m) -> const ChangeMeasures& { return m.changes[i]; });
    change["direction"] = outcome.measures.front().changes[i].direction;
    changes.push_back(std::move(change));
  }
  for (std::size_t i = 0; i < common(outcome, &Measures::ladder); ++i) {
    const RungMeasures& rung = outcome.measures.front().ladder[i];
    json::object object{{"at_s", rung.at_s}, {"height", rung.height}, {"audio_bitrate", rung.audio_bitrate}};
    json::object its_range;
    put(object, its_range, "reached_s", over_seeds(outcome, [i](const Measures& m) { return m.ladder[i].reached_s; }));
    object["range"] = std::move(its_range);
    ladder.push_back(std::move(object));
  }
  return {{"controller", std::string(to_string(outcome.control))},
          {"all", std::move(all)},
          {"calls", std::move(calls)},
          {"changes", std::move(changes)},
          {"ladder", std::move(ladder)}};
}

}  // namespace

std::string in_words(std::span<const Outcome> outcomes) {
  if (outcomes.empty()) return {};
  const Scenario& scenario = outcomes.front().first.scenario;
  const std::size_t seeds = outcomes.front().seeds.size();
  std::string text =
      fmt::format("{}: {}\n{:.0f} s, {}\n\n", scenario.name, scenario.description, seconds(scenario.duration),
                  seeds == 1 ? "one seed" : fmt::format("median (and range) of {} seeds", seeds));
  add_summary(text, outcomes);
  for (const Outcome& outcome : outcomes) add_ladder(text, outcome);
  for (const Outcome& outcome : outcomes) add_calls(text, outcome);
  for (const Outcome& outcome : outcomes) add_changes(text, outcome);
  for (const Outcome& outcome : outcomes) {
    for (const CallRecording& call : outcome.first.calls) {
      if (!call.failure.empty()) text += fmt::format("\n{}, {}: {}\n", call.name, call.controller, call.failure);
    }
  }
  return text;
}

boost::json::object to_json(std::span<const Outcome> outcomes) {
  json::array controllers, seeds;
  for (const Outcome& outcome : outcomes) controllers.push_back(to_json(outcome));
  if (outcomes.empty()) return {{"controllers", std::move(controllers)}};
  for (const std::uint64_t seed : outcomes.front().seeds) seeds.push_back(seed);
  const Scenario& scenario = outcomes.front().first.scenario;
  return {{"scenario", scenario.name},
          {"description", scenario.description},
          {"duration_s", seconds(scenario.duration)},
          {"seeds", std::move(seeds)},
          {"controllers", std::move(controllers)}};
}

}  // namespace tidewire::simulate
