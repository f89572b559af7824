// The one transport of a session: ICE for the path, relays as more paths, DTLS for the keys, SRTP and DTLS records for
// what travels on it.
//
// Datagrams go in and out below; decrypted RTP, RTCP and SCTP packets come out above as events and go in as packets.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/bounded_queue.h"
#include "base/machine.h"
#include "ice/agent.h"
#include "session/keying.h"
#include "session/relays.h"
#include "tidewire/datagram.h"
#include "tidewire/failure.h"

namespace tidewire::session {

struct RtpReceived {
  Packet packet;
};
struct RtcpReceived {
  Packet packet;
};
// A relay could not be used.
struct ServerFailed {
  IceCandidateError error;
};

// What the parts below tell, and the media that arrives.
using TransportEvent =
    std::variant<ice::LocalCandidateFound, ice::GatheringStateChanged, ice::StateChanged, ice::SelectedPairChanged,
                 ice::ResolveName, ice::RoleChanged, ice::OpenStream, ice::CloseStream, ice::PathVerified, ServerFailed,
                 Keying::Connected, Keying::DataReceived, Keying::Closed, Keying::Failed, RtpReceived, RtcpReceived>;

struct TransportConfig {
  ice::AgentConfig ice;
  // RTCIceTransportPolicy "relay": nothing but relays is offered and checked.
  bool relay_only = false;
};

class Transport {
 public:
  // Decrypted media that waits for poll_event, and protected media that waits for poll_transmit. More is dropped, as
  // a full socket buffer drops it.
  static constexpr std::size_t kMaxMedia = 1024;
  // Errors of servers that are remembered for the case that the connection fails.
  static constexpr std::size_t kMaxServerErrors = 16;

  struct Counters {
    std::uint64_t packets_sent = 0;
    std::uint64_t packets_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t discarded = 0;  // of no protocol, not decryptable, or in excess of kMaxMedia
  };

  // What travelled on the selected pair since it was selected, without STUN.
  struct PathCounters {
    ice::Route route;
    std::uint64_t packets_sent = 0;
    std::uint64_t packets_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::optional<Timestamp> last_sent;
    std::optional<Timestamp> last_received;
  };

  Transport(TransportConfig config, std::shared_ptr<const crypto::Certificate> certificate, crypto::Random random,
            PacketPool& pool);

  // For what concerns the path alone. Sockets, servers and the peer's candidates go through the calls below.
  ice::Agent& ice() { return ice_; }
  const ice::Agent& ice() const { return ice_; }
  Keying& keying() { return keying_; }
  const Keying& keying() const { return keying_; }
  const Relays& relays() const { return relays_; }
  const Counters& counters() const { return counters_; }
  // Nothing has travelled when it is of another route than the selected pair's.
  const PathCounters& path_counters() const { return path_; }
  const std::vector<RelayFailed>& server_errors() const { return server_errors_; }

  // The network. See ice::Agent.
  Result<> add_local_socket(const LocalSocket& socket, Timestamp now);
  Result<> add_tcp_listener(const LocalSocket& socket, Timestamp now);
  Result<> add_tcp_active(const LocalSocket& socket, Timestamp now);
  void remove_local_socket(const SocketAddress& bound, Timestamp now);
  Result<> add_stun_server(const SocketAddress& server, Timestamp now);
  Result<> add_turn_server(const TurnServer& server, Timestamp now);
  // A server that has no address: its name is unknown, or its URL's kind cannot be used.
  void note_server_error(IceCandidateError error);
  void end_of_local_sockets(Timestamp now);
  void stream_opened(StreamId stream, const SocketAddress& local, Timestamp now);
  Result<StreamId> stream_accepted(const SocketAddress& local, const SocketAddress& remote, Timestamp now);
  void stream_closed(StreamId stream, const std::string& reason, Timestamp now);
  // The peer's candidates. Relays make permissions for them at once.
  Result<> add_remote_candidate(const ice::Candidate& candidate, Timestamp now);
  void remote_name_resolved(std::string_view name, const std::optional<IpAddress>& address, Timestamp now);

  // Protects and queues a packet in place. Dropped when there are no keys.
  void send_rtp(Packet packet);
  void send_rtcp(Packet packet);
  // One SCTP packet. Dropped when there is no DTLS connection.
  void send_data(Packet packet, Timestamp now);
  // True when send_rtp() would send.
  bool can_send_media() const { return keying_.srtp() != nullptr && ice_.selected_pair().has_value(); }

  void handle_input(Datagram datagram, Timestamp now);
  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const {
    return std::min({ice_.next_timeout(), keying_.next_timeout(), relays_.next_timeout()});
  }
  std::optional<Datagram> poll_transmit(Timestamp now);
  // The same at the time of the last input.
  std::optional<Datagram> poll_transmit() { return poll_transmit(now_); }
  std::optional<TransportEvent> poll_event();
  // SCTP packets that arrived, ahead of other events.
  std::optional<Packet> poll_data() { return keying_.poll_data(); }

  void close(Timestamp now);

 private:
  void handle_direct(Datagram datagram, Timestamp now);
  bool handle_media(Packet packet, bool is_rtcp);
  bool handle_dtls(Packet packet, Timestamp now);
  std::optional<Datagram> next_datagram();
  std::optional<Datagram> on_selected_pair(std::optional<Packet> packet);
  void notice_path(Timestamp now);
  PathCounters& path_of(const ice::Route& route);
  void take_relays(Timestamp now);
  void take(RelayEvent event, Timestamp now);

  ice::Agent ice_;
  Keying keying_;
  Relays relays_;
  bool relay_only_;
  BoundedQueue<Packet> media_out_{kMaxMedia};
  BoundedQueue<TransportEvent> media_in_{kMaxMedia};
  BoundedQueue<TransportEvent> network_events_{64};
  std::vector<RelayFailed> server_errors_;
  Counters counters_;
  PathCounters path_;
  Timestamp now_{};
};

static_assert(Machine<Transport>);

}  // namespace tidewire::session
