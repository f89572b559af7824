#include "io/mdns_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "io/interfaces.h"
#include "io/socket_address.h"

namespace tidewire::io {
namespace {

std::vector<IpAddress> multicast_interfaces() {
  std::vector<IpAddress> addresses;
  const auto interfaces = list_interfaces();
  if (!interfaces) return addresses;
  for (const NetworkInterface& interface : *interfaces) {
    const bool usable = interface.up && (interface.multicast || interface.kind == InterfaceKind::kLoopback);
    const auto first_v4 = std::find_if(interface.addresses.begin(), interface.addresses.end(),
                                       [](const IpAddress& ip) { return ip.is_v4(); });
    if (usable && first_v4 != interface.addresses.end()) addresses.push_back(*first_v4);
  }
  return addresses;
}

in_addr to_in_addr(const IpAddress& ip) {
  in_addr system{};
  std::memcpy(&system, ip.bytes().data(), sizeof system);
  return system;
}

}  // namespace

MdnsGroup with_interfaces(MdnsGroup group) {
  if (group.interfaces.empty()) group.interfaces = multicast_interfaces();
  return group;
}

Result<int> open_mdns_socket(const MdnsGroup& group) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error{ErrorCode::kNetwork, "cannot open the mDNS socket: " + system_message(errno)};
  const int yes = 1;
  const int no = 0;
  const int ttl = 255;
  // RFC 6762 §15.1: the port is shared by all resolvers and responders of the machine.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &no, sizeof no);
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl);  // RFC 6762 §11
  SystemAddress any;
  const socklen_t length = to_system({IpAddress(), group.port}, any);
  if (::bind(fd, &any.any, length) != 0) {
    Error error{ErrorCode::kNetwork,
                "cannot bind UDP port " + std::to_string(group.port) + " for mDNS: " + system_message(errno)};
    ::close(fd);
    return error;
  }
  for (const IpAddress& interface : group.interfaces) {
    ip_mreq membership{to_in_addr(group.address), to_in_addr(interface)};
    setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership);
  }
  return fd;
}

void send_mdns(int fd, const MdnsGroup& group, ByteView packet) {
  SystemAddress to;
  const socklen_t length = to_system({group.address, group.port}, to);
  for (const IpAddress& interface : group.interfaces) {
    const in_addr out = to_in_addr(interface);
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out);
    static_cast<void>(sendto(fd, packet.data(), packet.size(), MSG_DONTWAIT, &to.any, length));
  }
}

std::optional<ByteView> receive_mdns(int fd, const MdnsGroup& group, MutableByteView buffer) {
  SystemAddress from{};
  socklen_t size = sizeof from;
  const ssize_t n = recvfrom(fd, buffer.data(), buffer.size(), MSG_DONTWAIT, &from.any, &size);
  if (n < 0 && errno == EAGAIN) return std::nullopt;
  // RFC 6762 §6: responses from another port than 5353 are ignored.
  // DEVIATES RFC 6762 §6.7 because queries from another port come from simple resolvers, which no ICE agent is.
  if (n <= 0 || from_system(from).port != group.port) return ByteView{};
  return ByteView{buffer.data(), static_cast<std::size_t>(n)};
}

}  // namespace tidewire::io
