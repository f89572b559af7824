// Conversion between SocketAddress and the system's sockaddr. For the files of src/io.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "tidewire/address.h"
#include "tidewire/bytes.h"

namespace tidewire::io {

// A sockaddr with room for either family.
union SystemAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// Fills `system` and gives its length.
socklen_t to_system(const SocketAddress& address, SystemAddress& system);
// 0.0.0.0:0 for any other family.
SocketAddress from_system(const SystemAddress& system);

// What errno stands for, as in "Address already in use".
std::string system_message(int error);

}  // namespace tidewire::io
