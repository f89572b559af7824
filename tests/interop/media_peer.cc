// A peer for tests of media with browsers: the public API behind JSON lines. It sends the test picture and a tone.
//
// Commands on standard input, each with "do":
//   add          a transceiver. kind; direction; size [width, height], rate, grain (noise), tone, tones [left, right],
//                voice: of what is sent; rids: its encodings, smallest first; prefer: mime types (or [mime type, fmtp])
//                in order
//   offer        makes an offer                                            → description {type, sdp}
//   description  takes type and sdp, and answers an offer                  → description {type, sdp}
//   candidate    takes candidate and sdpMid
//   parameters   of the sender at index: codec (a mime type), scalability, active (one flag for each encoding)
//   enable       on: whether the sender at index sends what its track has, or silence and black
//   seen         → seen: what each track that arrived has shown, see Seen
//   stats        → stats: getStats, what the tests ask of it
//   picture      → picture: the luma of the picture with that counter as it was sent, base64; null when forgotten
// Events besides: candidate {candidate, sdpMid, sdpMLineIndex}, state {state}, error {name, message}.
//
// usage: media_peer [VIDEO_BITRATE] [audio=BITRATE] [start=BITRATE] [control=tidewire|google|none]
#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <deque>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>

#include "base/base64.h"
#include "devices/test_picture.h"
#include "devices/tone.h"
#include "media_peer_sources.h"
#include "media_peer_stats.h"
#include "tidewire/media_devices.h"
#include "tidewire/peer_connection.h"

