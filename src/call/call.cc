#include "call/call.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

namespace tidewire::call {
namespace {

constexpr std::string_view kChatLabel = "chat";
constexpr std::string_view kControlLabel = "control";

signaling::Description to_message(const std::string& peer, const SessionDescription& description) {
  return {peer, {description.type, description.sdp}};
}

// The codec of that name first, in all its forms, and the others after it: a call comes about also when the other side
// has no use for it.
std::vector<RtpCodec> preferring(MediaKind kind, const std::string& name) {
  std::vector<RtpCodec> codecs = rtp_capabilities(kind).codecs;
  const std::string mime_type = std::string(to_string(kind)) + "/" + name;
  std::stable_partition(codecs.begin(), codecs.end(),
                        [&](const RtpCodec& codec) { return codec.mime_type == mime_type; });
  return codecs;
}

}  // namespace

Call::Call(EventLoop& loop, Options options, Callbacks callbacks)
    : loop_(loop),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      timeline_(options_.start),
      connection_(loop, options_.configuration) {
  timeline_.mark(Step::kDevicesReady, options_.devices_ready);
  connection_.on_ice_candidate = [this](const IceCandidateInit& candidate) {
    callbacks_.send(signaling::Candidate{options_.peer.id, candidate});
  };
  connection_.on_negotiation_needed = [this] { negotiate(); };
  connection_.on_track = [this](const TrackEvent& event) { take_track(event); };
  connection_.on_data_channel = [this](const std::shared_ptr<DataChannel>& channel) { adopt(channel); };
  connection_.on_quality_limitation_change = [this](const QualityLimitationEvent& event) {
    limitation_ = event;
    tell_limitation();
    if (callbacks_.on_limitation) callbacks_.on_limitation(event);
  };
  connection_.on_ice_connection_state_change = [this] {
    const IceConnectionState state = connection_.ice_connection_state();
    if (state == IceConnectionState::kConnected || state == IceConnectionState::kCompleted) {
      timeline_.mark(Step::kIceConnected, loop_.now());
    }
  };
  connection_.on_connection_state_change = [this] { handle_state(); };
}

Call::~Call() = default;

void Call::start() {
  set_up_media();
  if (!options_.caller) return;
  // Both fail only on a connection that is closed, and this one was just made.
  if (auto channel = connection_.create_data_channel(std::string(kChatLabel))) adopt(*channel);
  if (auto channel = connection_.create_data_channel(std::string(kControlLabel))) adopt(*channel);
}

// One audio and one video section, also without a device of our own: the other side's is received in it.
void Call::set_up_media() {
  for (const auto& [kind, track] :
       {std::pair(MediaKind::kAudio, options_.media.audio), std::pair(MediaKind::kVideo, options_.media.video)}) {
    if (track) {
      (void)connection_.add_track(track, {"tidewire"});
    } else if (options_.caller) {
      (void)connection_.add_transceiver(kind);
    }
  }
  for (const auto& transceiver : connection_.transceivers()) {
    const bool video = transceiver->kind() == MediaKind::kVideo;
    const std::string& codec = video ? options_.media.video_codec : options_.media.audio_codec;
    // Cannot fail: all of them are capabilities.
    if (!codec.empty()) (void)transceiver->set_codec_preferences(preferring(transceiver->kind(), codec));
  }
}

// Perfect negotiation (W3C WebRTC §10.7).
void Call::negotiate() {
  // The one who was called waits for the first offer: both would only collide.
  if (!options_.caller && !connection_.remote_description()) return;
  if (auto result = connection_.set_local_description(); !result) return end(result.error().message);
  timeline_.mark(Step::kOfferCreated, loop_.now());
  send_description();
}

void Call::send_description() {
  if (const auto description = connection_.local_description()) {
    callbacks_.send(to_message(options_.peer.id, *description));
  }
}

void Call::handle(const signaling::Description& message) {
  const SessionDescription description{message.description.type, message.description.sdp};
  const bool offer = description.type == SdpType::kOffer;
  timeline_.mark(offer ? Step::kOfferReceived : Step::kAnswerReceived, loop_.now());
  ignore_offer_ = offer && !options_.polite && connection_.signaling_state() != SignalingState::kStable;
  if (ignore_offer_) return;
  if (auto result = connection_.set_remote_description(description); !result) {
    return end("the other side sent a description that cannot be used: " + result.error().message);
  }
  if (!offer) return;
  if (auto result = connection_.set_local_description(); !result) return end(result.error().message);
  timeline_.mark(Step::kAnswerCreated, loop_.now());
  send_description();
}

void Call::handle(const signaling::Candidate& message) {
  // A candidate that cannot be used is one path less and no reason to end the call; so is one of an offer that was
  // ignored.
  (void)connection_.add_ice_candidate(message.candidate);
}

void Call::take_track(const TrackEvent& event) {
  const auto now = [] { return EventLoop::now(); };
  if (event.track->kind() == MediaKind::kVideo) {
    remote_video_ = event.track;
    video_subscription_ = event.track->add_video_sink(
        [observer = observer_, now](const VideoFrame& frame) { observer->see(frame, now()); });
  } else {
    remote_audio_ = event.track;
    audio_subscription_ = event.track->add_audio_sink(
        [observer = observer_, now](const AudioFrame& frame) { observer->hear(frame, now()); });
  }
}

void Call::adopt(const std::shared_ptr<DataChannel>& channel) {
  if (channel->label() == kChatLabel) {
    chat_ = channel;
    channel->on_open = [this] { timeline_.mark(Step::kDataChannelOpen, loop_.now()); };
    channel->on_message = [this](const DataMessage& message) {
      if (!message.is_text) return;
      ++data_.messages_received;
      if (callbacks_.on_chat) callbacks_.on_chat(std::string(message.text()));
    };
  } else if (channel->label() == kControlLabel) {
    control_ = channel;
    channel->on_open = [this] {
      timeline_.mark(Step::kDataChannelOpen, loop_.now());
      tell_state();
      tell_limitation();
    };
    channel->on_message = [this](const DataMessage& message) {
      if (message.is_text) handle_control(std::string(message.text()));
    };
  }
}

void Call::handle_control(const std::string& text) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  const boost::json::object* object = error ? nullptr : value.if_object();
  const boost::json::value* type = object ? object->if_contains("type") : nullptr;
  if (!type || !type->is_string()) return;
  ++data_.messages_received;
  if (type->as_string() == "ping") {
    boost::json::object pong{{"type", "pong"}};
    if (const auto* id = object->if_contains("id")) pong["id"] = *id;
    send_control(boost::json::serialize(pong));
  } else if (type->as_string() == "pong" && ping_sent_) {
    data_.round_trip = loop_.now() - *ping_sent_;
    ping_sent_.reset();
  } else if (type->as_string() == "bye") {
    end("hung up");
  }
}

