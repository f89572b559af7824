// The relays of a session: for each server and socket a TURN client, and what they have in common.
//
// All servers are asked at once and none is waited for: each allocation becomes a candidate when it stands. A relay
// looks to the ICE agent like a socket of its own: datagrams whose local address is a relayed one go through wrap(),
// and what peers send to it comes out of handle_input().
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crypto/random.h"
#include "tidewire/datagram.h"
#include "tidewire/failure.h"
#include "tidewire/result.h"
#include "tidewire/stream.h"
#include "tidewire/turn_server.h"
#include "turn/client.h"

namespace tidewire::session {

struct RelayFound {
  SocketAddress relayed;
  SocketAddress mapped;  // how the server sees the socket
  SocketAddress socket;  // that the server is reached from; of a stream, its near end
  SocketAddress server;
  bool over_udp = true;
  std::uint16_t preference = 0;
};
struct RelayLost {
  SocketAddress relayed;
};
struct RelayFailed {
  IceCandidateError error;
  turn::Cause cause{};
};
struct StreamWanted {
  StreamRequest request;
};
struct StreamUnwanted {
  StreamId stream;
};
// All servers have answered or were given up.
struct RelaysSettled {};

using RelayEvent = std::variant<RelayFound, RelayLost, RelayFailed, StreamWanted, StreamUnwanted, RelaysSettled>;

class Relays {
 public:
  static constexpr std::size_t kMaxServers = 8;
  // Allocations on one server, over UDP: one for each of so many sockets of a family, the most preferred ones.
  static constexpr std::size_t kMaxSocketsPerServer = 2;
  // Relayed addresses: each client has one, or will, and some have a second one.
  static constexpr std::size_t kMaxRelayed = 24;
  // Peer addresses that future allocations are to permit.
  static constexpr std::size_t kMaxPeers = 128;
  // RFC 8489 §10: a server that sends elsewhere is followed so many times.
  static constexpr int kMaxRedirects = 3;
  // A server that has given no allocation for so long is given up.
  // DEVIATES RFC 8489 §6.2.1 because 39.5 s would hold back the end of gathering, and outlast the search for a path.
  static constexpr Duration kPatience = std::chrono::seconds(10);
  // A relay that carries what we send and brings nothing back is asked whether it still knows us, after this and then
  // at this interval: a NAT may have given us another address.
  static constexpr Duration kSilence = std::chrono::seconds(1);
  static constexpr Duration kProbeInterval = std::chrono::seconds(5);

  Relays(PacketPool& pool, crypto::Random random) : pool_(&pool), random_(std::move(random)) {}

  // A bound UDP socket, asked for allocations on every server that it can reach.
  void add_socket(const SocketAddress& bound, Timestamp now);
  // The socket is gone, and its allocations.
  void remove_socket(const SocketAddress& bound);
  // kOperation when there are too many.
  Result<> add_server(const TurnServer& server, Timestamp now);
  // No more servers and sockets for now: RelaysSettled follows.
  void end_of_servers();
  std::size_t server_count() const { return servers_.size(); }

  // A peer's address has become known: permissions and channels for it are made at once.
  void allow(const SocketAddress& peer, Timestamp now);

  // A relayed address of ours.
  bool owns(const SocketAddress& relayed) const { return by_relayed_.contains(relayed); }
  // The server that holds a relayed address; null when it is none of ours.
  const TurnServer* server_of(const SocketAddress& relayed) const;
  // Towards the peer through the relay whose address is datagram.local. Nothing when the relay cannot carry it.
  std::optional<Datagram> wrap(Datagram datagram, Timestamp now);
  // Whether a datagram is one that a server sent, and so for handle_input().
  bool wants(const Datagram& datagram) const { return find(datagram) != nullptr; }
  // What a peer sent comes back with the relayed address as its local one; the rest is consumed.
  std::optional<Datagram> handle_input(Datagram datagram, Timestamp now);

  // True when this stream is one of ours.
  bool stream_opened(StreamId stream, const SocketAddress& local, Timestamp now);
  bool stream_closed(StreamId stream, const std::string& reason, Timestamp now);

  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const { return next_timeout_; }
  std::optional<Datagram> poll_transmit();
  std::optional<RelayEvent> poll_event();

  // Gives the allocations back.
  void close(Timestamp now);

 private:
  struct Relay {
    TurnServer server;
    SocketAddress socket;                  // UDP: ours
    StreamId stream;                       // else
    std::unique_ptr<turn::Client> client;  // of a stream: once it is open
    std::uint16_t preference = 0;
    int redirects = 0;
    std::optional<SocketAddress> relayed;
    std::optional<SocketAddress> relayed_v6;  // beside one of IPv4
    Timestamp give_up = kNever;               // while there is no allocation
    Timestamp first_unanswered = kNever;      // of what was sent since something last came
    Timestamp probe_again{};
    bool over = false;
  };

  void ask(const TurnServer& server, const SocketAddress& socket, int redirects, Timestamp now);
  void ask_over_stream(const TurnServer& server, int redirects, Timestamp now);
  void start_client(Relay& relay, const SocketAddress& local, Timestamp now);
  std::size_t sockets_asking(const TurnServer& server, bool v4) const;
  bool has_room() const;
  Relay* find(const Datagram& datagram) const;
  Relay* find_stream(StreamId stream);
  void drain(Relay& relay, Timestamp now);
  void allocated(Relay& relay, const turn::event::Allocated& event);
  void add_address(Relay& relay, const SocketAddress& relayed, const SocketAddress& mapped, std::uint16_t preference);
  void remove_address(std::optional<SocketAddress>& relayed);
  void give_up(Relay& relay);
  static void probe_if_silent(Relay& relay, Timestamp now);
  void failed(Relay& relay, const turn::event::Failed& event, Timestamp now);
  void follow(const Relay& relay, const turn::event::Failed& event, Timestamp now);
  void end(Relay& relay);
  void update();

  PacketPool* pool_;
  crypto::Random random_;
  std::vector<TurnServer> servers_;
  std::vector<SocketAddress> sockets_;
  std::vector<std::unique_ptr<Relay>> relays_;
  std::map<SocketAddress, Relay*> by_relayed_;
  // What one client has learnt of a server spares the others a round trip.
  std::map<SocketAddress, turn::KnownRealm> realms_;
  std::deque<SocketAddress> peers_;
  std::deque<RelayEvent> events_;
  std::size_t next_transmit_ = 0;
  std::uint32_t next_stream_ = 2;  // the agent's are odd
  bool has_output_ = false;        // perhaps
  bool servers_ended_ = false;
  bool settled_ = false;
  Timestamp next_timeout_ = kNever;
};

}  // namespace tidewire::session
