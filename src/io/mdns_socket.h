// The socket that the resolver and the responder of multicast DNS each have. For the files of src/io only.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tidewire/address.h"
#include "tidewire/bytes.h"
#include "tidewire/result.h"

namespace tidewire::io {

inline constexpr std::size_t kMaxMdnsPacket = 9000;  // RFC 6762 §17

// Where multicast DNS is spoken.
struct MdnsGroup {
  std::uint16_t port = 5353;
  IpAddress address = IpAddress::v4({224, 0, 0, 251});
  // IPv4 addresses of the interfaces that take part; empty means each one that is up, loopback included.
  std::vector<IpAddress> interfaces;
};

// The group with its interfaces looked up when they are empty.
MdnsGroup with_interfaces(MdnsGroup group);
// A non-blocking UDP socket that shares the port with others of this machine and hears the group on its interfaces.
Result<int> open_mdns_socket(const MdnsGroup& group);
// To the group on each interface. A failure on one is silence on it: askers ask again.
void send_mdns(int fd, const MdnsGroup& group, ByteView packet);
// The next packet in the buffer; an empty one is to be ignored. Nothing: no more has arrived.
std::optional<ByteView> receive_mdns(int fd, const MdnsGroup& group, MutableByteView buffer);

}  // namespace tidewire::io
