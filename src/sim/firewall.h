// A stateful firewall: what may leave, and what may come in unasked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "tidewire/address.h"
#include "tidewire/time.h"

namespace tidewire::sim {

enum class Protocol : std::uint8_t { kUdp, kTcp };

struct FirewallRule {
  Protocol protocol = Protocol::kUdp;
  std::vector<std::uint16_t> remote_ports{};  // none: every port
};

// What is not let through vanishes without a word. Answers to what was let through come back in either direction.
struct FirewallConfig {
  // What may leave, by any of the rules; nothing set: everything.
  std::optional<std::vector<FirewallRule>> outbound{};
  // Whether what nobody inside asked for may come in.
  bool unsolicited_udp = true;
  bool unsolicited_tcp = true;
  // An idle flow is forgotten after this.
  Duration timeout = std::chrono::minutes(2);

  static FirewallConfig open() { return {}; }
  // What a home router does with IPv6 (RFC 6092): everything leaves, only answers come in.
  static FirewallConfig answers_only();
  // No UDP in any direction; TCP is free.
  static FirewallConfig without_udp();
  static FirewallConfig tcp_outbound_only();
  // TCP to ports 80 and 443.
  static FirewallConfig web_only();
  // UDP to that one port, and TCP; only answers come in.
  static FirewallConfig udp_only_to(std::uint16_t port);
};

class Firewall {
 public:
  explicit Firewall(const FirewallConfig& config) : config_(config) {}

  // May be changed at any time. Flows that are known stay.
  FirewallConfig& config() { return config_; }

  // `local` is the inside, as it is called on the firewall's inner side.
  bool lets_out(Protocol protocol, const SocketAddress& local, const SocketAddress& remote, Timestamp now);
  bool lets_in(Protocol protocol, const SocketAddress& local, const SocketAddress& remote, Timestamp now);
  // Forgets all flows.
  void restart() { flows_.clear(); }

 private:
  using Flow = std::tuple<Protocol, SocketAddress, SocketAddress>;

  bool is_open() const { return !config_.outbound && config_.unsolicited_udp && config_.unsolicited_tcp; }
  bool may_leave(Protocol protocol, std::uint16_t remote_port) const;
  bool pass(const Flow& flow, bool allowed, Timestamp now);

  FirewallConfig config_;
  std::map<Flow, Timestamp> flows_;  // and when each was last used
};

}  // namespace tidewire::sim
