#include "sim/firewall.h"

#include <algorithm>

namespace tidewire::sim {

FirewallConfig FirewallConfig::answers_only() { return {.unsolicited_udp = false, .unsolicited_tcp = false}; }

FirewallConfig FirewallConfig::without_udp() {
  return {.outbound = std::vector<FirewallRule>{{Protocol::kTcp}}, .unsolicited_udp = false};
}

FirewallConfig FirewallConfig::tcp_outbound_only() {
  return {.outbound = std::vector<FirewallRule>{{Protocol::kTcp}}, .unsolicited_udp = false, .unsolicited_tcp = false};
}

FirewallConfig FirewallConfig::web_only() {
  return {.outbound = std::vector<FirewallRule>{{Protocol::kTcp, {80, 443}}},
          .unsolicited_udp = false,
          .unsolicited_tcp = false};
}

FirewallConfig FirewallConfig::udp_only_to(std::uint16_t port) {
  return {.outbound = std::vector<FirewallRule>{{Protocol::kUdp, {port}}, {Protocol::kTcp}},
          .unsolicited_udp = false,
          .unsolicited_tcp = false};
}

bool Firewall::may_leave(Protocol protocol, std::uint16_t remote_port) const {
  if (!config_.outbound) return true;
  return std::ranges::any_of(*config_.outbound, [&](const FirewallRule& rule) {
    return rule.protocol == protocol &&
           (rule.remote_ports.empty() || std::ranges::count(rule.remote_ports, remote_port) > 0);
  });
}

bool Firewall::pass(const Flow& flow, bool allowed, Timestamp now) {
  const auto found = flows_.find(flow);
  const bool known = found != flows_.end() && now - found->second <= config_.timeout;
  if (!known && !allowed) {
    if (found != flows_.end()) flows_.erase(found);
    return false;
  }
  flows_[flow] = now;
  return true;
}

bool Firewall::lets_out(Protocol protocol, const SocketAddress& local, const SocketAddress& remote, Timestamp now) {
  return is_open() || pass({protocol, local, remote}, may_leave(protocol, remote.port), now);
}

bool Firewall::lets_in(Protocol protocol, const SocketAddress& local, const SocketAddress& remote, Timestamp now) {
  const bool allowed = protocol == Protocol::kUdp ? config_.unsolicited_udp : config_.unsolicited_tcp;
  return is_open() || pass({protocol, local, remote}, allowed, now);
}

}  // namespace tidewire::sim
