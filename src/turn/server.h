// A STUN and TURN server without sockets (RFC 8489, RFC 8656, RFC 6062, RFC 5780): what a client sends goes in, what
// leaves the listening and the relayed ports comes out.
//
// The files: server_forward.cc takes in and carries data; server.cc takes messages; server_auth.cc asks who it is;
// server_answer.cc writes answers; server_binding.cc, server_allocate.cc, server_refresh.cc and server_permissions.cc
// answer requests; server_tcp.cc connects peers over TCP; server_relays.cc opens and closes ports and tells of
// allocations; server_configure.cc checks and changes the configuration.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bounded_queue.h"
#include "base/machine.h"
#include "crypto/random.h"
#include "stun/builder.h"
#include "stun/message.h"
#include "tidewire/datagram.h"
#include "tidewire/time.h"
#include "turn/allocation_table.h"
#include "turn/answer_limiter.h"
#include "turn/credentials.h"
#include "turn/forwarding.h"
#include "turn/ledger.h"
#include "turn/nonce.h"
#include "turn/peer_policy.h"
#include "turn/server_config.h"
#include "turn/server_events.h"
#include "turn/server_stats.h"
#include "turn/server_tcp_connections.h"

namespace tidewire::turn {

class Server {
 public:
  static constexpr std::size_t kMaxQueuedDatagrams = 4096;
  static constexpr std::size_t kMaxQueuedLogEvents = 1024;  // of AllocationMade and AllocationEnded
  static constexpr int kMaxPortAttempts = 4;                // how many ports that do not open are tried for one client

  // `wall` dates time-limited credentials. The pool must outlive the server.
  Server(const ServerConfig& config, crypto::Random random, const WallClockAnchor& wall, PacketPool& pool);
  // One of several that share quotas, ports and reservations. A client's datagrams must always come to the same one,
  // and those to a relayed port to the one that asked for it. The ledger, of the same configuration, must outlive it.
  Server(const ServerConfig& config, crypto::Random random, const WallClockAnchor& wall, PacketPool& pool,
         Ledger& ledger);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // What came in on a listening socket or connection (one message each, without the framing of streams), or on a
  // relayed port.
  void handle_input(Datagram datagram, Timestamp now);
  // The same for an owner whose bytes lie in buffers of its own. True: `bytes`, which stay the owner's, are data to be
  // sent at once as `out` says, and do not come out of poll_transmit(). False: they were a request, whose answer does,
  // or worth nothing; then `out` means nothing. Takes no memory for data.
  [[nodiscard]] bool forward(const SocketAddress& local, const SocketAddress& remote, StreamId stream, ByteView bytes,
                             Timestamp now, Forwarding& out);
  // A client's connection has ended, and its allocation with it (RFC 8656 §3.1).
  void stream_closed(const SocketAddress& local, const SocketAddress& remote, StreamId stream, Timestamp now);
  // The answer to OpenRelay and OpenTcpRelay.
  void relay_opened(const SocketAddress& address, Timestamp now);
  void relay_failed(const SocketAddress& address, Timestamp now);
  // The answer to ConnectPeer.
  void peer_connected(ConnectionId id, Timestamp now);
  void peer_connect_failed(ConnectionId id, Timestamp now);
  // Who connected to a relayed port. Nothing: the connection is to be closed.
  std::optional<ConnectionId> peer_accepted(const SocketAddress& relay, const SocketAddress& remote, Timestamp now);
  // Bytes that were taken from spliced connections, and go on to the other one. Tells when to take more: at once, or
  // later, where there are more than ServerConfig::max_bytes_per_second.
  struct SplicedBytes {
    std::size_t to_peer = 0;
    std::size_t to_client = 0;
  };
  Timestamp spliced(ConnectionId id, const SplicedBytes& bytes, Timestamp now);
  // The peer's connection has ended, or the client's that it was spliced with.
  void peer_closed(ConnectionId id, Timestamp now);
  // From now on, another configuration: users, secrets, realm, quotas, lifetimes, rates, and whom it relays to. What is
  // allocated lives on with the credentials that it was made with, until they end or, with end_with_credentials, are
  // refused; but permissions and channels of peers that are no longer allowed end at once. What cannot change (the
  // addresses and the ports) or is wrong is an error that names it, and nothing has changed.
  Result<> reconfigure(const ServerConfig& config);
  // True: who has no allocation gets none (508). Everything else goes on.
  void set_draining(bool draining) { draining_ = draining; }
  // The system's clock was set.
  void set_wall_clock(const WallClockAnchor& wall) { wall_ = wall; }
  // Whether this client has one and has been told of it: then it has proven who it is.
  bool has_allocation(const SocketAddress& local, const SocketAddress& remote, StreamId stream, Timestamp now) {
    return established({remote, local, stream}, now) != nullptr;
  }

