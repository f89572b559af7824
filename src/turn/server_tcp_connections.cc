#include "turn/server_tcp_connections.h"

#include <algorithm>

namespace tidewire::turn {

TcpConnection* TcpConnections::find(const Allocation& allocation, const SocketAddress& peer) {
  for (const ConnectionId id : allocation.connections) {
    TcpConnection* connection = find(id);
    if (connection != nullptr && same(connection->peer, peer)) return connection;
  }
  return nullptr;
}

TcpConnection& TcpConnections::add(Allocation& allocation, const SocketAddress& peer, TcpConnection::State state,
                                   crypto::Random& random, Timestamp now) {
  ConnectionId id;
  do id = ConnectionId(static_cast<std::uint32_t>(random.u64()));
  while (!id.value() || connections_.contains(id));
  TcpConnection& connection = connections_[id];
  connection.id = id;
  connection.allocation = &allocation;
  connection.peer = peer;
  allocation.connections.push_back(id);
  set_state(connection, state, now);
  return connection;
}

void TcpConnections::set_state(TcpConnection& connection, TcpConnection::State state, Timestamp now) {
  deadlines_.erase({connection.deadline, connection.id});
  connection.state = state;
  connection.deadline = state == TcpConnection::State::kBound ? kNever : now + kTimeout;
  if (connection.deadline != kNever) deadlines_.emplace(connection.deadline, connection.id);
}

void TcpConnections::erase(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  deadlines_.erase({found->second.deadline, id});
  std::erase(found->second.allocation->connections, id);
  connections_.erase(found);
}

}  // namespace tidewire::turn
