// The network interfaces of this machine, and which of their addresses are worth an ICE host candidate.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tidewire/address.h"
#include "tidewire/result.h"

namespace tidewire::io {

enum class InterfaceKind {
  kPhysical,  // wired or wireless, and everything that is none of the following
  kTunnel,    // VPNs: tun, tap, WireGuard, point-to-point links
  kBridge,    // bridges and virtual pairs of containers and virtual machines
  kLoopback,
};

struct NetworkInterface {
  std::string name;
  std::uint32_t index = 0;
  InterfaceKind kind = InterfaceKind::kPhysical;
  bool up = false;         // administratively up with a carrier
  bool multicast = false;  // can send to a multicast group
  std::vector<IpAddress> addresses;
};

// In the system's order, interfaces without addresses included.
Result<std::vector<NetworkInterface>> list_interfaces();

// The largest packet that an interface sends, in bytes; nothing when there is no such interface.
std::optional<std::uint32_t> interface_mtu(const std::string& name);

struct HostAddress {
  IpAddress ip;
  std::string interface_name;
  InterfaceKind kind = InterfaceKind::kPhysical;
};

// Which addresses to gather host candidates on, best first: physical interfaces, then tunnels, then bridges.
// RFC 8445 §5.1.1.1: loopback addresses are left out, unless `include_loopback` asks for them or there is no
// other address at all. IPv6 link-local addresses are left out: a browser's candidates carry no scope.
std::vector<HostAddress> ice_host_addresses(std::span<const NetworkInterface> interfaces, bool include_loopback);

}  // namespace tidewire::io
