// One side of a call: a Session on a simulated host, with the shell around it that a program would have. It gives the
// session a socket for each address of the host, follows the interfaces as they come and go, makes and accepts
// connections, looks names up, makes fake frames when it may send, and checks those that arrive.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fake_frames.h"
#include "playout_log.h"
#include "sim/simulation.h"
#include "tidewire/session.h"

namespace tidewire::scenario {

using namespace std::chrono_literals;

// A relay server that is known by name: it is asked once sim::Names has answered.
struct NamedServer {
  std::string name;
  TurnServer server;  // its address has the port only
};

struct PeerOptions {
  std::vector<SocketAddress> stun_servers{};
  // Told after the sockets, as when their names had to be looked up.
  std::vector<SocketAddress> late_stun_servers{};
  std::vector<TurnServer> turn_servers{};
  std::vector<NamedServer> named_servers{};
  IceTransportPolicy policy = IceTransportPolicy::kAll;
  bool ice_lite = false;
  // ICE-TCP: a listener on each address, and connections from it.
  bool tcp = false;
  bool codec_switching = false;
  std::size_t max_message_size = 256 * 1024;
  std::size_t send_buffer_limit = 16 * 1024 * 1024;
  // When there is any, pictures come to the rate that the session asks for, up to `video_bitrate`.
  CongestionControl congestion_control = CongestionControl::kNone;
  std::uint64_t video_bitrate = 1'000'000;
};

class Peer final : public sim::Endpoint {
 public:
  Peer(std::string name, std::uint64_t seed, const PeerOptions& options = {});

  // From now on it lives there; its sockets count their ports from `first_port`.
  void start(sim::Simulation& simulation, sim::HostId host, std::uint16_t first_port);

  // The network side.
  void handle_input(Datagram datagram, Timestamp now) override;
  void handle_timeout(Timestamp now) override;
  std::optional<Datagram> poll_transmit(Timestamp now) override;
  void handle_events(Timestamp now) override;
  Timestamp next_timeout() const override;
  std::optional<StreamRequest> poll_stream_request(Timestamp now) override;
  std::optional<StreamId> poll_stream_close(Timestamp now) override;
  void stream_opened(StreamId stream, SocketAddress local, Timestamp now) override;
  void stream_accepted(StreamId stream, SocketAddress local, SocketAddress remote, Timestamp now) override;
  void stream_closed(StreamId stream, sim::StreamCloseReason reason, Timestamp now) override;
  void interfaces_changed(Timestamp now) override;

  // What it says of its path: "host/udp - srflx/udp", say, its own candidate first. Empty: there is none.
  std::string path() const;
  bool is_relayed() const;
  PeerConnectionState state() const { return session.connection_state(); }

  // When something first happened.
  struct Moments {
    std::optional<Timestamp> ice_connected, connected, channel_open, first_video, first_audio, first_message,
        disconnected, failed;
  };

  std::string name;
  Session session;
  Moments moments;
  UniqueFunction<void(IceCandidateInit)> on_candidate;
  std::set<TransceiverId> sending_video;
  std::set<TransceiverId> sending_audio;
  std::uint64_t video_frames_received = 0;
  std::uint64_t audio_frames_received = 0;
  std::uint64_t damaged_frames = 0;
  std::uint64_t key_frames_asked = 0;
  std::optional<Timestamp> newest_video;
  std::vector<std::string> messages;
  std::vector<ChannelId> channels;
  // The events of channels in their order.
  std::vector<std::string> channel_log;
  std::vector<SctpTransportState> sctp_states;
  std::string failure;
  std::vector<IceCandidateError> server_errors;
  std::vector<std::string> candidates;  // as they were signalled
  std::vector<TransceiverId> tracks;
  std::vector<event::SendingChanged> sending_changes;
  std::vector<std::string> limitations;  // of its pictures
  // Of a single encoding; of several, the last one has it, and each a quarter of the one after it.
  std::size_t video_frame_size = 2500;
  FakeMedia fake_media;
  PlayoutLog playout;
  // On the wire, in the order of playing.
  bool keep_timestamps = false;
  std::vector<std::uint32_t> video_timestamps;
  std::vector<std::uint32_t> audio_timestamps;
  std::map<std::string, std::uint64_t> video_frames_of;  // received, by rid
  // Looks at what is about to leave; true loses it on its way.
  UniqueFunction<bool(const Datagram&)> loses;

  // Encodes a key frame next, as for pictures of another size.
  void want_key_frame();

 private:
  void add_socket(const IpAddress& ip, Timestamp now);
  void look_up_servers(Timestamp now);
  void end_of_sockets_if_known(Timestamp now);
  void handle_state(PeerConnectionState state, const std::string& reason, Timestamp now);
  void handle_sending(const event::SendingChanged& sending, Timestamp now);
  bool handle_network_event(SessionEvent& event, Timestamp now);
  void handle_media_event(SessionEvent& event, Timestamp now);
  void send_due_media(Timestamp now);
  void send_pictures(TransceiverId id, Timestamp now);
  bool follows_rate() const { return options_.congestion_control != CongestionControl::kNone; }
  void handle_video(const event::VideoFrameReceived& received, Timestamp now);
  void handle_audio(const event::AudioFrameReceived& received, Timestamp now);

  PeerOptions options_;
  sim::Simulation* simulation_ = nullptr;
  sim::HostId host_ = 0;
  std::map<IpAddress, SocketAddress> sockets_;  // by address
  std::uint16_t next_port_ = 0;
  std::uint16_t next_preference_ = 65535;
  std::size_t unresolved_ = 0;  // names of servers
  std::deque<StreamRequest> stream_requests_;
  std::deque<StreamId> stream_closes_;
  // Connections that came to us: the network's id, and the session's.
  std::map<StreamId, StreamId> to_session_;
  std::map<StreamId, StreamId> to_network_;

  Timestamp next_video_ = kNever;
  Timestamp next_audio_ = kNever;
  std::uint32_t video_number_ = 0;
  std::uint32_t audio_number_ = 0;
  struct FakeEncoding {
    SendEncoding encoding;
    bool key_frame_wanted = true;
    std::uint32_t since_key_frame = 0;
  };
  std::map<TransceiverId, std::vector<FakeEncoding>> encodings_;  // of those in sending_video
};

}  // namespace tidewire::scenario
