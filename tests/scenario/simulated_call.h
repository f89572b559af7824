// Two sessions, a simulated network between them, a signaling path with a delay of its own, and fake media: what the
// stories of this folder are told with.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/simulation.h"
#include "tidewire/session.h"

namespace tidewire::scenario {

using namespace std::chrono_literals;

// One side of a call: a Session on a host, that makes fake frames when it may send and checks the fake frames that
// arrive.
class Peer final : public sim::Endpoint {
 public:
  Peer(std::string name, std::uint64_t seed, std::vector<SocketAddress> stun_servers = {});

  // The network side.
  void handle_input(Datagram datagram, Timestamp now) override;
  void handle_timeout(Timestamp now) override;
  std::optional<Datagram> poll_transmit(Timestamp now) override { return session.poll_transmit(now); }
  void handle_events(Timestamp now) override;
  Timestamp next_timeout() const override;

  void add_socket(const SocketAddress& address, Timestamp now);

  // When something first happened.
  struct Moments {
    std::optional<Timestamp> ice_connected, connected, channel_open, first_video, first_audio, first_message;
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
  std::vector<std::string> messages;
  std::vector<ChannelId> channels;
  std::string failure;
  std::vector<TransceiverId> tracks;
  std::size_t video_frame_size = 2500;
  std::optional<SocketAddress> late_stun_server;

 private:
  void send_due_media(Timestamp now);

  Timestamp next_video_ = kNever;
  Timestamp next_audio_ = kNever;
  std::uint32_t video_number_ = 0;
  std::uint32_t audio_number_ = 0;
  bool key_frame_wanted_ = true;
};

struct CallOptions {
  std::uint64_t seed = 1;
  // Of each access link, in both directions.
  sim::LinkConfig link{.delay = 10ms};
  Duration signaling_delay = 20ms;  // one way
  bool media = true;
  std::optional<sim::NatConfig> alice_nat;
  std::optional<sim::NatConfig> bob_nat;
  bool stun_server = false;
};

// Alice calls Bob. Bob answers when the offer has come; candidates trickle.
class SimulatedCall {
 public:
  explicit SimulatedCall(const CallOptions& options = {});
  ~SimulatedCall();

  // Alice clicks: from now on everything goes by itself.
  void click();
  // Both sides are connected, and the channel is open on both.
  bool established() const;
  bool run_until_established(Duration limit = 20s);
  bool run_until(const std::function<bool()>& done, Duration limit = 20s) { return simulation.run_until(done, limit); }
  Timestamp now() const { return simulation.now(); }
  // Sends an offer of `from` and lets the other side answer.
  void renegotiate(Peer& from, Peer& to);

  sim::Simulation simulation;
  Peer alice;
  Peer bob;
  sim::HostId alice_host = 0;
  sim::HostId bob_host = 0;
  ChannelId channel;
  Timestamp clicked{};
  std::vector<std::string> timeline;

 private:
  class StunServer;
  void wire(Peer& from, Peer& to);
  void log(std::string_view what);

  CallOptions options_;
  std::unique_ptr<StunServer> stun_;
};

}  // namespace tidewire::scenario
