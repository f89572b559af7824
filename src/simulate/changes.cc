#include "simulate/changes.h"

#include <algorithm>
#include <set>

namespace tidewire::simulate {
namespace {

void add_capacity_steps(const Recording& recording, Direction direction, std::set<Duration>& moments) {
  const PathPlan& path = recording.scenario.path(direction);
  if (!path.rate || path.is_trace) return;
  const Duration period = path.rate->period();
  Duration cycle{};
  do {
    for (const sim::RateSchedule::Step& step : path.rate->steps()) moments.insert(cycle + step.from);
    cycle += period;
  } while (period > Duration::zero() && cycle < recording.scenario.duration);
}

}  // namespace

std::vector<Stage> stages(const Recording& recording, Direction direction) {
  std::set<Duration> moments{Duration::zero()};
  add_capacity_steps(recording, direction, moments);
  for (const CallRecording& call : recording.calls) {
    if (!call.connected || call.direction != direction) continue;
    moments.insert({call.started, call.ended});
    for (const Span& pause : call.pauses) moments.insert({pause.from, pause.to});
  }
  for (const TcpRecording& tcp : recording.tcps) {
    if (!tcp.is_long || tcp.direction != direction) continue;
    for (const Span& active : tcp.active) moments.insert({active.from, active.to});
  }
  std::erase_if(moments, [&](Duration at) { return at >= recording.scenario.duration; });
  std::vector<Stage> all;
  for (auto at = moments.begin(); at != moments.end(); ++at) {
    const auto after = std::next(at);
    Stage stage{
        .from = *at, .to = after == moments.end() ? recording.scenario.duration : *after, .direction = direction};
    stage.capacity = recording.capacity_bits(direction, stage.from, stage.to) /
                     std::chrono::duration<double>(stage.to - stage.from).count();
    for (std::size_t i = 0; i < recording.calls.size(); ++i) {
      const CallRecording& call = recording.calls[i];
      if (call.connected && call.direction == direction && call.is_active(*at)) stage.calls.push_back(i);
    }
    for (const TcpRecording& tcp : recording.tcps) {
      if (!tcp.is_long || tcp.direction != direction) continue;
      stage.tcps += static_cast<std::size_t>(
          std::ranges::count_if(tcp.active, [&](const Span& active) { return *at >= active.from && *at < active.to; }));
    }
    all.push_back(std::move(stage));
  }
  return all;
}

}  // namespace tidewire::simulate
