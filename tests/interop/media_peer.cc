// A peer for tests of media with browsers: the public API behind JSON lines. It sends the test picture and a tone.
//
// Commands on standard input, each with "do":
//   add          a transceiver. kind; direction; size [width, height], rate, tone: of what is sent; rids: its
//   encodings,
//                smallest first; prefer: mime types (or [mime type, fmtp]) in order
//   offer        makes an offer                                            → description {type, sdp}
//   description  takes type and sdp, and answers an offer                  → description {type, sdp}
//   candidate    takes candidate and sdpMid
//   parameters   of the sender at index: codec (a mime type), scalability, active (one flag for each encoding)
//   seen         → seen: what each track that arrived has shown, see Seen
//   stats        → stats: getStats, what the tests ask of it
//   picture      → picture: the luma of the picture with that counter as it was sent, base64; null when forgotten
// Events besides: candidate {candidate, sdpMid, sdpMLineIndex}, state {state}, error {name, message}.
//
// usage: media_peer [VIDEO_BITRATE]
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

json::array list_of(const json::object& command, std::string_view key) {
  const json::value* value = command.if_contains(key);
  return value && value->is_array() ? value->get_array() : json::array();
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

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
      if (frame.channels == 2 && frame.samples[i] != frame.samples[i + 1]) ++sides_differ_;
    }
    if (samples_.size() > kToneWindow) samples_.erase(samples_.begin(), samples_.end() - kToneWindow);
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
  std::uint64_t sides_differ_ = 0;  // samples
  std::vector<std::int16_t> samples_;
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

json::object to_json(const OutboundRtpStreamStats& s) {
  return {{"ssrc", s.ssrc},
          {"kind", to_string(s.kind)},
          {"mid", s.mid},
          {"codec", to_string(s.codec)},
          {"payloadType", s.payload_type},
          {"packetsSent", s.packets_sent},
          {"bytesSent", s.bytes_sent},
          {"headerBytesSent", s.header_bytes_sent},
          {"retransmittedPacketsSent", s.retransmitted_packets_sent},
          {"active", s.active},
          {"framesEncoded", s.frames_encoded},
          {"keyFramesEncoded", s.key_frames_encoded},
          {"totalEncodeTime", seconds(s.total_encode_time)},
          {"totalEncodedBytesTarget", s.total_encoded_bytes_target},
          {"encoderImplementation", s.encoder_implementation},
          {"qpSum", s.qp_sum},
          {"framesSent", s.frames_sent},
          {"keyFramesSent", s.key_frames_sent},
          {"frameWidth", s.frame_width},
          {"frameHeight", s.frame_height},
          {"nackCount", s.nack_count},
          {"pliCount", s.pli_count},
          {"targetBitrate", s.target_bitrate}};
}

json::object to_json(const InboundRtpStreamStats& s) {
  return {{"ssrc", s.ssrc},
          {"kind", to_string(s.kind)},
          {"mid", s.mid},
          {"codec", to_string(s.codec)},
          {"payloadType", s.payload_type},
          {"packetsReceived", s.packets_received},
          {"bytesReceived", s.bytes_received},
          {"packetsLost", s.packets_lost},
          {"framesReceived", s.frames_received},
          {"framesDecoded", s.frames_decoded},
          {"trackIdentifier", s.track_identifier},
          {"qpSum", s.qp_sum},
          {"totalAudioEnergy", s.total_audio_energy},
          {"keyFramesDecoded", s.key_frames_decoded},
          {"keyFramesReceived", s.key_frames_received},
          {"frameWidth", s.frame_width},
          {"frameHeight", s.frame_height},
          {"retransmittedPacketsReceived", s.retransmitted_packets_received},
          {"nackCount", s.nack_count},
          {"pliCount", s.pli_count},
          {"silentConcealedSamples", s.silent_concealed_samples},
          {"fecPacketsReceived", s.fec_packets_received},
          {"fecPacketsDiscarded", s.fec_packets_discarded}};
}

json::object to_json(const CodecStats& s) {
  return {{"forSending", s.for_sending},
          {"payloadType", s.payload_type},
          {"mimeType", s.mime_type},
          {"clockRate", s.clock_rate},
          {"channels", s.channels ? json::value(*s.channels) : json::value()},
          {"sdpFmtpLine", s.sdp_fmtp_line}};
}

