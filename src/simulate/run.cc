#include "simulate/run.h"

#include <deque>
#include <memory>
#include <utility>

#include "sim/simulation.h"
#include "simulate/call_side.h"
#include "simulate/cross_traffic.h"

namespace tidewire::simulate {
namespace {

// Offers, answers and candidates go beside the network.
constexpr Duration kSignaling = std::chrono::milliseconds(5);
// A call that has not begun by then never will; the scenario begins without it.
constexpr Duration kPatience = std::chrono::seconds(30);

CongestionControl control_of(Control which, CongestionControl chosen) {
  if (which == Control::kChosen) return chosen;
  return chosen == CongestionControl::kTidewire ? CongestionControl::kGoogle : CongestionControl::kTidewire;
}

// One call with both its ends and hosts.
struct Call {
  Call(const CallPlan& of, CongestionControl control, std::uint64_t seed, std::size_t number, const Timestamp& origin,
       CallRecording& to)
      : plan(of),
        recording(to),
        sender({.seed = seed * 2 + 1,
                .control = control,
                .start_bitrate = of.start_bitrate,
                .max_bitrate = of.max_bitrate,
                .sends = true,
                .address = address(1, number)},
               origin, to),
        receiver({.seed = seed * 2 + 2, .control = control, .address = address(2, number)}, origin, to) {}

  static IpAddress address(std::uint8_t side, std::size_t number) {
    return IpAddress::v4({10, side, 0, static_cast<std::uint8_t>(number + 1)});
  }

  CallPlan plan;
  CallRecording& recording;
  CallSide sender;
  CallSide receiver;
  sim::HostId left = 0;  // the hosts at the two ends of the bottleneck
  sim::HostId right = 0;
  sim::LinkStats before{};
  bool ended = false;
};

class Run {
 public:
  Run(const Scenario& scenario, CongestionControl control, std::uint64_t seed);
  Recording finish();

 private:
  std::shared_ptr<sim::Bottleneck> make_bottleneck(const PathPlan& plan);
  sim::LinkConfig link(Direction direction, std::uint32_t tag, Duration delay) const;
  void add_call(const CallPlan& plan, CongestionControl chosen, std::size_t number);
  void launch(Call& call);
  void begin();
  void end(Call& call);
  void note_starts();
  void collect_queues();
  const sim::LinkStats& stats_of(Call& call) {
    return call.plan.direction == Direction::kForward ? simulation_.network().up(call.left).stats()
                                                      : simulation_.network().down(call.left).stats();
  }
  Duration now() const { return simulation_.now() - origin_; }