  void handle_timeout(Timestamp now);
  // To a client (local is the listening address that it spoke to), or to a peer (local is a relayed address).
  std::optional<Datagram> poll_transmit() { return transmit_.pop(); }
  std::optional<ServerEvent> poll_event();
  Timestamp next_timeout() const;

  ServerStats stats() const;

 private:
  Server(const ServerConfig& config, crypto::Random random, const WallClockAnchor& wall, PacketPool& pool,
         Ledger* shared);

  // A request on its way through the server.
  struct Request {
    stun::MessageView message;
    ReplyTo reply;
    Timestamp now{};
    std::string_view username{};  // of an authenticated one
  };
  // What an Allocate request asks for.
  struct Wanted {
    std::array<bool, 2> families{};
    bool both = false;  // one of them will do
    bool tcp = false;
    PortSet::Want port = PortSet::Want::kAny;
    std::optional<std::uint64_t> token;
  };

  // server.cc
  bool message(const FiveTuple& client, ByteView bytes, Timestamp now, Forwarding& out);
  bool is_from_relay(const FiveTuple& client) const;
  bool count_request(stun::Method method);
  void handle_request(const Request& request);
  const std::optional<IpAddress>& relay_ip(Family family) const {
    return family == Family::kV4 ? config_.relay_v4 : config_.relay_v6;
  }
  // What clients are told instead; nothing where it is the same.
  const std::optional<IpAddress>& advertised_ip(Family family) const {
    return advertised_[static_cast<std::size_t>(family)];
  }
  // A relayed port as clients of a server behind a NAT name it.
  bool is_advertised_relay(const SocketAddress& peer) const {
    const Family family = family_of(peer.ip);
    const auto& advertised = advertised_ip(family);
    return advertised && same(*advertised, peer.ip) && owners_[static_cast<std::size_t>(family)].in_range(peer.port);
  }
  PortOwners& owners(Family family) { return owners_[static_cast<std::size_t>(family)]; }
  // Also a port of the range that nobody has: what comes late to it is no client's. The port is looked at first: no
  // listening one lies within the range.
  bool is_relay(const SocketAddress& address) const {
    const Family family = family_of(address.ip);
    if (!owners_[static_cast<std::size_t>(family)].in_range(address.port)) return false;
    const auto& ip = relay_ip(family);
    return ip && same(*ip, address.ip);
  }
  // The client's allocation, if it has been told of it.
  Allocation* established(const FiveTuple& client, Timestamp now) {
    Allocation* allocation = allocations_.find(client);
    return allocation != nullptr && allocation->lives(now) ? allocation : nullptr;
  }

  // server_configure.cc
  static std::uint64_t cost_per_byte(const ServerConfig& config);

  // server_auth.cc
  bool authenticate(Request& request);
  std::optional<PasswordAlgorithm> algorithm_of(const stun::MessageView& message) const;
  bool verify(Request& request, PasswordAlgorithm algorithm);
  const Allocation* allocation_of(const Request& request);
  bool is_fresh(std::string_view nonce, const Request& request);
  // Errors to those who are not authenticated: few, and never much longer than what was sent.
  bool may_answer_stranger(const Request& request);
  void challenge(const Request& request, stun::ErrorNumber code);
  void refuse_stranger(const Request& request, stun::ErrorNumber code);

  // server_answer.cc
  // Ends, signs and queues an answer.
  void send(Packet& packet, stun::MessageBuilder& builder, const ReplyTo& reply);
  void send_error(const ReplyTo& reply, stun::ErrorNumber code);
  std::vector<stun::AttributeType> unknown_attributes(const stun::MessageView& message) const;
  bool refuse_unknown_attributes(const Request& request);
  void send_unknown(const ReplyTo& reply, std::span<const stun::AttributeType> types);
  void transmit(Datagram datagram);

  // server_binding.cc
  void handle_binding(const Request& request);
  bool is_discovery_socket(const SocketAddress& address) const;
  SocketAddress other_address(const SocketAddress& one) const;

