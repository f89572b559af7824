#include "peer.h"

#include <algorithm>

namespace tidewire::scenario {
namespace {

SessionConfig session_config(std::uint64_t seed, const PeerOptions& options) {
  SessionConfig config{.wall_clock = {Timestamp{1h}, UnixTime{std::chrono::hours(24 * 365 * 55)}},
                       .stun_servers = options.stun_servers,
                       .ice_transport_policy = options.policy,
                       .ice_lite = options.ice_lite,
                       .codec_switching = options.codec_switching,
                       .max_message_size = options.max_message_size,
                       .send_buffer_limit = options.send_buffer_limit};
  config.video_bitrate = options.video_bitrate;
  config.congestion_control = options.congestion_control;
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
    for (const TransceiverId id : sending_video) send_pictures(id, now);
    ++video_number_;
    next_video_ = now + fake_media.period(MediaKind::kVideo);
  }
  if (now >= next_audio_) {
    const EncodedFrame frame = fake_audio_frame(fake_media, audio_number_++, now);
    for (const TransceiverId id : sending_audio) {
      if (!fake_media.paused) (void)session.send_frame(id, frame, now);
    }
    next_audio_ = now + fake_media.period(MediaKind::kAudio);
  }
}

void Peer::send_pictures(TransceiverId id, Timestamp now) {
  if (fake_media.paused) return;
  std::vector<FakeEncoding>& encodings = encodings_[id];
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    FakeEncoding& its = encodings[i];
    if (!its.encoding.parameters.active || its.encoding.paused) continue;
    const bool key_frame = std::exchange(its.key_frame_wanted, false);
    its.since_key_frame = key_frame ? 0 : its.since_key_frame + 1;
    const std::size_t size =
        follows_rate() ? its.encoding.bitrate / 8 * 33 / 1000 : video_frame_size >> (2 * (encodings.size() - 1 - i));
    const bool layered = fake_media.layers.layered();
    const bool upper = layered && its.since_key_frame % 2 == 1;
    EncodedFrame frame =
        fake_video_frame(fake_media, video_number_, key_frame ? size * 4 : size / (upper ? 2 : 1), key_frame, now);
    if (layered) put_in_layer(frame, fake_media, its.since_key_frame);
    (void)session.send_frame(id, frame, now, i);
  }
}

void Peer::want_key_frame() {
  for (auto& [id, encodings] : encodings_) {
    for (FakeEncoding& encoding : encodings) encoding.key_frame_wanted = true;
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
    if (video) {
      std::vector<FakeEncoding>& encodings = encodings_[sending.transceiver];
      if (follows_rate() && encodings.size() == sending.encodings.size()) {
        for (std::size_t i = 0; i < encodings.size(); ++i) encodings[i].encoding = sending.encodings[i];
        return;
      }
      encodings.clear();
      for (const SendEncoding& encoding : sending.encodings) encodings.push_back({encoding});
    }
    (video ? next_video_ : next_audio_) = now;
  } else {
    set.erase(sending.transceiver);
    if (set.empty()) (video ? next_video_ : next_audio_) = kNever;
  }
}

void Peer::handle_video(const event::VideoFrameReceived& received, Timestamp now) {
  if (!moments.first_video) moments.first_video = now;
  newest_video = now;
  ++video_frames_received;
  ++video_frames_of[received.rid];
  if (keep_timestamps) video_timestamps.push_back(received.frame.rtp_timestamp);
  const auto made = captured(received.frame);
  if (!made) return void(++damaged_frames);
  if (!received.frame.missed_deadline) playout.add_video(*made, std::max(received.frame.timestamp, now));
}

void Peer::handle_audio(const event::AudioFrameReceived& received, Timestamp now) {
  if (!received.frame) return;
  if (!moments.first_audio) moments.first_audio = now;
  ++audio_frames_received;
  if (keep_timestamps) audio_timestamps.push_back(received.frame->rtp_timestamp);
  const auto made = captured(*received.frame);
  if (!made) return void(++damaged_frames);
  playout.add_audio(*made, now);
}

void Peer::handle_media_event(SessionEvent& event, Timestamp now) {
  if (auto* sending = std::get_if<event::SendingChanged>(&event)) {
    handle_sending(*sending, now);
  } else if (const auto* needed = std::get_if<event::KeyFrameNeeded>(&event)) {
    std::vector<FakeEncoding>& encodings = encodings_[needed->transceiver];
    if (needed->encoding < encodings.size()) encodings[needed->encoding].key_frame_wanted = true;
    ++key_frames_asked;
  } else if (auto* video = std::get_if<event::VideoFrameReceived>(&event)) {
    handle_video(*video, now);
  } else if (auto* audio = std::get_if<event::AudioFrameReceived>(&event)) {
    handle_audio(*audio, now);
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
  } else if (auto* limited = std::get_if<event::QualityLimitationChanged>(&event)) {
    limitations.push_back(limited->text);
  } else if (auto* track = std::get_if<event::TrackAdded>(&event)) {
    tracks.push_back(track->transceiver);
  }
}

}  // namespace tidewire::scenario
