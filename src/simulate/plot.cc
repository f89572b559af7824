#include "simulate/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "simulate/arithmetic.h"
#include "simulate/svg.h"

namespace tidewire::simulate {
namespace {

constexpr double kWidth = 1000;
constexpr double kLeft = 70;
constexpr double kPlotWidth = kWidth - kLeft - 20;
constexpr double kHead = 44;
constexpr double kRates = 220;
constexpr double kQueue = 90;
constexpr double kGap = 34;
constexpr double kStrip = 14;  // the picture of one call

// Enough points for a picture of this width.
constexpr int kPoints = 400;

std::string colour(std::string_view prefix, std::size_t call) { return fmt::format("{}{}", prefix, call % 5); }

Duration slot_of(const Scenario& scenario) {
  return std::max<Duration>(scenario.duration / kPoints, std::chrono::milliseconds(100));
}

// Of one run.
class Drawing {
 public:
  Drawing(Svg& svg, const Recording& recording, double top)
      : svg_(svg), recording_(recording), top_(top), length_(seconds(recording.scenario.duration)) {}

  static double height(const Recording& recording) {
    double height = kHead;
    for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
      if (has(recording, direction)) height += kRates + kQueue + 2 * kGap;
    }
    return height + kStrip * static_cast<double>(recording.calls.size()) + kGap;
  }

  void draw() {
    const Scenario& scenario = recording_.scenario;
    svg_.text(kLeft, top_ + 18, scenario.name + ": " + scenario.description, "head");
    double y = top_ + kHead;
    for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
      if (!has(recording_, direction)) continue;
      draw_rates(direction, {kLeft, y + kGap / 2, kPlotWidth, kRates, length_, most_rate(direction)});
      y += kRates + kGap;
      draw_queue(direction, {kLeft, y + kGap / 2, kPlotWidth, kQueue, length_, most_queue(direction)});
      y += kQueue + kGap;
    }
    draw_pictures(y + kGap / 2);
  }

 private:
  static bool has(const Recording& recording, Direction direction) {
    return std::ranges::any_of(recording.calls, [&](const CallRecording& call) { return call.direction == direction; });
  }

  Points rate_of(const Series& series, Duration from, Duration to) const {
    Points points;
    const Duration slot = slot_of(recording_.scenario);
    for (Duration at = from; at + slot <= to; at += slot) {
      points.emplace_back(seconds(at + slot / 2), series.bits_per_second(at, at + slot) / 1e6);
    }
    return points;
  }

  Points capacity(Direction direction) const {
    Points points;
    const auto& path = recording_.scenario.path(direction);
    if (!path.rate) return points;
    const Duration slot = path.is_trace ? slot_of(recording_.scenario) : std::chrono::milliseconds(100);
    for (Duration at{}; at < recording_.scenario.duration; at += slot) {
      const double rate = path.rate->bits_between(at, at + slot) / seconds(slot) / 1e6;
      points.emplace_back(seconds(at), rate);
      points.emplace_back(seconds(at + slot), rate);
    }
    return points;
  }

  double most_rate(Direction direction) const {
    double most = 0.1;
    for (const auto& [second, rate] : capacity(direction)) most = std::max(most, rate);
    for (const CallRecording& call : recording_.calls) {
      if (call.direction != direction) continue;
      for (const auto& [second, rate] : rate_of(call.sent, call.started, call.ended)) {
        // A peak that is out of all proportion may be cut off.
        if (!recording_.scenario.path(direction).rate || rate < 2 * most) most = std::max(most, rate);
      }
    }
    const double step = nice_step(most, 4);
    return std::ceil(most / step) * step;
  }

  void draw_rates(Direction direction, const Panel& panel) {
    svg_.area(panel, capacity(direction), "room");
    svg_.axes(panel,
              fmt::format("{}: capacity (grey); received (bold), sent (thin), asked of the encoders (dashed)",
                          to_string(direction)),
              "Mbit/s", false);
    for (const TcpRecording& tcp : recording_.tcps) {
      if (tcp.direction == direction)
        svg_.line(panel, rate_of(tcp.received, {}, recording_.scenario.duration), "tcp thin");
    }
    for (std::size_t i = 0; i < recording_.calls.size(); ++i) {
      const CallRecording& call = recording_.calls[i];
      if (call.direction != direction || !call.connected) continue;
      const std::string its = colour("c", i);
      svg_.line(panel, rate_of(call.sent, call.started, call.ended), its + " thin");
      svg_.line(panel, asked(call), its + " thin dash");
      svg_.line(panel, rate_of(call.received, call.started, call.ended), its);
    }
  }

