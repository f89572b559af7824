#include "simulate/traces.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "simulate/noise.h"

namespace tidewire::simulate {
namespace {

constexpr double kPacketBits = 1500 * 8;
constexpr Duration kPulse = std::chrono::milliseconds(1);
constexpr std::int64_t kLongestTraceMs = 24LL * 3600 * 1000;

Error syntax(std::size_t line, const std::string& what) {
  return {ErrorCode::kSyntax, "line " + std::to_string(line) + " of the trace " + what +
                                  "; a trace has a line for each chance to deliver 1500 bytes: its millisecond"};
}

// Knuth's way, for small means.
int poisson(Noise& noise, double mean) {
  const double limit = std::exp(-mean);
  int count = 0;
  for (double product = noise.uniform(); product > limit; product *= noise.uniform()) ++count;
  return count;
}

void add_lines(std::string& text, std::int64_t ms, int count) {
  for (int i = 0; i < count; ++i) text += std::to_string(ms) + '\n';
}

// So many chances at this millisecond, and none after it.
void add_pulse(std::vector<sim::RateSchedule::Step>& steps, std::int64_t ms, int count) {
  const Duration at = ms * kPulse;
  if (!steps.empty() && steps.back().from == at) steps.pop_back();
  steps.push_back({at, static_cast<std::uint64_t>(count * kPacketBits * 1000)});
  steps.push_back({at + kPulse, 0});
}

}  // namespace

Result<sim::RateSchedule> parse_mahimahi(std::string_view text) {
  std::vector<sim::RateSchedule::Step> steps{{Duration::zero(), 0}};
  std::int64_t last = -1;
  int count = 0;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty()) continue;
    std::int64_t ms = 0;
    const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), ms);
    if (error != std::errc() || rest != line.data() + line.size() || ms < 0 || ms > kLongestTraceMs) {
      return syntax(number, "is \"" + std::string(line.substr(0, 40)) + "\", which is no number of milliseconds");
    }
    if (ms < last) return syntax(number, "goes back in time, from " + std::to_string(last));
    if (ms > last && count > 0) add_pulse(steps, last, count);
    count = ms == last ? count + 1 : 1;
    last = ms;
  }
  if (count == 0) return syntax(std::max<std::size_t>(number, 1), "ends it without any delivery");
  add_pulse(steps, last, count);
  return sim::RateSchedule(std::move(steps), (last + 1) * kPulse);
}

std::string make_cellular_trace(const CellularModel& model, Duration length, std::uint64_t seed) {
  Noise noise(seed);
  std::string text;
  // It begins somewhere in the middle.
  double rate = noise.uniform(0.25, 0.6) * model.most;
  double handover_in = model.handover_every > 0 ? noise.exponential(model.handover_every) : INFINITY;
  double silent_for = 0;
  const double step = std::sqrt(0.001);
  const auto end = static_cast<std::int64_t>(length / kPulse);
  for (std::int64_t ms = 0; ms < end; ++ms) {
    const bool outage = model.least <= 0 && rate <= 0;
    if (outage && noise.uniform() >= model.escape / 1000) continue;
    rate += model.walk * step * noise.normal();
    if (outage) rate = noise.uniform(model.walk / 4, model.walk);
    rate = std::min(rate, 2 * model.most - rate);
    if (model.least > 0) rate = std::max(rate, 2 * model.least - rate);
    rate = std::max(rate, 0.0);
    handover_in -= 0.001;
    if (handover_in <= 0) {
      silent_for = noise.uniform(model.handover_most / 4, model.handover_most);
      handover_in = noise.exponential(model.handover_every);
    }
    silent_for -= 0.001;
    if (silent_for <= 0) add_lines(text, ms, poisson(noise, rate / 1000));
  }
  add_lines(text, end, text.empty() ? 1 : 0);
  return text;
}

std::string make_wifi_trace(const WifiModel& model, Duration length, std::uint64_t seed) {
  Noise noise(seed);
  std::string text;
  bool near = true;
  double state_left = noise.exponential(model.near_for);
  double stall_in = noise.exponential(model.stall_every);
  double owed = 0;  // packets that the rate allows and no chance has taken yet
  const double end = std::chrono::duration<double>(length).count();
  for (double now = 0; now < end;) {
    const double wait = noise.exponential(model.chance_every);
    now += wait;
    owed += (near ? model.near_rate : model.far_rate) * wait / kPacketBits;
    const int train = static_cast<int>(owed);
    owed -= train;
    if (now < end) add_lines(text, static_cast<std::int64_t>(now * 1000), train);
    state_left -= wait;
    if (state_left <= 0) {
      near = !near;
      state_left = noise.exponential(near ? model.near_for : model.far_for);
    }
    stall_in -= wait;
    if (stall_in > 0) continue;
    now += noise.uniform(model.stall_most / 4, model.stall_most);
    stall_in = noise.exponential(model.stall_every);
  }
  add_lines(text, static_cast<std::int64_t>(end * 1000), text.empty() ? 1 : 0);
  return text;
}

}  // namespace tidewire::simulate
