#include "simulate/call_side.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace tidewire::simulate {
namespace {

constexpr std::size_t kIpAndUdp = 28;
constexpr std::uint16_t kPort = 5000;

// What a call asks for that nothing limits: 1080p and good sound.
constexpr std::uint64_t kVideo = 2'500'000;
constexpr std::uint64_t kAudio = 128'000;

std::uint64_t audio_bitrate(const SideConfig& side) { return std::min(kAudio, side.max_bitrate.value_or(kVideo) / 8); }
std::uint64_t video_bitrate(const SideConfig& side) {
  return side.max_bitrate ? *side.max_bitrate - audio_bitrate(side) : kVideo;
}

SessionConfig session_config(const SideConfig& side) {
  SessionConfig config;
  config.wall_clock = {Timestamp{std::chrono::hours(1)}, UnixTime{std::chrono::hours(24 * 365 * 55)}};
  config.congestion_control = side.control;
  if (side.start_bitrate) config.start_bitrate = *side.start_bitrate;
  for (std::size_t i = 0; i < config.random_seed.size(); ++i) {
    config.random_seed[i] = static_cast<std::uint8_t>((side.seed >> (i % 8 * 8)) ^ (i * 37));
  }
  config.audio_bitrate = audio_bitrate(side);
  config.video_bitrate = video_bitrate(side);
  config.max_bitrate = side.max_bitrate.value_or(config.max_bitrate);
  return config;
}

// RFC 5761 §4: what is RTCP among what is not to be told from RTP at sight.
bool is_rtcp(ByteView packet) {
  return packet.size() > 1 && packet[0] >= 128 && packet[0] < 192 && packet[1] >= 192 && packet[1] <= 223;
}

// Spreads timestamps that are multiples of something.
std::size_t slot_of(std::uint32_t timestamp) { return (timestamp * 2'654'435'761U) >> 22; }

// RFC 7983 §7.
bool is_dtls(ByteView packet) { return !packet.empty() && packet[0] >= 20 && packet[0] < 64; }

}  // namespace

CallSide::CallSide(const SideConfig& config, const Timestamp& origin, CallRecording& call)
    : session(session_config(config)), config_(config), origin_(origin), call_(call), camera_(~config.seed) {
  if (!config.sends) return;
  TransceiverInit init{.direction = RtpTransceiverDirection::kSendonly};
  audio_ = session.add_track(MediaKind::kAudio, init).value();
  if (config.max_bitrate) {
    init.send_encodings.push_back({.max_bitrate = static_cast<std::uint32_t>(video_bitrate(config))});
  }
  video_ = session.add_track(MediaKind::kVideo, init).value();
}

void CallSide::start(Timestamp now) {
  session.add_local_socket({config_.address, kPort}, 65535, now).value();
  session.end_of_local_sockets(now);
}

void CallSide::set_paused(bool paused, Timestamp now) {
  for (const auto& transceiver : {audio_, video_}) {
    if (!transceiver) continue;
    RtpSendParameters parameters = session.send_parameters(*transceiver);
    for (RtpEncodingParameters& encoding : parameters.encodings) encoding.active = !paused;
    session.set_send_parameters(*transceiver, parameters, now).value();
  }
}

void CallSide::end(Timestamp now) {
  for (const OutboundRtpStreamStats& stream : session.stats(now).rtp.outbound) {
    call_.retransmitted_bytes += stream.retransmitted_bytes_sent;
    call_.media_bytes += stream.bytes_sent;
  }
  ended_ = true;
  session.close(now);
}

Timestamp CallSide::next_timeout() const {
  if (ended_) return kNever;
  return std::min({session.next_timeout(), next_video_, next_audio_});
}

void CallSide::handle_timeout(Timestamp now) {
  if (ended_) return;
  if (session.next_timeout() <= now) session.handle_timeout(now);
  send_due_media(now);
}

void CallSide::send_due_media(Timestamp now) {
  if (now >= next_video_) {
    // As include/tidewire/session.h asks of applications: no picture while others wait.
    if (session.congested()) {
      camera_.leave_out();
    } else if (auto picture = camera_.take_picture(now)) {
      (void)session.send_frame(*video_, *picture, now);
    }
    next_video_ = now + FakeCamera::kPeriod;
  }
  if (now >= next_audio_) {
    if (auto sound = microphone_.take_sound(now)) (void)session.send_frame(*audio_, *sound, now);
    next_audio_ = now + FakeMicrophone::kPeriod;
  }
}

void CallSide::handle_input(Datagram datagram, Timestamp now) {
  if (ended_) return;
  if (!config_.sends) {
    call_.received.add(since_origin(now), datagram.packet.size() + kIpAndUdp);
    note_arrival(datagram.packet.bytes(), now);
  }
  session.handle_input(std::move(datagram), now);
}

// RFC 3550 §5.1; all packets of a frame have its timestamp, retransmissions too (RFC 4588 §4).
void CallSide::note_arrival(ByteView packet, Timestamp now) {
  if (packet.size() < 12 || packet[0] < 128 || packet[0] >= 192 || is_rtcp(packet)) return;
  std::uint32_t timestamp = 0;
  for (std::size_t i = 4; i < 8; ++i) timestamp = timestamp << 8 | packet[i];
  arrivals_[slot_of(timestamp)] = {timestamp, now};
}

std::optional<Datagram> CallSide::poll_transmit(Timestamp now) {
  auto datagram = session.poll_transmit(now);
  while (datagram && on_handshake && is_dtls(datagram->packet.bytes())) {
    on_handshake(*std::move(datagram));
    datagram = session.poll_transmit(now);
  }
  if (!datagram) return datagram;
  const std::size_t bytes = datagram->packet.size() + kIpAndUdp;
  if (config_.sends) call_.sent.add(since_origin(now), bytes);
  if (!config_.sends && is_rtcp(datagram->packet.bytes())) call_.feedback.add(since_origin(now), bytes);
  return datagram;
}

void CallSide::handle_events(Timestamp now) {
  while (auto event = session.poll_event()) {
    if (ended_) continue;
    if (auto* candidate = std::get_if<event::IceCandidateFound>(&*event)) {
      if (on_candidate) on_candidate(std::move(candidate->candidate));
    } else if (auto* state = std::get_if<event::ConnectionStateChanged>(&*event)) {
      is_connected_ |= state->state == PeerConnectionState::kConnected;
      if (state->state == PeerConnectionState::kFailed) call_.failure = state->reason;
    } else if (const auto* sending = std::get_if<event::SendingChanged>(&*event)) {
      handle_sending(*sending, now);
    } else if (std::holds_alternative<event::KeyFrameNeeded>(*event)) {
      camera_.want_key_frame();
    } else if (const auto* video = std::get_if<event::VideoFrameReceived>(&*event)) {
      handle_video(*video, now);
    } else if (const auto* audio = std::get_if<event::AudioFrameReceived>(&*event)) {
      handle_audio(*audio, now);
    }
  }
}

void CallSide::handle_sending(const event::SendingChanged& sending, Timestamp now) {
  const bool picture = sending.transceiver == video_;
  const bool begins = !sending.encodings.empty();
  if (picture) {
    wants_picture_ = begins;
    if (begins) camera_.set(video_encoding_ = sending.encodings.front());
  } else if (begins) {
    microphone_.set(sending.encodings.front());
  }
  Timestamp& next = picture ? next_video_ : next_audio_;
  if (!begins) {
    next = kNever;
  } else if (next == kNever) {
    next = now;
  }
  announce(now);
}

void CallSide::announce(Timestamp now) {
  const bool shows = wants_picture_ && camera_.sends();
  call_.announced.push_back({since_origin(now), shows ? video_encoding_.bitrate : 0,
                             next_audio_ == kNever ? 0 : microphone_.bitrate(), shows ? camera_.size().height : 0});
}

void CallSide::handle_video(const event::VideoFrameReceived& received, Timestamp now) {
  const auto made = captured(received.frame);
  if (!made) return;
  const Timestamp due = std::max(received.frame.timestamp, now);
  const auto& [timestamp, last_packet] = arrivals_[slot_of(received.frame.rtp_timestamp)];
  const Timestamp whole = timestamp == received.frame.rtp_timestamp ? last_packet : now;
  call_.frames.push_back({since_origin(*made), since_origin(whole), since_origin(due), received.frame.payload.size(),
                          !received.frame.missed_deadline});
}

void CallSide::handle_audio(const event::AudioFrameReceived& received, Timestamp now) {
  if (!received.frame) return void(++call_.sound_missing);
  const auto made = captured(*received.frame);
  if (!made) return;
  call_.sound.push_back({since_origin(*made), since_origin(now), since_origin(now), received.frame->payload.size()});
}

}  // namespace tidewire::simulate
