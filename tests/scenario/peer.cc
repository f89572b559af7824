#include "peer.h"

#include <algorithm>

#include "fake_frames.h"

namespace tidewire::scenario {
namespace {

constexpr Duration kVideoPeriod = 33ms;
constexpr Duration kAudioPeriod = 20ms;

SessionConfig session_config(std::uint64_t seed, const PeerOptions& options) {
  SessionConfig config{.wall_clock = {Timestamp{1h}, UnixTime{std::chrono::hours(24 * 365 * 55)}},
                       .stun_servers = options.stun_servers,
                       .ice_transport_policy = options.policy,
                       .ice_lite = options.ice_lite,
                       .max_message_size = options.max_message_size,
                       .send_buffer_limit = options.send_buffer_limit};
  for (std::size_t i = 0; i < config.random_seed.size(); ++i) {
    config.random_seed[i] = static_cast<std::uint8_t>(seed >> (i % 8 * 8)) ^ static_cast<std::uint8_t>(i * 37);
  }
  return config;
}

}  // namespace

Peer::Peer(std::string peer_name, std::uint64_t seed, const PeerOptions& options)
    : name(std::move(peer_name)), session(session_config(seed, options)), options_(options) {}

Timestamp Peer::next_timeout() const { return std::min({session.next_timeout(), next_video_, next_audio_}); }

void Peer::handle_timeout(Timestamp now) {
  if (session.next_timeout() <= now) session.handle_timeout(now);
  send_due_media(now);
}

void Peer::send_due_media(Timestamp now) {
  if (now >= next_video_) {
    const bool key_frame = std::exchange(key_frame_wanted_, false);
    const EncodedFrame frame =
        fake_video_frame(video_number_++, key_frame ? video_frame_size * 4 : video_frame_size, key_frame, now);
    for (const TransceiverId id : sending_video) (void)session.send_frame(id, frame, now);
    next_video_ = now + kVideoPeriod;
  }
  if (now >= next_audio_) {
    const EncodedFrame frame = fake_audio_frame(audio_number_++, now);
    for (const TransceiverId id : sending_audio) (void)session.send_frame(id, frame, now);
    next_audio_ = now + kAudioPeriod;
  }
}

void Peer::handle_events(Timestamp now) {
  while (auto event = session.poll_event()) {
    if (!handle_network_event(*event, now)) handle_media_event(*event, now);
  }
}

void Peer::handle_state(PeerConnectionState state, const std::string& reason, Timestamp now) {
  if (state == PeerConnectionState::kConnected && !moments.connected) moments.connected = now;
  if (state == PeerConnectionState::kDisconnected && !moments.disconnected) moments.disconnected = now;
  if (state != PeerConnectionState::kFailed) return;
  if (!moments.failed) moments.failed = now;
  failure = reason;
}

void Peer::handle_sending(const event::SendingChanged& sending, Timestamp now) {
  const auto info = session.transceiver(sending.transceiver);
  const bool video = info && info->kind == MediaKind::kVideo;
  auto& set = video ? sending_video : sending_audio;
  sending_changes.push_back(sending);
  if (!sending.encodings.empty()) {
    set.insert(sending.transceiver);
    key_frame_wanted_ = key_frame_wanted_ || video;
    (video ? next_video_ : next_audio_) = now;
  } else {
    set.erase(sending.transceiver);
    if (set.empty()) (video ? next_video_ : next_audio_) = kNever;
  }
}

void Peer::handle_media_event(SessionEvent& event, Timestamp now) {
  if (auto* sending = std::get_if<event::SendingChanged>(&event)) {
    handle_sending(*sending, now);
  } else if (std::holds_alternative<event::KeyFrameNeeded>(event)) {
    key_frame_wanted_ = true;
    ++key_frames_asked;
  } else if (auto* video = std::get_if<event::VideoFrameReceived>(&event)) {
    if (!moments.first_video) moments.first_video = now;
    newest_video = now;
    ++video_frames_received;
    if (!is_intact(video->frame)) ++damaged_frames;
  } else if (auto* audio = std::get_if<event::AudioFrameReceived>(&event)) {
    if (!audio->frame) return;
    if (!moments.first_audio) moments.first_audio = now;
    ++audio_frames_received;
    if (!is_intact(*audio->frame)) ++damaged_frames;
  } else if (auto* added = std::get_if<event::DataChannelAdded>(&event)) {
    channels.push_back(added->channel);
    channel_log.emplace_back("announced");
    if (!moments.channel_open) moments.channel_open = now;
  } else if (std::holds_alternative<event::DataChannelOpened>(event)) {
    channel_log.emplace_back("open");
    if (!moments.channel_open) moments.channel_open = now;
  } else if (auto* message = std::get_if<event::MessageReceived>(&event)) {
    if (!moments.first_message) moments.first_message = now;
    messages.emplace_back(as_text(message->payload));
    channel_log.push_back("message " + std::to_string(message->payload.size()));
  } else if (std::holds_alternative<event::DataChannelClosing>(event)) {
    channel_log.emplace_back("closing");
  } else if (const auto* closed = std::get_if<event::DataChannelClosed>(&event)) {
    if (closed->error) channel_log.push_back("error " + std::string(to_string(closed->error->detail)));
    channel_log.push_back("close " + std::to_string(closed->buffered_amount));
  } else if (std::holds_alternative<event::BufferedAmountLow>(event)) {
    channel_log.emplace_back("low");
  } else if (const auto* sctp = std::get_if<event::SctpTransportStateChanged>(&event)) {
    sctp_states.push_back(sctp->state);
  } else if (auto* track = std::get_if<event::TrackAdded>(&event)) {
    tracks.push_back(track->transceiver);
  }
}

}  // namespace tidewire::scenario
