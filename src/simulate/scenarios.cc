#include "simulate/scenarios.h"

#include <array>
#include <utility>

#include "simulate/traces.h"

namespace tidewire::simulate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// More than any of the paths carries: so that the path alone is what limits.
constexpr std::uint64_t kPlenty = 10'000'000;

struct KbitStep {
  int at;  // s
  std::uint64_t kbit;
};

std::shared_ptr<const sim::RateSchedule> rates(const std::vector<KbitStep>& steps) {
  std::vector<sim::RateSchedule::Step> all;
  all.reserve(steps.size());
  for (const KbitStep& step : steps) all.push_back({seconds(step.at), step.kbit * 1000});
  return std::make_shared<const sim::RateSchedule>(std::move(all));
}

// A call over a bottleneck that follows these steps.
Scenario stepped(const std::vector<KbitStep>& steps, int length) {
  Scenario scenario;
  scenario.duration = seconds(length);
  scenario.forward.rate = rates(steps);
  scenario.calls[0].max_bitrate = kPlenty;
  return scenario;
}

// RFC 8867 §4.1: 50 ms one way, a queue of 300 ms.
Scenario with_calls(Scenario scenario, std::initializer_list<CallPlan> calls) {
  scenario.calls = calls;
  for (CallPlan& call : scenario.calls) call.max_bitrate = kPlenty;
  return scenario;
}

