#include "call_end.h"

#include <iostream>
#include <memory>
#include <optional>
#include <thread>

#include "camera.h"
#include "tidewire/peer_connection.h"
#include "vp8_only.h"

namespace tidewire::bench {
namespace {

using boost::json::object;

// Pictures that the quality is told from: the whole clip once.
constexpr int kJudged = kPictures;

class CallEnd {
 public:
  CallEnd(Role role, const Options& options)
      : role_(role), clip_(read_clip(options.clip)), connection_(loop, loopback_configuration(options.bitrate)) {
    connection_.on_ice_candidate = [](const IceCandidateInit& candidate) {
      emit({{"candidate", object{{"candidate", candidate.candidate},
                                 {"sdpMid", candidate.sdp_mid.value_or("0")},
                                 {"sdpMLineIndex", candidate.sdp_mline_index.value_or(0)}}}});
    };
    connection_.on_track = [this](const TrackEvent& event) { received_ = event.track; };
    if (role == Role::kReceiver) return;
    const auto track = std::make_shared<MediaStreamTrack>(MediaKind::kVideo, "camera", "clip");
    connection_.add_track(track).value();
    prefer_vp8(connection_);
    camera_.emplace(clip_, [track](int, const VideoFrame& frame) { track->push(frame); });
  }

  void handle(const object& message) {
    if (const auto* description = message.if_contains("description")) return take_description(description->as_object());
    if (const auto* candidate = message.if_contains("candidate")) return take_candidate(candidate->as_object());
    const boost::json::value* ask = message.if_contains("ask");
    if (!ask) return;
    if (*ask == "offer") describe();
    if (*ask == "figures") tell_figures();
    if (*ask == "quality") judge();
  }

  EventLoop loop;

 private:
  void describe() {
    connection_.set_local_description().value();
    const SessionDescription description = *connection_.local_description();
    emit({{"description", object{{"type", to_string(description.type)}, {"sdp", description.sdp}}}});
  }

  void take_description(const object& description) {
    const SdpType type = sdp_type_from_string(description.at("type").as_string()).value();
    connection_.set_remote_description({.type = type, .sdp = std::string(description.at("sdp").as_string())}).value();
    if (type == SdpType::kOffer) describe();
  }

  void take_candidate(const object& candidate) {
    (void)connection_.add_ice_candidate({.candidate = std::string(candidate.at("candidate").as_string()),
                                         .sdp_mid = std::string(candidate.at("sdpMid").as_string())});
  }

  void tell_figures() {
    const RtpStats stats = connection_.get_stats().rtp;
    object figures{{"bytes", 0}, {"frames", 0}, {"width", 0}, {"height", 0}};
    const auto tell = [&figures](std::uint64_t bytes, std::uint64_t frames, int width, int height) {
      figures = {{"bytes", bytes}, {"frames", frames}, {"width", width}, {"height", height}};
    };
    if (role_ == Role::kSender) {
      for (const auto& s : stats.outbound) tell(s.bytes_sent, s.frames_sent, s.frame_width, s.frame_height);
    } else {
      for (const auto& s : stats.inbound) tell(s.bytes_received, s.frames_decoded, s.frame_width, s.frame_height);
    }
    emit({{"figures", figures}});
  }

  void judge() {
    if (!received_) return emit({{"quality", nullptr}});
    judgement_ = {};
    // On the decoder's thread.
    judging_ = received_->add_video_sink([this](const VideoFrame& frame) {
      if (judgement_.pictures == kJudged) return;
      const auto number = read_number(*frame.buffer);
      ++(number ? judgement_.pictures : judgement_.unreadable);
      if (number) judgement_.decibels += psnr(luma_error(*frame.buffer, *clip_[static_cast<std::size_t>(*number)]));
      if (judgement_.pictures == kJudged || judgement_.unreadable == kJudged) loop.post([this] { tell_quality(); });
    });
  }

  void tell_quality() {
    judging_ = Subscription();
    emit({{"quality", object{{"psnr_y", judgement_.decibels / std::max(judgement_.pictures, 1)},
                             {"pictures", judgement_.pictures},
                             {"unreadable", judgement_.unreadable}}}});
  }

  struct Judgement {
    int pictures = 0;
    int unreadable = 0;
    double decibels = 0;
  };

  Role role_;
  std::vector<Picture> clip_;
  PeerConnection connection_;
  std::shared_ptr<MediaStreamTrack> received_;
  Judgement judgement_;
  Subscription judging_;
  std::optional<Camera> camera_;  // after the connection that it pushes into
};

}  // namespace

void run_call_end(Role role, const Options& options) {
  CallEnd end(role, options);
  std::thread reader([&end] {
    for (std::string line; std::getline(std::cin, line);) {
      boost::json::error_code error;
      const boost::json::value message = boost::json::parse(line, error);
      if (error || !message.is_object()) continue;
      end.loop.post([&end, message = message.get_object()] { end.handle(message); });
    }
    end.loop.stop();
  });
  emit({{"ready", true}});
  end.loop.run();
  reader.join();
}

}  // namespace tidewire::bench