void Call::send_control(const std::string& message) {
  if (!control_ || control_->ready_state() != DataChannelState::kOpen) return;
  if (control_->send(message)) ++data_.messages_sent;
}

void Call::tell_state() {
  const bool mic = options_.media.audio && options_.media.audio->enabled();
  const bool camera = options_.media.video && options_.media.video->enabled();
  send_control(boost::json::serialize(boost::json::object{{"type", "state"}, {"mic", mic}, {"camera", camera}}));
}

void Call::tell_limitation() {
  if (!limitation_) return;
  send_control(boost::json::serialize(boost::json::object{{"type", "limitation"},
                                                          {"reason", to_string(limitation_->reason)},
                                                          {"paused", limitation_->paused},
                                                          {"text", limitation_->text}}));
}

void Call::set_media(const LocalMedia& media) {
  if (media.audio != options_.media.audio) send_instead(MediaKind::kAudio, media.audio);
  if (media.video != options_.media.video) send_instead(MediaKind::kVideo, media.video);
  options_.media.audio = media.audio;
  options_.media.video = media.video;
  tell_state();
}

void Call::send_instead(MediaKind kind, const std::shared_ptr<MediaStreamTrack>& track) {
  for (const auto& transceiver : connection_.transceivers()) {
    if (transceiver->kind() != kind || !sends(transceiver->direction())) continue;
    // Fails only for a track of the other kind, or after the end.
    return void(transceiver->sender()->replace_track(track));
  }
  if (track) (void)connection_.add_track(track, {"tidewire"});
}

void Call::tick() {
  if (!control_ || control_->ready_state() != DataChannelState::kOpen || ping_sent_) return;
  const boost::json::object ping{{"type", "ping"}, {"id", next_ping_++}};
  if (!control_->send(boost::json::serialize(ping))) return;
  ++data_.messages_sent;
  ping_sent_ = loop_.now();
}

Result<> Call::chat(std::string_view text) {
  if (!chat_ || chat_->ready_state() != DataChannelState::kOpen) {
    return Error{ErrorCode::kInvalidState, "the chat channel is not open"};
  }
  auto sent = chat_->send(text);
  if (sent) ++data_.messages_sent;
  return sent;
}

void Call::handle_state() {
  switch (connection_.connection_state()) {
    case PeerConnectionState::kConnected:
      timeline_.mark(Step::kDtlsConnected, loop_.now());
      if (std::exchange(ever_connected_, true)) return;
      if (callbacks_.on_connected) callbacks_.on_connected();
      return;
    case PeerConnectionState::kFailed:
      failure_ = connection_.failure();
      return end(failure_ ? failure_->message : "the connection failed");
    case PeerConnectionState::kDisconnected:
      if (stats().transport.dtls_state == "closed") end("hung up");
      return;
    default: return;
  }
}

void Call::hang_up() {
  stats();
  if (control_ && control_->ready_state() == DataChannelState::kOpen) (void)control_->send(R"({"type":"bye"})");
  callbacks_.send(signaling::Bye{options_.peer.id, "hung up"});
  ended_ = true;
}

void Call::end(std::string reason) {
  if (std::exchange(ended_, true)) return;
  stats();
  if (callbacks_.on_ended) callbacks_.on_ended(std::move(reason));
}

StatsReport Call::stats() {
  if (!ended_) stats_ = connection_.get_stats();
  return stats_;
}

Timeline Call::timeline() const {
  Timeline timeline = timeline_;
  const Observations seen = observer_->observations();
  if (seen.first_audio) timeline.mark(Step::kFirstAudioFrame, *seen.first_audio);
  if (seen.first_video) timeline.mark(Step::kFirstVideoFrame, *seen.first_video);
  return timeline;
}

}  // namespace tidewire::call