Scenario founding_ladder(std::uint64_t) {
  Scenario scenario = stepped({{0, 5000}, {20, 1000}, {40, 200}, {60, 1000}, {80, 5000}}, 100);
  scenario.calls[0].max_bitrate.reset();
  scenario.calls[0].one_way_delay = milliseconds(25);
  scenario.forward.queue_time = milliseconds(250);
  scenario.ladder = {{seconds(0), 1080, 128'000},
                     {seconds(20), 480, 64'000},
                     {seconds(40), 0, 32'000},
                     {seconds(60), 480, 64'000},
                     {seconds(80), 1080, 128'000}};
  return scenario;
}

Scenario start(std::uint64_t) {
  Scenario scenario = stepped({{0, 3000}}, 15);
  scenario.measured_from = Duration::zero();
  return scenario;
}

// RFC 8867 §5.1: variable available capacity with a single flow.
Scenario rfc_5_1(std::uint64_t) { return stepped({{0, 1000}, {40, 2500}, {60, 600}, {80, 1000}}, 100); }
Scenario rfc_5_1_far(std::uint64_t seed) {
  Scenario scenario = rfc_5_1(seed);
  scenario.calls[0].one_way_delay = milliseconds(100);
  return scenario;
}
// §5.2: variable available capacity with multiple flows.
Scenario rfc_5_2(std::uint64_t) {
  return with_calls(stepped({{0, 4000}, {25, 2000}, {50, 3500}, {75, 1000}, {100, 2000}}, 125), {{}, {}});
}
// §5.3: congested feedback link with bi-directional media flows.
Scenario rfc_5_3(std::uint64_t) {
  Scenario scenario = with_calls(stepped({{0, 2000}, {20, 1000}, {40, 500}, {60, 2000}}, 100),
                                 {{}, {.direction = Direction::kBackward}});
  scenario.backward.rate = rates({{0, 2000}, {35, 800}, {70, 2000}});
  return scenario;
}
// §5.4: competing media flows with the same algorithm.
Scenario rfc_5_4(std::uint64_t) {
  return with_calls(stepped({{0, 3500}}, 120), {{}, {.start = seconds(20)}, {.start = seconds(40)}});
}
// §5.5: round-trip time fairness.
Scenario rfc_5_5(std::uint64_t) {
  Scenario scenario = with_calls(stepped({{0, 4000}}, 300), {{}, {}, {}, {}, {}});
  constexpr std::array<int, 5> kDelays = {10, 25, 50, 100, 150};
  for (std::size_t i = 0; i < kDelays.size(); ++i) {
    scenario.calls[i].one_way_delay = milliseconds(kDelays[i]);
    scenario.calls[i].start = seconds(10) * static_cast<int>(i);
  }
  return scenario;
}
// §5.6: media flow competing with a long TCP flow.
Scenario rfc_5_6(std::uint64_t) {
  Scenario scenario = with_calls(stepped({{0, 2000}}, 120), {{.start = seconds(5)}});
  scenario.tcps = {TcpPlan{}};
  return scenario;
}
// §5.7: media flows competing with short TCP flows, of the size of a page, with pauses of 10 s on average.
Scenario rfc_5_7(std::uint64_t) {
  Scenario scenario = with_calls(stepped({{0, 2000}}, 300), {{}, {}});
  scenario.tcps.assign(10, {.least_bytes = 30'000, .most_bytes = 50'000});
  return scenario;
}
// §5.8: media pause and resume.
Scenario rfc_5_8(std::uint64_t) {
  return with_calls(stepped({{0, 3500}}, 120), {{.pauses = {{seconds(40), seconds(60)}}}, {}, {}});
}

Scenario step_up(std::uint64_t) { return stepped({{0, 500}, {20, 3000}}, 50); }
Scenario step_down(std::uint64_t) { return stepped({{0, 2500}, {20, 600}}, 50); }

Scenario lossy(double loss) {
  Scenario scenario = stepped({{0, 2000}}, 60);
  scenario.forward.loss = loss;
  return scenario;
}
Scenario loss_2(std::uint64_t) { return lossy(0.02); }
Scenario loss_5(std::uint64_t) { return lossy(0.05); }
Scenario loss_10(std::uint64_t) { return lossy(0.10); }
// 3 % in all, four packets on end on average.
Scenario burst_loss(std::uint64_t) {
  Scenario scenario = stepped({{0, 2000}}, 60);
  scenario.forward.burst_enter = 0.0077;
  scenario.forward.burst_leave = 0.25;
  return scenario;
}
Scenario jitter(std::uint64_t) {
  Scenario scenario = stepped({{0, 4000}}, 60);
  scenario.forward.jitter = milliseconds(10);
  scenario.backward.jitter = milliseconds(10);
  return scenario;
}

Scenario outage_of(int length) {
  Scenario scenario = stepped({{0, 2000}, {20, 0}, {20 + length, 2000}}, 50 + length);
  // Nothing is to be heard from the other end, either.
  scenario.backward.rate = rates({{0, 10'000}, {20, 0}, {20 + length, 10'000}});
  return scenario;
}
Scenario outage_1(std::uint64_t) { return outage_of(1); }
Scenario outage_3(std::uint64_t) { return outage_of(3); }
Scenario outage_10(std::uint64_t) { return outage_of(10); }

Scenario traced(const std::string& trace, std::size_t queue_bytes) {
  Scenario scenario;
  scenario.duration = seconds(100);
  scenario.forward.rate = std::make_shared<const sim::RateSchedule>(parse_mahimahi(trace).value());
  scenario.forward.queue_bytes = queue_bytes;
  scenario.forward.is_trace = true;
  scenario.calls[0].max_bitrate = kPlenty;
  return scenario;
}
constexpr Duration kTrace = std::chrono::seconds(120);

Scenario wifi(std::uint64_t seed) {
  Scenario scenario = traced(make_wifi_trace({}, kTrace, seed), 256 * 1024);
  scenario.calls[0].one_way_delay = milliseconds(20);
  return scenario;
}
Scenario cellular_1(std::uint64_t seed) { return traced(make_cellular_trace({}, kTrace, seed), 512 * 1024); }
Scenario cellular_2(std::uint64_t seed) {
  return traced(make_cellular_trace({.most = 170, .walk = 40}, kTrace, seed), 128 * 1024);
}
Scenario cellular_3(std::uint64_t seed) {
  return traced(make_cellular_trace({.least = 17, .walk = 300, .handover_every = 12}, kTrace, seed), 512 * 1024);
}

Scenario competing(std::uint64_t) {
  return with_calls(stepped({{0, 4000}}, 120), {{}, {.control = Control::kOther, .start = seconds(20)}});
}

struct Named {
  ScenarioName name;
  Scenario (*make)(std::uint64_t seed);
};

constexpr Named kNamed[] = {
    {{"founding-ladder", "5, 1, 0.2, 1 and 5 Mbit/s, 20 s each: 1080p, 480p, sound alone, and back"}, founding_ladder},
    {{"start", "the first seconds on 3 Mbit/s"}, start},
    {{"rfc8867-5.1", "variable capacity, one call: 1, 2.5, 0.6, 1 Mbit/s"}, rfc_5_1},
    {{"rfc8867-5.1-far", "the same with a round trip of 200 ms"}, rfc_5_1_far},
    {{"rfc8867-5.2", "variable capacity, two calls: 4, 2, 3.5, 1, 2 Mbit/s"}, rfc_5_2},
    {{"rfc8867-5.3", "congested feedback: a call each way, both directions narrow"}, rfc_5_3},
    {{"rfc8867-5.4", "three calls that begin 20 s apart on 3.5 Mbit/s"}, rfc_5_4},
    {{"rfc8867-5.5", "five calls with round trips of 20 to 300 ms on 4 Mbit/s"}, rfc_5_5},
    {{"rfc8867-5.6", "beside a long TCP connection (CUBIC) on 2 Mbit/s"}, rfc_5_6},
    {{"rfc8867-5.7", "two calls beside ten TCP connections that come and go, on 2 Mbit/s"}, rfc_5_7},
    {{"rfc8867-5.8", "three calls on 3.5 Mbit/s, of which one pauses from 40 to 60 s"}, rfc_5_8},
    {{"step-up", "0.5 Mbit/s, after 20 s 3 Mbit/s"}, step_up},
    {{"step-down", "2.5 Mbit/s, after 20 s 0.6 Mbit/s"}, step_down},
    {{"loss-2", "2 Mbit/s, 2 % of the packets lost at random"}, loss_2},
    {{"loss-5", "2 Mbit/s, 5 % of the packets lost at random"}, loss_5},
    {{"loss-10", "2 Mbit/s, 10 % of the packets lost at random"}, loss_10},
    {{"burst-loss", "2 Mbit/s, 3 % of the packets lost, in bursts of four on average"}, burst_loss},
    {{"jitter", "4 Mbit/s, 10 ms of jitter"}, jitter},
    {{"outage", "2 Mbit/s, nothing for 3 s"}, outage_3},
    {{"outage-1", "2 Mbit/s, nothing for 1 s"}, outage_1},
    {{"outage-10", "2 Mbit/s, nothing for 10 s"}, outage_10},
    {{"wifi", "a wireless network that swings between 12 and 2 Mbit/s and stalls now and then"}, wifi},
    {{"cellular-1", "LTE: up to 12 Mbit/s at random, with outages"}, cellular_1},
    {{"cellular-2", "3G: up to 2 Mbit/s at random, with outages"}, cellular_2},
    {{"cellular-3", "LTE on the move: 0.2 to 12 Mbit/s, quickly, with handovers"}, cellular_3},
    {{"competing", "beside a call of the other controller, from 20 s on, on 4 Mbit/s"}, competing},
};

}  // namespace

std::vector<ScenarioName> scenario_names() {
  std::vector<ScenarioName> names;
  for (const Named& named : kNamed) names.push_back(named.name);
  return names;
}

Result<Scenario> make_scenario(std::string_view name, std::uint64_t seed) {
  std::string known;
  for (const Named& named : kNamed) {
    if (named.name.name != name) {
      known += (known.empty() ? "" : ", ") + std::string(named.name.name);
      continue;
    }
    Scenario scenario = named.make(seed);
    scenario.name = name;
    scenario.description = named.name.description;
    return scenario;
  }
  return Error{ErrorCode::kNotFound,
               "there is no scenario \"" + std::string(name) + "\" and no file of that name; " + "there are " + known};
}

}  // namespace tidewire::simulate
