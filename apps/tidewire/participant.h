// One native peer in a room, as the verbs `call` and `demo` show it.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "call/report.h"
#include "call/room.h"
#include "ladder.h"
#include "rate_log.h"
#include "tidewire/media_devices.h"

namespace tidewire::app {

// What is said of a participant.
enum class Telling {
  kAll,
  kQuality,  // what the network does to its pictures
  kNothing,
};

struct ParticipantOptions {
  signaling::RoomUrl url;
  std::string name;
  std::string video = "synthetic";
  std::string audio = "synthetic";
  std::string video_codec{};  // to be preferred; empty: the usual order
  std::string audio_codec{};
  int video_height = 480;  // of the test picture
  Configuration configuration;
  std::shared_ptr<Ladder> ladder{};  // begins with the first call
  bool play = false;
  bool must_play = false;  // an error when there is no display
  bool json = false;       // lines go to standard error
  Telling telling = Telling::kAll;
};

class Participant {
 public:
  // Opens the devices. An error for a file that is missing or no media, or a display that is not there.
  static Result<std::unique_ptr<Participant>> make(EventLoop& loop, ParticipantOptions options);

  // `on_failed` when the room cannot be joined.
  void join(UniqueFunction<void(const Error&)> on_failed);
  void leave();
  // Prints a line of figures for each call.
  void print_figures();
  void log_rates(RateLog& log);
  // A line that the person typed: a command that begins with "/", or words for everybody in the room. Answers false
  // when they want to leave.
  bool handle_line(const std::string& line);
  bool in_call() const { return room_ && !room_->calls().empty(); }
  bool ever_connected() const { return ever_connected_; }
  // Of the call that was connected last, with all calls in "calls".
  boost::json::object report();
  std::string failure_reason() const { return failure_reason_; }

 private:
  Participant(EventLoop& loop, ParticipantOptions options) : loop_(loop), options_(std::move(options)) {}
  Result<> open_devices();
  void set_camera(const std::string& what);
  void set_microphone(bool on);
  bool says_all() const { return options_.telling == Telling::kAll; }
  void connected(call::Call& call);
  void say_limitation(call::Call& call, const QualityLimitationEvent& event);
  void ended(call::Call& call, const std::string& reason);
  void play(call::Call& call);
  void stop_playing(call::Call& call);
  void stop_playing();

  EventLoop& loop_;
  ParticipantOptions options_;
  call::LocalMedia media_;
  Timestamp click_{};
  Timestamp devices_ready_{};
  std::unique_ptr<call::Room> room_;
  std::map<const call::Call*, call::LiveFigures> figures_;
  // The first call with a picture has the window; all of them are heard.
  const call::Call* in_window_ = nullptr;
  std::unique_ptr<Player> window_;
  std::unique_ptr<SpeakerMixer> speaker_;
  boost::json::array finished_;
  bool ever_connected_ = false;
  std::string failure_reason_;
};

}  // namespace tidewire::app