namespace tidewire::interop {
namespace {

namespace json = boost::json;

constexpr std::size_t kRemembered = 150;         // pictures that were sent
constexpr std::size_t kToneWindow = 48'000 / 4;  // samples

void emit(const json::object& event) {
  const std::string line = json::serialize(event) + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

void emit_error(const Error& error) {
  emit({{"event", "error"}, {"name", to_string(error.code)}, {"message", error.message}});
}

std::string text_of(const json::object& command, std::string_view key, std::string_view other = "") {
  const json::value* value = command.if_contains(key);
  return std::string(value && value->is_string() ? std::string_view(value->get_string()) : other);
}

double number_of(const json::object& command, std::string_view key, double other) {
  const json::value* value = command.if_contains(key);
  return value && value->is_number() ? value->to_number<double>() : other;
}

bool flag_of(const json::object& command, std::string_view key) {
  const json::value* value = command.if_contains(key);
  return value && value->is_bool() && value->get_bool();
}

json::array list_of(const json::object& command, std::string_view key) {
  const json::value* value = command.if_contains(key);
  return value && value->is_array() ? value->get_array() : json::array();
}

RtpTransceiverDirection direction_of(const json::object& command) {
  const std::string text = text_of(command, "direction", "sendrecv");
  return make_direction(text.starts_with("send"), text.ends_with("recv") || text == "recvonly");
}

// The codec of that mime type, or of [mime type, fmtp].
RtpCodec codec_of(MediaKind kind, const json::value& wanted) {
  const std::string name = json::value_to<std::string>(wanted.is_array() ? wanted.at(0) : wanted);
  RtpCodec found{.mime_type = name};
  for (const RtpCodec& codec : rtp_capabilities(kind).codecs) {
    if (codec.mime_type != name) continue;
    found = codec;
    break;
  }
  if (wanted.is_array()) found.sdp_fmtp_line = json::value_to<std::string>(wanted.at(1));
  return found;
}

// What a track that arrived has shown so far. Written on decoders' threads.
class Seen {
 public:
  void note(const VideoFrame& frame) {
    const std::lock_guard lock(mutex_);
    ++frames_;
    width_ = frame.width();
    height_ = frame.height();
    is_test_ = devices::is_test_picture(*frame.buffer);
    counter_ = devices::read_frame_counter(*frame.buffer);
  }
  void note(const AudioFrame& frame) {
    const std::lock_guard lock(mutex_);
    ++frames_;
    channels_ = frame.channels;
    for (std::size_t i = 0; i < frame.samples.size(); i += static_cast<std::size_t>(frame.channels)) {
      samples_.push_back(frame.samples[i]);
      right_.push_back(frame.samples[i + static_cast<std::size_t>(frame.channels) - 1]);
      if (samples_.back() != right_.back()) ++sides_differ_;
    }
    for (auto* side : {&samples_, &right_}) {
      if (side->size() > kToneWindow) side->erase(side->begin(), side->end() - kToneWindow);
    }
  }
  json::object report(MediaKind kind) {
    const std::lock_guard lock(mutex_);
    json::object seen{{"kind", to_string(kind)}, {"frames", frames_}};
    if (kind == MediaKind::kVideo) {
      seen["width"] = width_;
      seen["height"] = height_;
      seen["isTest"] = is_test_;
      seen["counter"] = counter_ ? json::value(*counter_) : json::value();
    } else {
      seen["channels"] = channels_;
      seen["sidesDiffer"] = sides_differ_;
      seen["hertz"] = devices::dominant_frequency(samples_);
      seen["hertzRight"] = devices::dominant_frequency(right_);
    }
    return seen;
  }

 private:
  std::mutex mutex_;
  std::uint64_t frames_ = 0;
  int width_ = 0;
  int height_ = 0;
  bool is_test_ = false;
  std::optional<std::uint32_t> counter_;
  int channels_ = 0;
  std::uint64_t sides_differ_ = 0;     // samples
  std::vector<std::int16_t> samples_;  // of the left
  std::vector<std::int16_t> right_;
};

// The last pictures that the camera gave.
class Album {
 public:
  void note(const VideoFrame& frame) {
    const std::lock_guard lock(mutex_);
    pictures_.push_back(frame.buffer);
    if (pictures_.size() > kRemembered) pictures_.pop_front();
  }
  std::shared_ptr<const I420Buffer> find(std::uint32_t counter) {
    const std::lock_guard lock(mutex_);
    for (const auto& picture : pictures_) {
      if (devices::read_frame_counter(*picture) == counter) return picture;
    }
    return nullptr;
  }

 private:
  std::mutex mutex_;
  std::deque<std::shared_ptr<const I420Buffer>> pictures_;
};

class Peer {
 public:
  Peer(EventLoop& loop, const Configuration& configuration) : connection_(loop, configuration) {
    connection_.on_ice_candidate = [](const IceCandidateInit& candidate) {
      emit({{"event", "candidate"},
            {"candidate", candidate.candidate},
            {"sdpMid", candidate.sdp_mid.value_or("0")},
            {"sdpMLineIndex", candidate.sdp_mline_index.value_or(0)}});
    };
    connection_.on_connection_state_change = [this] {
      emit({{"event", "state"}, {"state", to_string(connection_.connection_state())}});
    };
    connection_.on_track = [this](const TrackEvent& event) { look_at(event.track); };
  }

  void handle(const json::object& command) {
    const std::string what = text_of(command, "do");
    const auto done = [&]() -> Result<> {
      if (what == "add") return add(command);
      if (what == "offer") return describe();
      if (what == "description") return take_description(command);
      if (what == "candidate") {
        return connection_.add_ice_candidate(
            {.candidate = text_of(command, "candidate"), .sdp_mid = text_of(command, "sdpMid")});
      }
      if (what == "parameters") return change(command);
      if (what == "enable") return enable(command);
      if (what == "seen") return tell_seen(), Result<>();
      if (what == "stats") return emit(stats_event(connection_.get_stats())), Result<>();
      if (what == "picture") return tell_picture(command), Result<>();
      return Error{ErrorCode::kType, "no such command: " + what};
    }();
    if (!done) emit_error(done.error());
  }

 private:
  Result<> add(const json::object& command) {
    const MediaKind kind = text_of(command, "kind") == "audio" ? MediaKind::kAudio : MediaKind::kVideo;
    TransceiverInit init{.direction = direction_of(command), .stream_ids = {"stream"}};
    for (const json::value& rid : list_of(command, "rids")) {
      init.send_encodings.push_back({.rid = json::value_to<std::string>(rid)});
    }
    const auto transceiver = connection_.add_transceiver(kind, std::move(init));
    if (!transceiver) return transceiver.error();
    std::vector<RtpCodec> preferences;
    for (const json::value& codec : list_of(command, "prefer")) preferences.push_back(codec_of(kind, codec));
    if (!preferences.empty()) {
      if (auto set = (*transceiver)->set_codec_preferences(preferences); !set) return set;
    }
    if (!sends((*transceiver)->direction())) return {};
    auto track = source(kind, command);
    if (!track) return track.error();
    return (*transceiver)->sender()->replace_track(*track);
  }

  Result<std::shared_ptr<MediaStreamTrack>> source(MediaKind kind, const json::object& command) {
    if (kind == MediaKind::kAudio) {
      const json::array tones = list_of(command, "tones");
      if (tones.size() == 2) return open_two_tones(tones[0].to_number<double>(), tones[1].to_number<double>());
      if (flag_of(command, "voice")) return open_voice();
      return open_synthetic_microphone({.frequency = number_of(command, "tone", 440)});
    }
    json::array size = list_of(command, "size");
    if (size.empty()) size = {320, 240};
    auto camera = open_camera({.width = size.at(0).to_number<int>(),
                               .height = size.at(1).to_number<int>(),
                               .framerate = static_cast<int>(number_of(command, "rate", 15)),
                               .grain = flag_of(command, "grain")});
    if (camera) subscriptions_.push_back((*camera)->add_video_sink([this](const VideoFrame& f) { album_.note(f); }));
    return camera;
  }

  void look_at(const std::shared_ptr<MediaStreamTrack>& track) {
    auto seen = std::make_shared<Seen>();
    seen_.emplace_back(track->kind(), seen);
    if (track->kind() == MediaKind::kVideo) {
      subscriptions_.push_back(track->add_video_sink([seen](const VideoFrame& frame) { seen->note(frame); }));
    } else {
      subscriptions_.push_back(track->add_audio_sink([seen](const AudioFrame& frame) { seen->note(frame); }));
    }
  }

  Result<> describe() {
    if (auto done = connection_.set_local_description(); !done) return done;
    const auto description = connection_.local_description();
    emit({{"event", "description"}, {"type", to_string(description->type)}, {"sdp", description->sdp}});
    return {};
  }

  Result<> take_description(const json::object& command) {
    const auto type = sdp_type_from_string(text_of(command, "type")).value_or(SdpType::kOffer);
    if (auto done = connection_.set_remote_description({.type = type, .sdp = text_of(command, "sdp")}); !done) {
      return done;
    }
    return type == SdpType::kOffer ? describe() : Result<>();
  }

  Result<> change(const json::object& command) {
    const auto transceiver = connection_.transceivers().at(static_cast<std::size_t>(number_of(command, "index", 0)));
    RtpSendParameters parameters = transceiver->sender()->parameters();
    const std::string codec = text_of(command, "codec");
    const std::string scalability = text_of(command, "scalability");
    const json::array active = list_of(command, "active");
    for (std::size_t i = 0; i < parameters.encodings.size(); ++i) {
      RtpEncodingParameters& encoding = parameters.encodings[i];
      if (i < active.size()) encoding.active = active[i].as_bool();
      if (!scalability.empty()) {
        const auto mode = ScalabilityMode::parse(scalability);
        if (!mode) return Error{ErrorCode::kType, "no such mode: " + scalability};
        encoding.scalability_mode = *mode;
      }
      for (const RtpCodecParameters& negotiated : parameters.codecs) {
        if (codec.empty() || negotiated.codec.mime_type != codec) continue;
        encoding.codec = negotiated.codec;
        break;
      }
      if (!codec.empty() && (!encoding.codec || encoding.codec->mime_type != codec)) {
        return Error{ErrorCode::kType, codec + " was not negotiated"};
      }
    }
    return transceiver->sender()->set_parameters(parameters);
  }

  Result<> enable(const json::object& command) {
    const auto transceiver = connection_.transceivers().at(static_cast<std::size_t>(number_of(command, "index", 0)));
    transceiver->sender()->track()->set_enabled(flag_of(command, "on"));
    return {};
  }

  void tell_seen() {
    json::array tracks;
    for (auto& [kind, seen] : seen_) tracks.push_back(seen->report(kind));
    emit({{"event", "seen"}, {"tracks", std::move(tracks)}});
  }

  void tell_picture(const json::object& command) {
    const auto picture = album_.find(static_cast<std::uint32_t>(number_of(command, "counter", 0)));
    if (!picture) return emit({{"event", "picture"}, {"luma", nullptr}});
    const auto size = static_cast<std::size_t>(picture->width()) * static_cast<std::size_t>(picture->height());
    emit({{"event", "picture"}, {"luma", base64_encode(ByteView(picture->y(), size))}});
  }

  Album album_;
  std::vector<std::pair<MediaKind, std::shared_ptr<Seen>>> seen_;
  PeerConnection connection_;
  std::vector<Subscription> subscriptions_;
};

}  // namespace

Configuration configuration_of(const std::vector<std::string>& words) {
  Configuration configuration{.include_loopback = true};
  for (const std::string& word : words) {
    const std::string value = word.substr(word.find('=') + 1);
    if (word.starts_with("control=")) {
      for (const auto control : {CongestionControl::kTidewire, CongestionControl::kGoogle, CongestionControl::kNone}) {
        if (to_string(control) == value) configuration.congestion_control = control;
      }
      continue;
    }
    const auto bitrate = static_cast<std::uint32_t>(std::stoul(value));
    if (word.starts_with("audio="))
      configuration.audio_bitrate = bitrate;
    else if (word.starts_with("start="))
      configuration.start_bitrate = bitrate;
    else
      configuration.video_bitrate = bitrate;
  }
  return configuration;
}

}  // namespace tidewire::interop

int main(int argc, char** argv) {
  tidewire::EventLoop loop;
  const auto configuration = tidewire::interop::configuration_of({argv + 1, argv + argc});
  tidewire::interop::Peer peer(loop, configuration);
  std::thread reader([&] {
    for (std::string line; std::getline(std::cin, line);) {
      loop.post([&peer, command = boost::json::parse(line).as_object()] { peer.handle(command); });
    }
    loop.post([&loop] { loop.stop(); });
  });
  loop.run();
  reader.join();
}
