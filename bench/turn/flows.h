// Clients with a way to a peer: allocations of a TURN server, or flows of the plain forwarder.
#pragma once

#include <netinet/in.h>

#include <vector>

#include "session.h"

namespace tidewire::bench {

struct Flow {
  int fd = -1;            // the client's, connected to the server
  sockaddr_in relayed{};  // where the peer sends
};

// Makes one allocation for each element of `peers`, a few at a time.
std::vector<Flow> make_allocations(const Account& account, Goal goal, const std::vector<SocketAddress>& peers);
// The same without TURN (plain_hello.h).
std::vector<Flow> make_plain_flows(const SocketAddress& forwarder, const std::vector<SocketAddress>& peers);

}  // namespace tidewire::bench
