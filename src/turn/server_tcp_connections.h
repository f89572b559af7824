// The connections between a TURN server and the peers of its TCP allocations (RFC 6062), by CONNECTION-ID and by when
// they are given up.
#pragma once

#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "crypto/random.h"
#include "turn/allocation.h"

namespace tidewire::turn {

struct TcpConnection {
  enum class State : std::uint8_t {
    kConnecting,  // Connect is not answered yet
    kPending,     // waits for ConnectionBind
    kBound,       // carries data
  };

  ConnectionId id;
  Allocation* allocation = nullptr;
  SocketAddress peer;  // as the client names it
  State state{};
  Timestamp deadline = kNever;  // unless it is bound
  ReplyTo connect;              // while connecting
};

class TcpConnections {
 public:
  // Of all allocations together, and of one.
  static constexpr std::size_t kMaxConnections = 16'384;
  static constexpr std::size_t kMaxPerAllocation = 64;
  // RFC 6062 §5.2: at least, for the attempt to connect; §5.2, §5.3: for the ConnectionBind after it.
  static constexpr Duration kTimeout = std::chrono::seconds(30);

  std::size_t size() const { return connections_.size(); }
  TcpConnection* find(ConnectionId id) {
    const auto found = connections_.find(id);
    return found != connections_.end() ? &found->second : nullptr;
  }
  TcpConnection* find(const Allocation& allocation, const SocketAddress& peer);
  bool has_room(const Allocation& allocation) const {
    return allocation.connections.size() < kMaxPerAllocation && size() < kMaxConnections;
  }

  // With an id that nobody can guess. It must have room.
  TcpConnection& add(Allocation& allocation, const SocketAddress& peer, TcpConnection::State state,
                     crypto::Random& random, Timestamp now);
  void set_state(TcpConnection& connection, TcpConnection::State state, Timestamp now);
  void erase(ConnectionId id);

  Timestamp next_deadline() const { return deadlines_.empty() ? kNever : deadlines_.begin()->first; }
  TcpConnection* first_to_expire() { return deadlines_.empty() ? nullptr : find(deadlines_.begin()->second); }

 private:
  std::unordered_map<ConnectionId, TcpConnection> connections_;
  std::set<std::pair<Timestamp, ConnectionId>> deadlines_;
};

}  // namespace tidewire::turn
