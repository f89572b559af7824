// What a UdpPort consists of: the same port on each address.
#pragma once

#include <map>

#include "io/shared_udp_port.h"
#include "tidewire/udp_port.h"

namespace tidewire {

struct UdpPort::Impl {
  std::map<IpAddress, io::SharedUdpPort> ports;

  // Null when the port is not open there.
  io::SharedUdpPort* find(const IpAddress& ip) {
    const auto found = ports.find(ip);
    return found == ports.end() ? nullptr : &found->second;
  }
};

}  // namespace tidewire
