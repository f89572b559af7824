#include "simulated_call.h"

#include <array>
#include <cstdio>

namespace tidewire::scenario {
namespace {

bool has_server(const CallOptions& options) {
  return options.stun_server || options.turn_server || !options.servers.empty();
}

std::string first_server(const CallOptions& options) {
  return std::string(options.servers.empty() ? RelayServerOptions{}.address : options.servers.front().address);
}

// One side learns of STUN servers at once, the other when it has its sockets.
PeerOptions peer_options(PeerOptions peer, const CallOptions& options, bool late) {
  if (options.stun_server) {
    (late ? peer.late_stun_servers : peer.stun_servers).push_back(RelayServer::stun(first_server(options)));
  }
  if (options.turn_server) peer.turn_servers.push_back(RelayServer::at(first_server(options)));
  return peer;
}

}  // namespace

SimulatedCall::SimulatedCall(const CallOptions& options)
    : simulation(options.seed),
      alice("alice", options.seed * 2 + 1, peer_options(options.alice.peer, options, true)),
      bob("bob", options.seed * 2 + 2, peer_options(options.bob.peer, options, false)),
      options_(options) {
  if (has_server(options) && options_.servers.empty()) options_.servers.emplace_back();
  for (const RelayServerOptions& server : options_.servers) {
    servers.push_back(std::make_unique<RelayServer>(simulation, server));
  }
  for (const auto& [name, answer] : options.names) simulation.network().names().add(name, answer);
  std::optional<sim::NatId> carrier;
  if (options.carrier_nat) carrier = simulation.network().add_nat(*options.carrier_nat);
  alice_nat = add_nats(options.alice, carrier);
  bob_nat = add_nats(options.bob, carrier);
  alice_host = add_host(alice, options.alice, alice_nat, "198.51.100.2", "10.0.0.2");
  bob_host = add_host(bob, options.bob, bob_nat, "198.51.100.3", "10.0.1.2");
  alice.start(simulation, alice_host, 5001);
  bob.start(simulation, bob_host, 5002);
  wire(alice, bob);
  wire(bob, alice);
}

SimulatedCall::~SimulatedCall() = default;

std::optional<sim::NatId> SimulatedCall::add_nats(const SideOptions& side, std::optional<sim::NatId> carrier) {
  std::optional<sim::NatId> inner = carrier;
  for (auto nat = side.nats.rbegin(); nat != side.nats.rend(); ++nat) {
    sim::NatConfig config = *nat;
    config.behind = inner;
    inner = simulation.network().add_nat(config);
  }
  return inner;
}

sim::HostId SimulatedCall::add_host(const Peer& peer, const SideOptions& side, std::optional<sim::NatId> nat,
                                    std::string_view public_address, std::string_view private_address) {
  std::vector<IpAddress> addresses = side.addresses;
  if (addresses.empty()) addresses = {*IpAddress::parse(nat ? private_address : public_address)};
  return simulation.network().add_host({.name = peer.name,
                                        .addresses = addresses,
                                        .up = options_.link,
                                        .down = options_.link,
                                        .nat = nat,
                                        .firewall = side.firewall,
                                        .more_interfaces = side.more_interfaces});
}

void SimulatedCall::log(std::string_view what) {
  const double ms = std::chrono::duration<double, std::milli>(now() - clicked).count();
  std::array<char, 120> line{};
  std::snprintf(line.data(), line.size(), "%8.1f ms  %.*s", ms, static_cast<int>(what.size()), what.data());
  timeline.emplace_back(line.data());
}

void SimulatedCall::wire(Peer& from, Peer& to) {
  from.on_candidate = [this, &to](IceCandidateInit candidate) {
    simulation.after(options_.signaling_delay, [this, &to, candidate = std::move(candidate)] {
      // Before the description it belongs to: a signaling channel keeps the order, so it cannot come.
      const auto added = to.session.add_ice_candidate(candidate, now());
      if (!offers_cross) added.value();
    });
  };
}

void SimulatedCall::click() {
  clicked = now();
  if (options_.media) {
    for (Peer* peer : {&alice, &bob}) {
      (void)peer->session.add_track(MediaKind::kAudio).value();
      (void)peer->session.add_track(MediaKind::kVideo).value();
    }
  }
  channel = alice.session.create_data_channel("chat").value();
  renegotiate(alice, bob);
}

void SimulatedCall::renegotiate(Peer& from, Peer& to) {
  from.session.set_local_description(now()).value();
  log(from.name + ": offer created");
  simulation.after(options_.signaling_delay, [this, &from, &to, offer = *from.session.local_description()] {
    log(to.name + ": offer received");
    to.session.set_remote_description(offer, now()).value();
    to.session.set_local_description(now()).value();
    log(to.name + ": answer created");
    simulation.after(options_.signaling_delay, [this, &from, answer = *to.session.local_description()] {
      log(from.name + ": answer received");
      if (!answered) answered = now();
      from.session.set_remote_description(answer, now()).value();
    });
  });
}

bool SimulatedCall::established() const {
  return alice.moments.connected && bob.moments.connected && alice.moments.channel_open && bob.moments.channel_open;
}

bool SimulatedCall::run_until_established(Duration limit) {
  return run_until([this] { return established(); }, limit);
}

bool SimulatedCall::media_flows(Duration limit) {
  const std::uint64_t alice_had = alice.video_frames_received;
  const std::uint64_t bob_had = bob.video_frames_received;
  // More than what may still have been on its way.
  constexpr std::uint64_t kSomeFrames = 10;
  return run_until(
      [&] {
        return alice.video_frames_received > alice_had + kSomeFrames &&
               bob.video_frames_received > bob_had + kSomeFrames;
      },
      limit);
}

std::string SimulatedCall::describe() const {
  std::string text;
  for (const Peer* peer : {&alice, &bob}) {
    text += peer->name + ": " + std::string(to_string(peer->state())) + ", " + peer->path() + ", " + peer->failure;
    for (const IceCandidateError& error : peer->server_errors) {
      text += "\n  " + error.url + " " + std::to_string(error.error_code) + " " + error.error_text;
    }
    for (const std::string& candidate : peer->candidates) text += "\n  " + candidate;
    text += "\n";
  }
  return text;
}

}  // namespace tidewire::scenario
