#include "io/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

#include "io/socket_address.h"

namespace tidewire::io {
namespace {

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

InterfaceKind kind_of(const std::string& name, unsigned flags) {
  if ((flags & IFF_LOOPBACK) != 0) return InterfaceKind::kLoopback;
  // Linux tells bridges and TUN/TAP apart in sysfs; virtual pairs and WireGuard are known by their names.
  const std::string sys = "/sys/class/net/" + name;
  if (exists(sys + "/bridge")) return InterfaceKind::kBridge;
  if (exists(sys + "/tun_flags") || (flags & IFF_POINTOPOINT) != 0) return InterfaceKind::kTunnel;
  constexpr std::array<std::string_view, 6> kBridges = {"docker", "br-", "virbr", "veth", "cni", "lxc"};
  constexpr std::array<std::string_view, 6> kTunnels = {"wg", "tun", "tap", "tailscale", "zt", "ppp"};
  const auto starts = [&](std::string_view prefix) { return name.starts_with(prefix); };
  if (std::any_of(kBridges.begin(), kBridges.end(), starts)) return InterfaceKind::kBridge;
  if (std::any_of(kTunnels.begin(), kTunnels.end(), starts)) return InterfaceKind::kTunnel;
  return InterfaceKind::kPhysical;
}

}  // namespace

Result<std::vector<NetworkInterface>> list_interfaces() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    return Error{ErrorCode::kOperation, "cannot list the network interfaces: " + system_message(errno)};
  }
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
  std::vector<NetworkInterface> interfaces;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    auto found = std::find_if(interfaces.begin(), interfaces.end(),
                              [&](const NetworkInterface& i) { return i.name == entry->ifa_name; });
    if (found == interfaces.end()) {
      NetworkInterface made;
      made.name = entry->ifa_name;
      made.index = if_nametoindex(entry->ifa_name);
      made.kind = kind_of(made.name, entry->ifa_flags);
      made.up = (entry->ifa_flags & IFF_UP) != 0 && (entry->ifa_flags & IFF_RUNNING) != 0;
      made.multicast = (entry->ifa_flags & IFF_MULTICAST) != 0;
      found = interfaces.insert(interfaces.end(), std::move(made));
    }
    if (entry->ifa_addr == nullptr) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    found->addresses.push_back(from_system(*reinterpret_cast<const SystemAddress*>(entry->ifa_addr)).ip);
  }
  return interfaces;
}

std::optional<std::uint32_t> interface_mtu(const std::string& name) {
  ifreq request{};
  if (name.empty() || name.size() >= sizeof request.ifr_name) return std::nullopt;
  std::ranges::copy(name, request.ifr_name);
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::nullopt;
  const bool known = ioctl(fd, SIOCGIFMTU, &request) == 0;
  close(fd);
  return known ? std::optional(static_cast<std::uint32_t>(request.ifr_mtu)) : std::nullopt;
}

std::vector<HostAddress> ice_host_addresses(std::span<const NetworkInterface> interfaces, bool include_loopback) {
  std::vector<HostAddress> usable;
  std::vector<HostAddress> loopback;
  for (const NetworkInterface& interface : interfaces) {
    if (!interface.up) continue;
    for (const IpAddress& ip : interface.addresses) {
      const bool is_loopback = interface.kind == InterfaceKind::kLoopback && ip.is_loopback();
      if (ip.is_unspecified() || ip.is_multicast()) continue;
      if (ip.is_v6() && ip.is_link_local()) continue;
      // An ordinary address may sit on lo as well; it reaches this machine only, but from everywhere in it.
      (is_loopback ? loopback : usable).push_back({ip, interface.name, interface.kind});
    }
  }
  std::stable_sort(usable.begin(), usable.end(),
                   [](const HostAddress& a, const HostAddress& b) { return a.kind < b.kind; });
  if (include_loopback || usable.empty()) usable.insert(usable.end(), loopback.begin(), loopback.end());
  return usable;
}

}  // namespace tidewire::io
