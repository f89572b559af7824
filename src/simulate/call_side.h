// One end of a simulated call: a session on a host of the simulated network, with the shell around it that a program
// would have. The sender's end has a camera and a microphone, the receiver's writes down what arrives.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "sim/simulation.h"
#include "simulate/fake_media.h"
#include "simulate/recording.h"
#include "tidewire/session.h"

namespace tidewire::simulate {

struct SideConfig {
  std::uint64_t seed = 1;
  CongestionControl control = CongestionControl::kNone;
  std::optional<std::uint64_t> start_bitrate{};  // nothing: what sessions believe of a new path
  std::optional<std::uint64_t> max_bitrate{};
  bool sends = false;
  IpAddress address{};
};

class CallSide final : public sim::Endpoint {
 public:
  // `origin` is the scenario's beginning, which may become known later; `call` is what is written to.
  CallSide(const SideConfig& config, const Timestamp& origin, CallRecording& call);

  // Opens its socket, with its host's address.
  void start(Timestamp now);
  // The application has nothing to send for a while, and says so.
  void set_paused(bool paused, Timestamp now);
  void end(Timestamp now);
  // Connected, and told to send.
  bool is_sending() const { return is_connected_ && wants_picture_; }

  void handle_input(Datagram datagram, Timestamp now) override;
  void handle_timeout(Timestamp now) override;
  std::optional<Datagram> poll_transmit(Timestamp now) override;
  void handle_events(Timestamp now) override;
  Timestamp next_timeout() const override;

  Session session;
  UniqueFunction<void(IceCandidateInit)> on_candidate;
  // Handshakes go beside the network: their signatures have another length each time, and runs are to repeat
  // themselves.
  UniqueFunction<void(Datagram)> on_handshake;

 private:
  void handle_sending(const event::SendingChanged& sending, Timestamp now);
  void handle_video(const event::VideoFrameReceived& received, Timestamp now);
  void handle_audio(const event::AudioFrameReceived& received, Timestamp now);
  void note_arrival(ByteView packet, Timestamp now);
  void send_due_media(Timestamp now);
  void announce(Timestamp now);
  Duration since_origin(Timestamp now) const { return now - origin_; }

  SideConfig config_;
  const Timestamp& origin_;
  CallRecording& call_;
  std::optional<TransceiverId> video_;
  std::optional<TransceiverId> audio_;
  FakeCamera camera_;
  FakeMicrophone microphone_;
  SendEncoding video_encoding_{};
  bool is_connected_ = false;
  bool wants_picture_ = false;
  bool ended_ = false;
  // When the newest packet of a frame came, by its RTP timestamp: the session keeps frames until they are due.
  std::array<std::pair<std::uint32_t, Timestamp>, 1024> arrivals_{};
  Timestamp next_video_ = kNever;
  Timestamp next_audio_ = kNever;
};

}  // namespace tidewire::simulate