  Recording recording_;
  std::uint64_t seed_;
  sim::Simulation simulation_;
  Timestamp origin_ = kNever;  // until the first calls have begun
  std::shared_ptr<sim::Bottleneck> forward_;
  std::shared_ptr<sim::Bottleneck> backward_;
  std::deque<Call> calls_;
  std::deque<CrossTraffic> cross_;
};

std::shared_ptr<sim::Bottleneck> Run::make_bottleneck(const PathPlan& plan) {
  sim::BottleneckConfig config;
  if (plan.rate) {
    // Until the scenario begins: what passes on average at its beginning.
    const double bits = plan.rate->bits_between(Duration::zero(), std::chrono::seconds(1));
    config.bits_per_second = std::max<std::uint64_t>(static_cast<std::uint64_t>(bits), 100'000);
  }
  if (plan.queue_bytes > 0) {
    config.queue_bytes = plan.queue_bytes;
  } else {
    config.queue_time = plan.queue_time;
  }
  auto bottleneck = std::make_shared<sim::Bottleneck>(config);
  bottleneck->keep_log();
  return bottleneck;
}

sim::LinkConfig Run::link(Direction direction, std::uint32_t tag, Duration delay) const {
  const PathPlan& plan = recording_.scenario.path(direction);
  return {.shared = direction == Direction::kForward ? forward_ : backward_,
          .tag = tag,
          .delay = delay,
          .jitter = plan.jitter,
          .loss = plan.loss,
          .burst_enter = plan.burst_enter,
          .burst_leave = plan.burst_leave};
}

Run::Run(const Scenario& scenario, CongestionControl control, std::uint64_t seed)
    : recording_{.scenario = scenario, .seed = seed},
      seed_(seed),
      simulation_(seed),
      forward_(make_bottleneck(scenario.forward)),
      backward_(make_bottleneck(scenario.backward)) {
  recording_.calls.resize(scenario.calls.size());
  recording_.tcps.resize(scenario.tcps.size());
  for (std::size_t i = 0; i < scenario.calls.size(); ++i) {
    add_call(scenario.calls[i], control_of(scenario.calls[i].control, control), i);
  }
}

void Run::add_call(const CallPlan& plan, CongestionControl chosen, std::size_t number) {
  CallRecording& recording = recording_.calls[number];
  recording.controller = to_string(chosen);
  recording.name = "call " + std::to_string(number + 1);
  recording.direction = plan.direction;
  recording.pauses = plan.pauses;
  Call& call = calls_.emplace_back(plan, chosen, seed_ * 1000 + number, number, origin_, recording);
  const auto tag = static_cast<std::uint32_t>(number + 1);
  const bool forward = plan.direction == Direction::kForward;
  call.left = simulation_.network().add_host({.name = "left",
                                              .addresses = {Call::address(forward ? 1 : 2, number)},
                                              .up = link(Direction::kForward, tag, plan.one_way_delay),
                                              .down = link(Direction::kBackward, tag, plan.one_way_delay)});
  call.right = simulation_.network().add_host({.name = "right", .addresses = {Call::address(forward ? 2 : 1, number)}});
  simulation_.attach(call.left, forward ? call.sender : call.receiver);
  simulation_.attach(call.right, forward ? call.receiver : call.sender);
}

void Run::launch(Call& call) {
  const auto connect = [this, delay = call.plan.one_way_delay](CallSide& from, CallSide& to) {
    from.on_handshake = [this, &to, delay](Datagram datagram) {
      std::swap(datagram.local, datagram.remote);
      simulation_.after(delay, [this, &to, datagram = std::move(datagram)]() mutable {
        to.handle_input(std::move(datagram), simulation_.now());
      });
    };
    from.on_candidate = [this, &to](IceCandidateInit candidate) {
      simulation_.after(2 * kSignaling, [this, &to, candidate = std::move(candidate)] {
        (void)to.session.add_ice_candidate(candidate, simulation_.now());
      });
    };
  };
  CallSide& sender = call.sender;
  CallSide& receiver = call.receiver;
  connect(sender, receiver);
  connect(receiver, sender);
  sender.start(simulation_.now());
  receiver.start(simulation_.now());
  sender.session.set_local_description(simulation_.now()).value();
  simulation_.after(kSignaling, [this, &sender, &receiver] {
    const Timestamp now = simulation_.now();
    receiver.session.set_remote_description(*sender.session.local_description(), now).value();
    receiver.session.set_local_description(now).value();
    simulation_.after(kSignaling, [this, &sender, &receiver] {
      sender.session.set_remote_description(*receiver.session.local_description(), simulation_.now()).value();
    });
  });
}

void Run::end(Call& call) {
  if (std::exchange(call.ended, true)) return;
  note_starts();
  call.recording.ended = now();
  const sim::LinkStats& after = stats_of(call);
  call.recording.packets_sent = after.offered - call.before.offered;
  call.recording.packets_lost = after.lost + after.overflowed - call.before.lost - call.before.overflowed;
  call.sender.end(simulation_.now());
  call.receiver.end(simulation_.now());
}

// The schedule of the scenario, from now on.
void Run::begin() {
  origin_ = simulation_.now();
  for (const auto& [bottleneck, plan] :
       {std::pair{forward_, &recording_.scenario.forward}, std::pair{backward_, &recording_.scenario.backward}}) {
    bottleneck->config().schedule = plan->rate;
    bottleneck->config().schedule_start = origin_;
  }
  for (Call& call : calls_) {
    if (call.plan.start > Duration::zero()) simulation_.at(origin_ + call.plan.start, [this, &call] { launch(call); });
    if (call.plan.stop) simulation_.at(origin_ + *call.plan.stop, [this, &call] { end(call); });
    for (const Span& pause : call.plan.pauses) {
      simulation_.at(origin_ + pause.from, [this, &call] { call.sender.set_paused(true, simulation_.now()); });
      simulation_.at(origin_ + pause.to, [this, &call] { call.sender.set_paused(false, simulation_.now()); });
    }
  }
  for (std::size_t i = 0; i < recording_.scenario.tcps.size(); ++i) {
    const TcpPlan& plan = recording_.scenario.tcps[i];
    TcpRecording& recording = recording_.tcps[i];
    recording.direction = plan.direction;
    recording.is_long = plan.is_long();
    const Direction back = plan.direction == Direction::kForward ? Direction::kBackward : Direction::kForward;
    cross_.emplace_back(simulation_, plan, link(plan.direction, 0, plan.one_way_delay),
                        link(back, 0, plan.one_way_delay), seed_ * 1000 + 500 + i, origin_, recording);
    cross_.back().start();
  }
}

// Of calls that have begun since this was asked.
void Run::note_starts() {
  for (Call& call : calls_) {
    if (call.recording.connected || !call.sender.is_sending()) continue;
    call.recording.connected = true;
    call.recording.started = origin_ == kNever ? Duration::zero() : now();
    call.before = stats_of(call);
  }
}

void Run::collect_queues() {
  const auto collect = [this](const sim::Bottleneck& bottleneck, Direction direction) {
    for (const sim::Passage& passage : bottleneck.log()) {
      if (passage.tag == 0 || passage.offered < origin_) continue;
      CallRecording& call = recording_.calls[passage.tag - 1];
      if (call.direction != direction) continue;
      call.queue.push_back({passage.offered - origin_, passage.queued, passage.dropped()});
    }
  };
  collect(*forward_, Direction::kForward);
  collect(*backward_, Direction::kBackward);
}

Recording Run::finish() {
  const auto all_began = [this] {
    note_starts();
    for (const Call& call : calls_) {
      if (call.plan.start <= Duration::zero() && !call.recording.connected) return false;
    }
    return true;
  };
  for (Call& call : calls_) {
    if (call.plan.start <= Duration::zero()) launch(call);
  }
  simulation_.run_until(all_began, kPatience);
  begin();
  const Timestamp end_of_all = origin_ + recording_.scenario.duration;
  while (simulation_.now() < end_of_all) {
    simulation_.run_for(std::min<Duration>(std::chrono::milliseconds(20), end_of_all - simulation_.now()));
    note_starts();
  }
  for (Call& call : calls_) end(call);
  collect_queues();
  return std::move(recording_);
}

}  // namespace

Recording run(const Scenario& scenario, CongestionControl control, std::uint64_t seed) {
  return Run(scenario, control, seed).finish();
}

}  // namespace tidewire::simulate
