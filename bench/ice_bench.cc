// How long people wait for a path, in the simulated network. The column Time is virtual: the same on every machine.
//
// Each peer is 25 ms from the core, so that 50 ms lie between the two, by a server in the core or not: a round trip
// takes 100 ms. Servers are known, and gathering has ended, before Alice calls.
#include <benchmark/benchmark.h>

#include "places.h"

namespace {

using namespace tidewire;
using namespace tidewire::scenario;

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
double in_ms(Duration duration) { return 1000 * in_seconds(duration); }

CallOptions call_options(SideOptions alice, SideOptions bob) {
  return {.link = {.delay = 25ms},
          .signaling_delay = 50ms,
          .alice = std::move(alice),
          .bob = std::move(bob),
          .stun_server = true};
}

SideOptions at_home(std::string_view external) { return behind(home_nat(external)); }
SideOptions without_direct_path(std::string_view external) { return behind(symmetric_nat(external)); }

// Alice may use relayed paths only: it is the relay's own delay that is measured.
SideOptions relay_only(TurnTransport transport) {
  return {.peer = {.turn_servers = {RelayServer::at("192.0.2.1", transport)}, .policy = IceTransportPolicy::kRelay}};
}

SideOptions with_relay(std::string_view external, TurnTransport transport) {
  return behind(symmetric_nat(external), {.turn_servers = {RelayServer::at("192.0.2.1", transport)}});
}

// From the answer's arrival at Alice to her first pair that works; and what follows.
void connect(benchmark::State& state, const CallOptions& options) {
  for (auto _ : state) {
    SimulatedCall call(options);
    call.simulation.run_for(1s);
    call.click();
    const bool done = call.run_until(
        [&] { return call.established() && call.alice.moments.first_video && call.bob.moments.first_video; });
    if (!done) return state.SkipWithError("not connected");
    const Timestamp answered = *call.answered;
    state.SetIterationTime(in_seconds(*call.alice.moments.ice_connected - answered));
    state.counters["bob_ms"] = in_ms(*call.bob.moments.ice_connected - answered);
    state.counters["dtls_ms"] = in_ms(std::max(*call.alice.moments.connected, *call.bob.moments.connected) - answered);
    state.counters["video_ms"] =
        in_ms(std::max(*call.alice.moments.first_video, *call.bob.moments.first_video) - answered);
    state.SetLabel(call.alice.path());
  }
}

// From a change of the network, in mid-call, to pictures that were made after it on both sides.
template <typename Change>
void recover(benchmark::State& state, const CallOptions& options, Change change) {
  for (auto _ : state) {
    SimulatedCall call(options);
    call.click();
    if (!call.run_until_established()) return state.SkipWithError("not connected");
    call.simulation.run_for(10s);
    change(call);
    const Timestamp changed = call.now();
    // What is still on its way arrives.
    call.simulation.run_for(60ms);
    const std::uint64_t alice = call.alice.video_frames_received;
    const std::uint64_t bob = call.bob.video_frames_received;
    const auto flows = [&] { return call.alice.video_frames_received > alice && call.bob.video_frames_received > bob; };
    if (!call.run_until(flows, 60s)) return state.SkipWithError("no media any more");
    state.SetIterationTime(in_seconds(call.now() - changed));
    state.SetLabel(call.alice.path());
  }
}

sim::InterfaceConfig other_interface() {
  return {.name = "cellular",
          .addresses = {ip("198.51.100.77")},
          .up = {.delay = 25ms},
          .down = {.delay = 25ms},
          .nat = {}};
}

SideOptions with_second_interface() { return {.more_interfaces = {other_interface()}}; }

void lose_interface(SimulatedCall& call) { call.simulation.take_down(call.alice_host, 0); }

// It is measured from when the new one is there.
void replace_interface(SimulatedCall& call) {
  call.simulation.take_down(call.alice_host, 0);
  call.simulation.run_for(500ms);
  call.simulation.add_interface(call.alice_host, other_interface());
}

void forget_mappings(SimulatedCall& call) { call.simulation.network().nat(*call.alice_nat).rebind(); }

constexpr std::string_view kAlice = "203.0.113.1";
constexpr std::string_view kBob = "203.0.113.2";

const int kRegistered = [] {
  const auto add = [](const char* name, auto run) {
    benchmark::RegisterBenchmark(name, run)->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);
  };
  const auto add_connect = [&](const char* name, const CallOptions& options) {
    add(name, [options](benchmark::State& state) { connect(state, options); });
  };
  const auto add_recover = [&](const char* name, const CallOptions& options, auto change) {
    add(name, [options, change](benchmark::State& state) { recover(state, options, change); });
  };
  add_connect("Ice/Connect/Host", call_options({}, {}));
  add_connect("Ice/Connect/ServerReflexive", call_options(at_home(kAlice), at_home(kBob)));
  add_connect("Ice/Connect/PeerReflexive", call_options(without_direct_path(kAlice), {}));
  add_connect("Ice/Connect/RelayUdp", call_options(relay_only(TurnTransport::kUdp), at_home(kBob)));
  add_connect("Ice/Connect/RelayTcp", call_options(relay_only(TurnTransport::kTcp), at_home(kBob)));
  add_connect("Ice/Connect/RelayTls", call_options(relay_only(TurnTransport::kTls), at_home(kBob)));
  add_connect("Ice/Connect/RelayOfCallee", call_options(at_home(kAlice), relay_only(TurnTransport::kUdp)));
  add_connect("Ice/Connect/RelayOfBoth",
              call_options(relay_only(TurnTransport::kUdp), relay_only(TurnTransport::kUdp)));
  // A symmetric NAT on the other side lets the relay in where that side has sent to it, and that only: what it sent
  // before the caller knew of it met no permission, and has to be sent again.
  add_connect("Ice/Connect/SymmetricRelayOfCaller",
              call_options(with_relay(kAlice, TurnTransport::kUdp), without_direct_path(kBob)));
  add_connect("Ice/Connect/SymmetricRelayOfCallee",
              call_options(without_direct_path(kAlice), with_relay(kBob, TurnTransport::kUdp)));
  add_connect("Ice/Connect/SymmetricRelayOfBoth",
              call_options(with_relay(kAlice, TurnTransport::kUdp), with_relay(kBob, TurnTransport::kUdp)));
  add_recover("Ice/Recover/SecondInterface", call_options(with_second_interface(), {}), lose_interface);
  add_recover("Ice/Recover/SecondInterfaceBobAtHome", call_options(with_second_interface(), at_home(kBob)),
              lose_interface);
  add_recover("Ice/Recover/NewInterface", call_options({}, {}), replace_interface);
  add_recover("Ice/Recover/NewInterfaceBobAtHome", call_options({}, at_home(kBob)), replace_interface);
  add_recover("Ice/Recover/NatForgets", call_options(at_home(kAlice), {}), forget_mappings);
  add_recover("Ice/Recover/NatForgetsBobAtHome", call_options(at_home(kAlice), at_home(kBob)), forget_mappings);
  add_recover("Ice/Recover/NatForgetsBeforeTheRelay",
              call_options(with_relay(kAlice, TurnTransport::kUdp), without_direct_path(kBob)), forget_mappings);
  return 0;
}();

}  // namespace
