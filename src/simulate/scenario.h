// What is simulated: the bottleneck in both directions, the calls that go through it, and the TCP beside them. A plain
// value: the same scenario, controller and seed give the same result, bit for bit.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/rate_schedule.h"
#include "tidewire/time.h"

namespace tidewire::simulate {

enum class Direction : std::uint8_t { kForward, kBackward };
constexpr const char* to_string(Direction direction) {
  return direction == Direction::kForward ? "forward" : "backward";
}

// One direction of the bottleneck.
struct PathPlan {
  // From the beginning of the scenario; null: infinitely fast.
  std::shared_ptr<const sim::RateSchedule> rate{};
  // What the queue holds, as time at the present rate; or, where the rate is a trace, in bytes.
  Duration queue_time = std::chrono::milliseconds(300);
  std::size_t queue_bytes = 0;
  Duration jitter{};
  double loss = 0;
  double burst_enter = 0;  // sim::LinkConfig has the two
  double burst_leave = 0.3;
  // The rate follows a trace: its changes are too many to be looked at one by one.
  bool is_trace = false;
};

struct Span {
  Duration from{};
  Duration to{};
};

// Which congestion control a call has.
enum class Control : std::uint8_t {
  kChosen,  // the one that is examined
  kOther,   // of ours and Google's the other one
};

// One call; its media goes one way, and feedback the other.
struct CallPlan {
  Direction direction = Direction::kForward;
  Control control = Control::kChosen;
  Duration start{};
  std::optional<Duration> stop{};
  std::vector<Span> pauses{};  // the application sends nothing
  Duration one_way_delay = std::chrono::milliseconds(50);
  std::optional<std::uint64_t> start_bitrate{};  // nothing: what sessions believe of a new path
  // The most that the application has use for, all in all. Nothing: what the session takes for a picture of the
  // camera's size.
  std::optional<std::uint64_t> max_bitrate{};
};

// TCP CUBIC: one connection that has always something to send; or, with a size, one transfer after another with
// pauses between them.
struct TcpPlan {
  Direction direction = Direction::kForward;
  Duration start{};
  std::optional<Duration> stop{};
  Duration one_way_delay = std::chrono::milliseconds(50);
  std::size_t least_bytes = 0;  // 0: no end
  std::size_t most_bytes = 0;
  Duration mean_pause = std::chrono::seconds(10);  // drawn from an exponential distribution

  bool is_long() const { return most_bytes == 0; }
};

// What the call is to look like from a moment on, to be measured how soon it does.
struct Rung {
  Duration at{};
  int height = 0;                   // of the picture; 0: no picture
  std::uint64_t audio_bitrate = 0;  // 0: any
};

struct Scenario {
  std::string name;
  std::string description;
  Duration duration = std::chrono::seconds(60);
  // The first seconds are not counted in utilisation, queue, loss and delay.
  Duration measured_from = std::chrono::seconds(5);
  PathPlan forward{};
  PathPlan backward{};
  std::vector<CallPlan> calls{1};
  std::vector<TcpPlan> tcps{};
  std::vector<Rung> ladder{};

  const PathPlan& path(Direction direction) const { return direction == Direction::kForward ? forward : backward; }
};

}  // namespace tidewire::simulate