  static Points asked(const CallRecording& call) {
    Points points;
    for (const Announcement& it : call.announced) {
      if (it.at >= call.ended) break;
      const double second = std::max(seconds(it.at), 0.0);
      const double rate = static_cast<double>(it.video_bitrate + it.audio_bitrate) / 1e6;
      if (!points.empty()) points.emplace_back(second, points.back().second);
      points.emplace_back(second, rate);
    }
    if (!points.empty()) points.emplace_back(seconds(call.ended), points.back().second);
    return points;
  }

  // The longest wait of each slot; negative where nothing was sent.
  std::vector<double> waits(const CallRecording& call) const {
    const Duration slot = slot_of(recording_.scenario);
    std::vector<double> waits(static_cast<std::size_t>(recording_.scenario.duration / slot) + 1, -1);
    for (const QueueSample& it : call.queue) {
      if (it.dropped || it.at >= recording_.scenario.duration) continue;
      double& wait = waits[static_cast<std::size_t>(it.at / slot)];
      wait = std::max(wait, in_ms(it.queued));
    }
    return waits;
  }

  double most_queue(Direction direction) const {
    double most = 50;
    for (const CallRecording& call : recording_.calls) {
      if (call.direction != direction) continue;
      for (const double wait : waits(call)) most = std::max(most, wait);
    }
    const double step = nice_step(most, 4);
    return std::ceil(most / step) * step;
  }

  void draw_queue(Direction direction, const Panel& panel) {
    svg_.axes(panel, "longest wait in the queue; red: packets dropped there", "ms", true);
    const Duration slot = slot_of(recording_.scenario);
    for (std::size_t i = 0; i < recording_.calls.size(); ++i) {
      const CallRecording& call = recording_.calls[i];
      if (call.direction != direction) continue;
      Points points;
      const std::vector<double> all = waits(call);
      for (std::size_t at = 0; at < all.size(); ++at) {
        if (all[at] >= 0) points.emplace_back((static_cast<double>(at) + 0.5) * seconds(slot), all[at]);
      }
      svg_.line(panel, points, colour("c", i));
      Duration last = -slot;
      for (const QueueSample& it : call.queue) {
        if (!it.dropped || it.at < last + slot) continue;
        last = it.at;
        svg_.rect(panel.x(seconds(it.at)), panel.top, 1.5, 5, "drop", "");
      }
    }
  }

  void draw_pictures(double y) {
    svg_.text(kLeft, y + kGap / 2 - 6, "size of the picture, by call: the darker the larger; blank: none", "soft");
    y += kGap / 2;
    for (std::size_t i = 0; i < recording_.calls.size(); ++i, y += kStrip) {
      const CallRecording& call = recording_.calls[i];
      svg_.text(kLeft - 6, y + kStrip - 3, fmt::format("{}", call.controller), "soft end");
      for (std::size_t n = 0; n < call.announced.size();) {
        std::size_t end = n + 1;
        while (end < call.announced.size() && call.announced[end].height == call.announced[n].height) ++end;
        const double from = std::max(seconds(call.announced[n].at), 0.0);
        const double to =
            seconds(end < call.announced.size() ? std::min(call.announced[end].at, call.ended) : call.ended);
        draw_size(i, call.announced[n].height, from, to, y);
        n = end;
      }
    }
  }

  void draw_size(std::size_t call, int height, double from, double to, double y) {
    if (height == 0 || to <= from) return;
    const int shade = height >= 1080 ? 4 : height >= 720 ? 3 : height >= 480 ? 2 : 1;
    const Panel panel{kLeft, y, kPlotWidth, kStrip, length_, 1};
    const double width = panel.x(to) - panel.x(from);
    svg_.rect(panel.x(from), y, width, kStrip - 2, fmt::format("{} s{}", colour("f", call), shade),
              fmt::format("{}p from {:.1f} to {:.1f} s", height, from, to));
    if (width > 40) svg_.text(panel.x(from) + 4, y + kStrip - 4, fmt::format("{}p", height), "");
  }

  Svg& svg_;
  const Recording& recording_;
  double top_;
  double length_;
};

}  // namespace

std::string plot(std::span<const Recording> recordings) {
  double height = 10;
  for (const Recording& recording : recordings) height += Drawing::height(recording);
  Svg svg(kWidth, height);
  double top = 4;
  for (const Recording& recording : recordings) {
    Drawing(svg, recording, top).draw();
    top += Drawing::height(recording);
  }
  return std::move(svg).finish();
}

}  // namespace tidewire::simulate
