// Whether a TURN server really relays: allocates, and sends data through it both ways.
//
// The peer is a second UDP socket of this machine, which sends to the relayed address like a stranger would and so
// sees what a firewall before the relay's ports does. Where that cannot be (UDP is blocked, or the server refuses this
// peer), a second allocation on the same server is the peer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bounded_queue.h"
#include "base/machine.h"
#include "crypto/random.h"
#include "turn/client.h"

namespace tidewire::doctor {

enum class RelayPath : std::uint8_t { kNone, kPeerSocket, kSecondAllocation };
std::string_view to_string(RelayPath path);  // "none", "udp_peer", "second_allocation"

struct RelayFindings {
  bool allocated = false;
  Duration allocate_time{};
  SocketAddress relayed;
  std::optional<turn::event::Failed> failure;  // why there is no allocation, or no second one
  RelayPath path = RelayPath::kNone;           // by which data came through
  bool peer_tried = false;                     // kPeerSocket was tried
  std::optional<turn::event::PermissionRefused> peer_refused;
  std::uint32_t sent = 0;  // datagrams that went out and were to come back, once a first one had
  std::uint32_t received = 0;
  std::optional<Duration> round_trip;  // the median: from one end to the other through the relay, and back

  bool relays() const { return received > 0; }
};

struct RelayProbeConfig {
  // On two sockets or streams of the same server.
  turn::ClientConfig first;
  turn::ClientConfig second;
  // The peer's own socket, and the address that the world sees it with.
  std::optional<SocketAddress> peer_local;
  std::optional<SocketAddress> peer_seen_as;
  Duration patience = std::chrono::seconds(5);  // for an allocation
};

class RelayProbe {
 public:
  static constexpr std::uint32_t kDatagrams = 50;
  static constexpr Duration kInterval = std::chrono::milliseconds(20);        // like a call's sound
  static constexpr Duration kFirstInterval = std::chrono::milliseconds(100);  // until the first one has come through
  static constexpr Duration kFirstPatience = std::chrono::seconds(2);
  static constexpr Duration kLastPatience = std::chrono::milliseconds(500);
  static constexpr Duration kClosePatience = std::chrono::milliseconds(500);
  static constexpr std::size_t kPayload = 160;
  static constexpr std::size_t kMaxTransmitQueue = 256;

  // `pool` outlives it.
  RelayProbe(const RelayProbeConfig& config, crypto::Random random, PacketPool& pool);

  // Once.
  void start(Timestamp now);
  // From any of the sockets and streams; they are told apart by `local` and `stream`.
  void handle_input(Datagram datagram, Timestamp now);
  void handle_stream_closed(StreamId stream, Timestamp now);
  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const;
  std::optional<Datagram> poll_transmit();
  // The findings, once, when the allocations have been given back.
  std::optional<RelayFindings> poll_event();

 private:
  enum class Phase { kNew, kAllocating, kAllocatingSecond, kFirst, kMeasuring, kClosing, kDone, kTold };
  struct Ping {
    std::uint32_t number = 0;
    Timestamp sent{};
  };

  void read_events(Timestamp now);
  void first_event(const turn::Event& event, Timestamp now);
  void second_event(const turn::Event& event, Timestamp now);
  void try_peer(Timestamp now);
  void try_second(Timestamp now);
  void begin_pinging(RelayPath path, Timestamp now);
  void send_ping(Timestamp now);
  void handle_data(Datagram data, bool at_first, Timestamp now);
  void handle_peer_input(const Datagram& datagram, Timestamp now);
  void came_back(ByteView payload, Timestamp now);
  void gave_up(Timestamp now);
  void finish(Timestamp now);
  void echo(turn::Client& client, Datagram data, Timestamp now);
  bool is_ours(ByteView payload) const;

  RelayProbeConfig config_;
  crypto::Random random_;
  PacketPool& pool_;
  turn::Client first_;
  turn::Client second_;
  Phase phase_ = Phase::kNew;
  RelayPath trying_ = RelayPath::kNone;
  std::uint64_t token_ = 0;  // what our datagrams begin with
  Timestamp started_{};
  Timestamp phase_ends_ = kNever;
  Timestamp next_ping_ = kNever;
  std::vector<Ping> pings_;
  std::uint32_t next_number_ = 0;
  std::uint32_t first_measured_ = 0;  // the number of the first one that counts
  std::vector<Duration> round_trips_;
  BoundedQueue<Datagram> transmits_{kMaxTransmitQueue};
  RelayFindings findings_;
};

static_assert(Machine<RelayProbe>);

}  // namespace tidewire::doctor
