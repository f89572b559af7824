// Two sessions, a simulated network between them, a signaling path with a delay of its own, servers, and fake media:
// what the stories of this folder are told with.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "peer.h"
#include "relay_server.h"
#include "sim/simulation.h"

namespace tidewire::scenario {

// Where one side lives, and what it is told.
struct SideOptions {
  // The NATs that it lives behind, the innermost first.
  std::vector<sim::NatConfig> nats{};
  // Of its first interface; none: a public IPv4 address, or a private one behind a NAT.
  std::vector<IpAddress> addresses{};
  sim::FirewallConfig firewall{};
  // Behind the same NATs, unless they say otherwise.
  std::vector<sim::InterfaceConfig> more_interfaces{};
  PeerOptions peer{};
};

struct CallOptions {
  std::uint64_t seed = 1;
  // Of each access link, in both directions.
  sim::LinkConfig link{.delay = 10ms};
  Duration signaling_delay = 20ms;  // one way
  bool media = true;
  SideOptions alice{};
  SideOptions bob{};
  // A NAT that both sides live behind, with whatever other NATs they have.
  std::optional<sim::NatConfig> carrier_nat{};
  // Both ask the first server for their server-reflexive addresses.
  bool stun_server = false;
  // Both may relay through it, over UDP.
  bool turn_server = false;
  // When there are none and one of the above is set, there is one.
  std::vector<RelayServerOptions> servers{};
  // What the domain name system knows.
  std::vector<std::pair<std::string, sim::Names::Answer>> names{};
};

// Alice calls Bob. Bob answers when the offer has come; candidates trickle.
class SimulatedCall {
 public:
  explicit SimulatedCall(const CallOptions& options = {});
  ~SimulatedCall();

  // Alice clicks: from now on everything goes by itself.
  void click();
  // Both sides are connected, and the channel is open on both.
  bool established() const;
  bool run_until_established(Duration limit = 20s);
  bool run_until(const std::function<bool()>& done, Duration limit = 20s) { return simulation.run_until(done, limit); }
  // Whether pictures arrive on both sides within `limit` that were not there before.
  bool media_flows(Duration limit);
  Timestamp now() const { return simulation.now(); }
  // Sends an offer of `from` and lets the other side answer.
  void renegotiate(Peer& from, Peer& to);
  // What has gone wrong, for a failed expectation.
  std::string describe() const;

  sim::Simulation simulation;
  Peer alice;
  Peer bob;
  sim::HostId alice_host = 0;
  sim::HostId bob_host = 0;
  // The innermost one of each side.
  std::optional<sim::NatId> alice_nat;
  std::optional<sim::NatId> bob_nat;
  std::vector<std::unique_ptr<RelayServer>> servers;
  ChannelId channel;
  Timestamp clicked{};
  std::optional<Timestamp> answered;  // the first answer came to Alice
  std::vector<std::string> timeline;
  // Candidates of an offer that was ignored have nowhere to go, as in perfect negotiation.
  bool offers_cross = false;

 private:
  std::optional<sim::NatId> add_nats(const SideOptions& side, std::optional<sim::NatId> carrier);
  sim::HostId add_host(const Peer& peer, const SideOptions& side, std::optional<sim::NatId> nat,
                       std::string_view public_address, std::string_view private_address);
  void wire(Peer& from, Peer& to);
  void log(std::string_view what);

  CallOptions options_;
};

}  // namespace tidewire::scenario