  // server_allocate.cc
  void handle_allocate(const Request& request);
  std::optional<stun::ErrorNumber> read_allocate(const Request& request, Wanted& wanted) const;
  std::optional<stun::ErrorNumber> read_families(const stun::MessageView& message, Wanted& wanted) const;
  Duration granted_lifetime(const stun::MessageView& message) const;
  std::optional<stun::ErrorNumber> take_ports(const Request& request, const Wanted& wanted, Allocation& allocation);
  void answer_allocate(const Allocation& allocation);

  // server_relays.cc
  void open_relays(Allocation& allocation);
  Allocation* awaiting(const SocketAddress& address);
  void free_port(Family family, std::uint16_t port);
  bool try_another_port(Allocation& allocation, Family family);
  void settle(Allocation& allocation);
  void close_relay(Allocation& allocation, Family family);
  void remove(Allocation& allocation, EndReason reason, Timestamp now);
  void log(LogEvent event);
  // The relayed addresses that the client was told of, as OpenRelay names them.
  std::array<SocketAddress, 2> relays_of(const Allocation& allocation) const;

  // server_refresh.cc
  void handle_refresh(const Request& request, Allocation& allocation);
  void answer_refresh(const ReplyTo& reply, Duration lifetime);

  // server_permissions.cc
  std::optional<stun::ErrorNumber> check_peer(const Allocation& allocation, const SocketAddress& peer) const;
  void handle_create_permission(const Request& request, Allocation& allocation);
  void handle_channel_bind(const Request& request, Allocation& allocation);

  // server_tcp.cc
  std::optional<stun::ErrorNumber> read_tcp_allocate(const Request& request, Wanted& wanted) const;
  bool has_room_for_connection(const Allocation& allocation) const;
  std::optional<stun::ErrorNumber> check_connect(const Allocation& allocation, const SocketAddress& peer);
  void handle_connect(const Request& request, Allocation& allocation);
  TcpConnection* to_be_bound(const stun::MessageView& message);
  void handle_connection_bind(const Request& request);
  void close_connection(const TcpConnection& connection);
  template <typename Predicate>
  void close_connections(Allocation& allocation, Predicate is_to_go);
  void close_connections(Allocation& allocation, Family family);
  void close_forbidden_connections(Allocation& allocation);
  void expire_connections(Timestamp now);
  void say(ConnectionEvent event);

  // server_forward.cc
  bool channel_data(const FiveTuple& client, ByteView bytes, Timestamp now, Forwarding& out);
  bool send_indication(const FiveTuple& client, const stun::MessageView& message, Timestamp now, Forwarding& out);
  bool to_peer(Allocation& allocation, const SocketAddress& peer, Timestamp now, Forwarding& out);
  bool from_peer(const SocketAddress& local, const SocketAddress& remote, ByteView bytes, Timestamp now,
                 Forwarding& out);
  stun::TransactionId next_data_id();
  static constexpr Duration kRateBurst = std::chrono::seconds(1);
  Duration cost_of(std::size_t size) const { return Duration((cost_per_byte_ * size) >> 16); }
  bool over_rate(Allocation& allocation, std::size_t size, Timestamp now);
  bool drop_from_client();  // false
  bool drop_from_peer();    // false

  ServerConfig config_;
  crypto::Random random_;
  WallClockAnchor wall_;
  PacketPool& pool_;
  PeerPolicy policy_;
  Credentials credentials_;
  NonceMint nonces_;
  AnswerLimiter limiter_;
  std::uint64_t data_id_;
  AllocationTable allocations_;
  TcpConnections connections_;
  std::array<PortOwners, 2> owners_;
  std::array<std::optional<IpAddress>, 2> advertised_;
  std::optional<Ledger> own_ledger_;  // when none is shared
  Ledger& ledger_;
  Timestamp reservation_expires_ = kNever;  // when to look for ports that were set aside for too long
  BoundedQueue<Datagram> transmit_{kMaxQueuedDatagrams};
  // Each port has at most one of each kind in it, because it is not free before its CloseRelay has left.
  BoundedQueue<RelayEvent> events_;
  BoundedQueue<ConnectionEvent> connection_events_{3 * TcpConnections::kMaxConnections};
  BoundedQueue<LogEvent> log_{kMaxQueuedLogEvents};
  std::uint64_t cost_per_byte_;  // see over_rate()
  bool draining_ = false;
  ServerStats stats_;
};

static_assert(Machine<Server>);

}  // namespace tidewire::turn
