// Where the people of the stories live.
#pragma once

#include "simulated_call.h"

namespace tidewire::scenario {

inline IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

// A NAT that keeps one mapping and lets in only whom it has been asked for: most home routers.
inline sim::NatConfig home_nat(std::string_view external) { return {.external = ip(external)}; }

// Another mapping for every remote address: only a relay joins two of these.
inline sim::NatConfig symmetric_nat(std::string_view external) {
  return {.mapping = sim::NatBehaviour::kAddressAndPortDependent,
          .filtering = sim::NatBehaviour::kAddressAndPortDependent,
          .external = ip(external)};
}

inline SideOptions behind(const sim::NatConfig& nat, PeerOptions peer = {}) {
  return {.nats = {nat}, .peer = std::move(peer)};
}

inline SideOptions behind(const sim::FirewallConfig& firewall, PeerOptions peer = {}) {
  return {.firewall = firewall, .peer = std::move(peer)};
}

// Both behind symmetric NATs: no direct path. Alice is told of these servers.
inline CallOptions only_a_relay_helps(std::vector<TurnServer> alices) {
  return {.media = false,
          .alice = behind(symmetric_nat("203.0.113.1"), {.turn_servers = std::move(alices)}),
          .bob = behind(symmetric_nat("203.0.113.2")),
          .stun_server = true};
}

}  // namespace tidewire::scenario
