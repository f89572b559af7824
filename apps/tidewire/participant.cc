#include "participant.h"

#include <string_view>
#include <utility>

#include "output.h"

namespace tidewire::app {
namespace {

// The shape that cameras have: 4:3 up to 480 lines, 16:9 above.
Result<std::shared_ptr<MediaStreamTrack>> open_test_picture(int height, const std::string& name) {
  const int width = height > 480 ? height * 16 / 9 : height * 4 / 3;
  return open_synthetic_camera({.width = width, .height = height, .name = name});
}

Result<std::shared_ptr<MediaStreamTrack>> open_video(const std::string& what, const ParticipantOptions& options) {
  if (what == "none") return std::shared_ptr<MediaStreamTrack>();
  if (what == "synthetic") return open_test_picture(options.video_height, options.name);
  return open_file_video(what);
}

Result<std::shared_ptr<MediaStreamTrack>> open_audio(const std::string& what) {
  if (what == "none") return std::shared_ptr<MediaStreamTrack>();
  if (what == "synthetic") return open_synthetic_microphone();
  return open_file_audio(what);
}

constexpr std::string_view kLineHelp =
    "/mute and /unmute: the microphone; /camera off, /camera on, /camera FILE: what is shown; /quit: hang up; "
    "anything else is said to everybody";

}  // namespace

Result<std::unique_ptr<Participant>> Participant::make(EventLoop& loop, ParticipantOptions options) {
  std::unique_ptr<Participant> participant(new Participant(loop, std::move(options)));
  participant->click_ = EventLoop::now();
  if (auto opened = participant->open_devices(); !opened) return opened.error();
  participant->devices_ready_ = EventLoop::now();
  return participant;
}

Result<> Participant::open_devices() {
  auto video = open_video(options_.video, options_);
  if (!video) return video.error();
  auto audio = open_audio(options_.audio);
  if (!audio) return audio.error();
  media_ = {std::move(*video), std::move(*audio), options_.video_codec, options_.audio_codec};
  return {};
}

void Participant::join(UniqueFunction<void(const Error&)> on_failed) {
  call::Room::Callbacks callbacks{
      .on_joined =
          [this](const std::string&) {
            if (says_all()) say(options_.json, "{} is in the room {}", options_.name, options_.url.page_url());
          },
      .on_call =
          [this](call::Call& call) {
            if (says_all()) say(options_.json, "{}: call with {}", options_.name, call.peer().name);
          },
      .on_connected = [this](call::Call& call) { connected(call); },
      .on_chat =
          [this](call::Call& call, const std::string& text) {
            if (says_all()) say(options_.json, "{} says: {}", call.peer().name, text);
            // Whoever writes to a machine wants to know that it arrived.
            (void)call.chat("you said: " + text);
          },
      .on_limitation = [this](call::Call& call, const QualityLimitationEvent& event) { say_limitation(call, event); },
      .on_ended = [this](call::Call& call, const std::string& reason) { ended(call, reason); },
      .on_notice =
          [this](const std::string& what) {
            if (says_all()) say(options_.json, "{}", what);
          },
      .on_failed = std::move(on_failed),
  };
  // Peers of the same machine meet over loopback, which a browser there may offer alone.
  const std::string& host = options_.url.host;
  options_.configuration.include_loopback = host == "127.0.0.1" || host == "localhost" || host == "::1";
  room_ = std::make_unique<call::Room>(loop_, options_.url,
                                       call::Room::Options{.name = options_.name,
                                                           .media = media_,
                                                           .configuration = options_.configuration,
                                                           .click = click_,
                                                           .devices_ready = devices_ready_},
                                       std::move(callbacks));
  room_->join();
}

void Participant::connected(call::Call& call) {
  ever_connected_ = true;
  if (options_.ladder) options_.ladder->start();
  if (options_.play) play(call);
}

void Participant::say_limitation(call::Call& call, const QualityLimitationEvent& event) {
  if (options_.telling != Telling::kNothing)
    say(options_.json, "{} → {}: {}", options_.name, call.peer().name, event.text);
}

void Participant::log_rates(RateLog& log) {
  if (!room_) return;
  for (const auto& [id, call] : room_->calls()) {
    if (!call->ever_connected()) continue;
    log.add(options_.name, *call, options_.ladder ? options_.ladder->bits_per_second() : std::nullopt);
  }
}

void Participant::play(call::Call& call) {
  if (call.remote_video() && !window_) {
    auto window = play_in_window(call.remote_video(), "Tidewire: " + call.peer().name);
    if (window) {
      window_ = std::move(*window);
      in_window_ = &call;
    } else if (options_.must_play) {
      say(options_.json, "tidewire: {}", window.error().message);
    }
  }
  if (!call.remote_audio()) return;
  if (!speaker_) {
    auto speaker = open_speaker_mixer();
    if (!speaker) return;
    speaker_ = std::move(*speaker);
  }
  speaker_->add(call.remote_audio());
}

void Participant::stop_playing(call::Call& call) {
  if (speaker_ && call.remote_audio()) speaker_->remove(call.remote_audio());
  if (in_window_ != &call) return;
  window_.reset();
  in_window_ = nullptr;
  // The window goes to another one, if there is any.
  for (const auto& [id, other] : room_->calls()) {
    if (other.get() != &call && other->ever_connected()) return play(*other);
  }
}

void Participant::stop_playing() {
  window_.reset();
  in_window_ = nullptr;
  speaker_.reset();
}

void Participant::ended(call::Call& call, const std::string& reason) {
  if (says_all()) say(options_.json, "{}: call with {} ended: {}", options_.name, call.peer().name, reason);
  if (!call.ever_connected()) failure_reason_ = reason;
  boost::json::object finished = call::report(call);
  finished["ended"] = reason;
  finished_.push_back(std::move(finished));
  figures_.erase(&call);
  stop_playing(call);
}

void Participant::print_figures() {
  if (!room_ || !says_all()) return;
  for (const auto& [id, call] : room_->calls()) {
    if (!call->ever_connected()) continue;
    const bool first = !figures_.contains(call.get());
    if (first)
      say(options_.json, "timeline of the call with {}:\n{}", call->peer().name, call::timeline_text(call->timeline()));
    say(options_.json, "{}: {}", call->peer().name, figures_[call.get()].line(*call));
  }
}

boost::json::object Participant::report() {
  boost::json::array calls = finished_;
  if (room_) {
    for (const auto& [id, call] : room_->calls()) calls.push_back(call::report(*call));
  }
  boost::json::object top{{"connected", false}};
  for (const boost::json::value& call : calls) {
    if (!top.at("connected").as_bool() || call.at("connected").as_bool()) top = call.as_object();
  }
  // What is no failure of a connection has no cause of its own.
  if (!failure_reason_.empty() && (!top.contains("failure") || top["failure"].is_null())) {
    top["failure"] = boost::json::object{{"cause", nullptr}, {"message", failure_reason_}};
  }
  top["calls"] = std::move(calls);
  return top;
}

bool Participant::handle_line(const std::string& line) {
  if (line.empty()) return true;
  if (line[0] != '/') {
    for (const auto& [id, call] : room_->calls()) {
      if (auto sent = call->chat(line); !sent) say(options_.json, "{}: {}", call->peer().name, sent.error().message);
    }
    return true;
  }
  const std::size_t space = line.find(' ');
  const std::string command = line.substr(0, space);
  const std::string argument = space == std::string::npos ? "" : line.substr(space + 1);
  if (command == "/quit") return false;
  if (command == "/mute" || command == "/unmute") {
    set_microphone(command == "/unmute");
  } else if (command == "/camera" && !argument.empty()) {
    set_camera(argument);
  } else {
    say(options_.json, "{}", kLineHelp);
  }
  return true;
}

void Participant::set_microphone(bool on) {
  if (!media_.audio) return say(options_.json, "there is no microphone; start with --audio synthetic or a file");
  media_.audio->set_enabled(on);
  room_->set_media(media_);
  say(options_.json, "microphone {}", on ? "on" : "off");
}

void Participant::set_camera(const std::string& what) {
  if (what == "off") {
    media_.video = nullptr;
  } else {
    auto opened = open_video(what == "on" ? options_.video : what, options_);
    if (!opened) return say(options_.json, "{}", opened.error().message);
    media_.video = std::move(*opened);
  }
  room_->set_media(media_);
  say(options_.json, "camera {}", media_.video ? "on: " + media_.video->label() : "off");
}

void Participant::leave() {
  if (!room_) return;
  stop_playing();
  room_->leave();
}

}  // namespace tidewire::app
