// Datagrams through a relay, both ends in one hand: sends as clients and as peers, and checks everything that arrives.
//
// Each payload begins with its flow, direction, number and time; the rest is a fixed pattern. A datagram that comes
// from the wrong address, on the wrong channel, of another flow, or with other bytes counts as wrong; the load then
// fails.
//
// There are few peers (by default one) for many flows: a server has a socket per flow on its far side anyway, and one
// socket on ours takes what all of them send in one system call, which keeps the generator cheaper than the server. On
// the near side a flow is a client's address and port, so there each flow needs a socket here.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "datagram_batch.h"
#include "flows.h"

namespace tidewire::bench {

enum class Framing { kNone, kChannel, kSend };
enum Direction : std::size_t { kToPeer = 0, kToClient = 1 };

struct TrafficOptions {
  std::size_t size = 200;
  std::size_t train = 1;  // datagrams in one UDP_SEGMENT send
  // Trains arrive here as one buffer. Else the system cuts them up when the server sends them, in the server's time, as
  // it does for a network card that cannot.
  bool receive_trains = false;
  Framing framing = Framing::kChannel;
  std::array<bool, 2> directions{true, true};
  // Datagrams under way in each direction, of one flow and of all, which take turns: the relay is kept busy and its
  // sockets do not overflow (coturn's hold 56 datagrams of 1000 bytes). A datagram that has not arrived makes room once
  // a later one of its flow has, or after 0.6 s.
  std::size_t window = 32;
  std::size_t in_flight = 128;
  // Or, above 0: datagrams per second in all, evenly paced, whatever arrives.
  double rate = 0;
};

struct Peer {
  int fd = -1;
  SocketAddress address;
};

struct TrafficCounts {
  std::uint64_t received = 0;
  std::uint64_t lost = 0;
  std::uint64_t late = 0;  // came after it was counted as lost, or twice
  std::uint64_t wrong = 0;
};

// The peer of a flow: neighbours share one.
inline std::size_t peer_of(std::size_t flow, std::size_t flows, std::size_t peers) { return flow * peers / flows; }

class Traffic {
 public:
  static constexpr std::size_t kMinSize = 16;

  Traffic(std::vector<Flow> flows, std::vector<Peer> peers, const TrafficOptions& options);

  // Receives what is there and sends what may be sent. Never sleeps.
  void step();
  const TrafficCounts& counts() const { return counts_; }
  // From now on, nanoseconds from end to end are kept.
  void keep_latencies() { keep_latencies_ = true; }
  std::vector<std::uint32_t>& latencies() { return latencies_; }

 private:
  // The beginning of each payload.
  struct Stamp {
    std::uint32_t flow;  // and the direction in its highest bit
    std::uint32_t number;
    std::uint64_t sent_at;  // ns
  };
  static_assert(sizeof(Stamp) == kMinSize);
  // What leaves in one direction.
  struct Lane {
    Lane(std::size_t slots, std::size_t slot_size) : batch(slots, slot_size) {}
    DatagramBatch batch;
    std::size_t filled = 0;
    int fd = -1;  // of the slots filled
    std::size_t next_flow = 0;
    std::int64_t under_way = 0;
    std::uint64_t looked_at = 0;
    // By flow: the next number to send, to arrive, and to send when we looked for overdue ones.
    std::vector<std::uint32_t> sent;
    std::vector<std::uint32_t> expected;
    std::vector<std::uint32_t> sent_before;
  };

  void fill_slots(Direction direction);
  void receive();
  std::size_t receive_from(int fd, Direction direction, std::uint32_t flow);
  void take(Direction direction, std::uint32_t flow, ByteView datagram, const sockaddr_in& from);
  std::optional<ByteView> payload_for_client(std::uint32_t flow, ByteView datagram) const;
  void count(Direction direction, const Stamp& stamp);
  void send();
  void send_turns(Direction direction);
  void send_paced();
  void send_train(Direction direction);
  void write_headers(std::uint32_t flow, MutableByteView datagram);
  void flush(Direction direction);
  void forget_overdue(Lane& lane);

  TrafficOptions options_;
  std::vector<Flow> flows_;
  std::vector<Peer> peers_;
  std::vector<sockaddr_in> peer_addresses_;
  int epoll_;                // the clients' sockets
  std::size_t header_size_;  // of what a client sends
  std::vector<std::uint8_t> pattern_;
  std::vector<std::vector<std::uint8_t>> send_headers_;  // a Send indication up to its data, by peer
  DatagramBatch received_;
  std::array<Lane, 2> lanes_;
  std::uint64_t now_ = 0;  // ns
  std::uint64_t next_send_ = 0;
  Direction next_direction_ = kToPeer;
  TrafficCounts counts_;
  bool keep_latencies_ = false;
  std::vector<std::uint32_t> latencies_;
};

}  // namespace tidewire::bench
