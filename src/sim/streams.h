// TCP and TLS connections in virtual time, as pipes of messages.
//
// A simple model of what TCP does to those who use it:
//  - Connecting takes one round trip, and TLS one more (RFC 8446 §2). A connection to where nobody listens is refused
//    after one round trip; a SYN that a firewall, a NAT or a link drops is sent again after 1, 2, 4 … s (RFC 6298 §2)
//    until the caller gives up (kConnectTimeout).
//  - Messages share the links with the datagrams, keep their order and are not lost: what a link drops is sent again
//    after max(200 ms, round trip), twice that the next time, up to a minute; all later messages wait for it. After
//    100 s without success (RFC 9293 §3.8.3) the sender's end closes.
//  - There is no congestion or receive window: the sender is bounded by kMaxQueued messages on their way, beyond which
//    messages are dropped.
//  - A NAT gives a connection a mapping when the SYN passes (RFC 5382). Idle times end none; a NAT that rebooted does
//    not know the connection any more, so that what comes from inside is answered by a reset and what comes from
//    outside vanishes. Simultaneous open (RFC 9293 §3.5) does not exist here.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/delivery.h"
#include "sim/topology.h"
#include "tidewire/stream.h"

namespace tidewire::sim {

class Streams {
 public:
  static constexpr std::uint32_t kFirstAccepted = 0x8000'0000;
  // What Windows, whose stack gives up earliest, takes.
  static constexpr Duration kConnectTimeout = std::chrono::seconds(21);
  static constexpr std::size_t kMaxQueued = 4096;

  explicit Streams(Topology& topology) : topology_(topology) {}

  // From now on the host accepts connections to that address; an unspecified one stands for all of the host's. `name`
  // is whom its certificate is for: TLS fails when another is asked for. None: it suits everybody.
  void listen(HostId host, const SocketAddress& address, bool tls, std::string_view name = {});
  void stop_listening(HostId host, const SocketAddress& address);

  // The outcome is told by StreamOpened or StreamClosed. The ids are the host's own, below kFirstAccepted.
  void open(HostId host, const StreamRequest& request, Timestamp now);
  // What was sent before still arrives. The host that closes hears no more of it.
  void close(HostId host, StreamId stream, Timestamp now);
  // On an open stream; elsewhere it is dropped.
  void send(HostId host, Datagram datagram, Timestamp now);
  // Closes what uses an interface, or one address of it.
  void interface_gone(InterfaceNumber interface, const std::optional<IpAddress>& address);

  // What has reached a host by `now`.
  std::optional<Delivery> receive(Timestamp now);
  // When something moves next.
  Timestamp next() const;
  // Connections that at least one end knows.
  std::size_t size() const { return connections_.size(); }

 private:
  enum class Kind : std::uint8_t { kSyn, kSynAck, kTlsHello, kTlsFinished, kAck, kMessage, kFin };
  struct Listener {
    bool tls = false;
    std::string name{};
  };
  // An end: 0 opened the connection, 1 accepts it. Direction 0 leads from end 0 to end 1.
  using EndIndex = std::size_t;
  struct End {
    HostId host = 0;
    InterfaceNumber interface = 0;
    StreamId id;
    SocketAddress local;
    SocketAddress remote;
    enum class State : std::uint8_t { kConnecting, kOpen, kClosed } state = State::kConnecting;
  };
  struct Item {
    Kind kind;
    Packet packet;
    Timestamp since{};
    int losses = 0;
    bool arrived = false;
  };
  struct Direction {
    std::deque<Item> items{};
    std::uint64_t first = 0;  // the number of the foremost item
  };
  struct Connection {
    std::array<End, 2> ends;
    std::array<Direction, 2> directions;
    Arrival path;
    bool tls = false;
    std::string server_name;
    Listener listener;
  };
  enum class Step : std::uint8_t {
    kLeave,   // goes up the sender's link
    kCross,   // has gone up it, and goes through NATs and down the receiver's link
    kArrive,  // has come down it
    kEnd,     // the end that `direction` starts from learns that it is over
  };
  struct Wake {
    Timestamp at;
    std::uint64_t order;
    std::uint64_t connection;
    EndIndex direction;
    std::uint64_t item;
    Step step;
    StreamCloseReason reason;
    bool operator>(const Wake& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  using Place = std::pair<std::uint64_t, EndIndex>;  // a connection and an end of it

  void wake(Timestamp at, Place from, Step step, std::uint64_t item);
  void end_later(Timestamp at, Place end, StreamCloseReason reason);
  void push(Place from, Kind kind, Packet packet, Timestamp now);
  void advance(const Wake& due);
  void leave(Connection& connection, const Wake& due, Item& item);
  void cross(Connection& connection, const Wake& due, Item& item);
  void arrive(Connection& connection, const Wake& due, Item& item);
  void lose(Connection& connection, const Wake& due, Item& item);
  void take(Connection& connection, Place to, Item item, Timestamp now);
  void take_handshake(Connection& connection, std::uint64_t id, Kind kind, Timestamp now);
  void opened(Connection& connection, std::uint64_t id, Timestamp now);
  void accept(Connection& connection, std::uint64_t id);
  void end(Place place, std::optional<StreamCloseReason> reason);
  static void clear(Direction& direction);
  void forget_if_over(std::uint64_t id);
  std::optional<Listener> listener(HostId host, const SocketAddress& address) const;
  Duration one_way(const Connection& connection, EndIndex from) const;

  Topology& topology_;
  std::map<std::pair<HostId, SocketAddress>, Listener> listeners_;
  std::map<std::uint64_t, Connection> connections_;
  std::map<std::pair<HostId, StreamId>, Place> by_id_;
  std::map<HostId, std::uint32_t> accepted_;  // how many
  std::map<HostId, std::uint16_t> next_port_;
  std::uint64_t next_connection_ = 0;
  std::uint64_t order_ = 0;
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> wakes_;
  std::deque<Delivery> deliveries_;
};

}  // namespace tidewire::sim