json::object to_json(const MediaSourceStats& s) {
  return {{"kind", to_string(s.kind)},
          {"mid", s.mid},
          {"trackIdentifier", s.track_identifier},
          {"audioLevel", s.audio_level},
          {"totalAudioEnergy", s.total_audio_energy},
          {"totalSamplesDuration", s.total_samples_duration.count()},
          {"width", s.width},
          {"height", s.height},
          {"frames", s.frames},
          {"framesPerSecond", s.frames_per_second}};
}

json::value to_json(const std::optional<IceCandidatePairStats>& s) {
  if (!s) return nullptr;
  const auto side = [](const IceCandidateStats& candidate) {
    return json::object{{"candidateType", candidate.candidate_type},
                        {"protocol", candidate.protocol},
                        {"port", candidate.address.port},
                        {"priority", candidate.priority},
                        {"foundation", candidate.foundation},
                        {"usernameFragment", candidate.username_fragment}};
  };
  return json::object{
      {"local", side(s->local)},    {"remote", side(s->remote)},         {"state", s->state},
      {"nominated", s->nominated},  {"packetsSent", s->packets_sent},    {"packetsReceived", s->packets_received},
      {"bytesSent", s->bytes_sent}, {"bytesReceived", s->bytes_received}};
}

json::object to_json(const CertificateStats& s) {
  return {{"fingerprint", s.fingerprint},
          {"fingerprintAlgorithm", s.fingerprint_algorithm},
          {"base64Certificate", s.base64_certificate}};
}

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
      if (what == "seen") return tell_seen(), Result<>();
      if (what == "stats") return tell_stats(), Result<>();
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
    if (kind == MediaKind::kAudio) return open_synthetic_microphone({.frequency = number_of(command, "tone", 440)});
    json::array size = list_of(command, "size");
    if (size.empty()) size = {320, 240};
    auto camera = open_synthetic_camera({.width = size.at(0).to_number<int>(),
                                         .height = size.at(1).to_number<int>(),
                                         .framerate = static_cast<int>(number_of(command, "rate", 15)),
                                         .name = "Peer"});
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

  void tell_stats() {
    const StatsReport report = connection_.get_stats();
    json::array outbound;
    json::array inbound;
    json::array remote_inbound;
    json::array remote_outbound;
    json::array codecs;
    json::array sources;
    for (const auto& s : report.rtp.codecs) codecs.push_back(to_json(s));
    for (const auto& s : report.media_sources) sources.push_back(to_json(s));
    for (const auto& s : report.rtp.outbound) outbound.push_back(to_json(s));
    for (const auto& s : report.rtp.inbound) inbound.push_back(to_json(s));
    for (const auto& s : report.rtp.remote_inbound) {
      remote_inbound.push_back(
          {{"ssrc", s.ssrc},
           {"kind", to_string(s.kind)},
           {"packetsReceived", s.packets_received},
           {"packetsLost", s.packets_lost},
           {"roundTripTime", s.round_trip_time ? json::value(seconds(*s.round_trip_time)) : json::value()}});
    }
    for (const auto& s : report.rtp.remote_outbound) {
      remote_outbound.push_back({{"ssrc", s.ssrc},
                                 {"kind", to_string(s.kind)},
                                 {"packetsSent", s.packets_sent},
                                 {"bytesSent", s.bytes_sent}});
    }
    emit({{"event", "stats"},
          {"outbound", std::move(outbound)},
          {"inbound", std::move(inbound)},
          {"remoteInbound", std::move(remote_inbound)},
          {"remoteOutbound", std::move(remote_outbound)},
          {"codecs", std::move(codecs)},
          {"mediaSources", std::move(sources)},
          {"pair", to_json(report.selected_candidate_pair)},
          {"transport",
           {{"dtlsRole", report.transport.dtls_role},
            {"iceLocalUsernameFragment", report.transport.ice_local_username_fragment}}},
          {"localCertificate", to_json(report.local_certificate)},
          {"remoteCertificate",
           report.remote_certificate ? json::value(to_json(*report.remote_certificate)) : json::value()}});
  }

  Album album_;
  std::vector<std::pair<MediaKind, std::shared_ptr<Seen>>> seen_;
  PeerConnection connection_;
  std::vector<Subscription> subscriptions_;
};

}  // namespace
}  // namespace tidewire::interop

int main(int argc, char** argv) {
  tidewire::EventLoop loop;
  tidewire::Configuration configuration{.include_loopback = true};
  if (argc > 1) configuration.video_bitrate = static_cast<std::uint32_t>(std::stoul(argv[1]));
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
