#include "rate_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "call/report.h"

namespace tidewire::app {
namespace {

// Of all streams of a kind.
struct Sent {
  std::uint64_t bytes = 0;
  std::uint64_t frames = 0;
  std::uint64_t target = 0;
  int height = 0;
  std::optional<QualityLimitationReason> reason;
};

Sent sent(const StatsReport& stats, MediaKind kind) {
  Sent sum;
  for (const OutboundRtpStreamStats& stream : stats.rtp.outbound) {
    if (stream.kind != kind) continue;
    // What is sent again is also what fills the path while pictures wait.
    sum.bytes += stream.bytes_sent - stream.retransmitted_bytes_sent;
    sum.frames += stream.frames_sent;
    sum.target += stream.target_bitrate;
    sum.height = std::max(sum.height, stream.frame_height);
    if (stream.quality_limitation_reason) sum.reason = stream.quality_limitation_reason;
  }
  return sum;
}

// Names go between commas.
std::string field(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string if_any(const std::optional<std::uint64_t>& value) { return value ? std::to_string(*value) : ""; }

std::int64_t lost(const StatsReport& stats) {
  std::int64_t sum = 0;
  for (const RemoteInboundRtpStreamStats& stream : stats.rtp.remote_inbound) sum += stream.packets_lost;
  return sum;
}

}  // namespace

Result<RateLog> RateLog::open(const std::string& path) {
  RateLog log;
  log.file_.open(path);
  log.file_ << "time_s,from,to,capacity,estimate,video,audio,height,fps,reason,round_trip_ms,lost\n" << std::flush;
  if (!log.file_) return Error{ErrorCode::kNotReadable, "--log-rates: cannot write " + path};
  return log;
}

void RateLog::add(const std::string& from, call::Call& call, std::optional<std::uint64_t> capacity) {
  const StatsReport now = call.stats();
  StatsReport& before = before_[from + '\n' + call.peer().id];
  if (!begin_) begin_ = now.timestamp;
  const double seconds =
      before.timestamp == Timestamp{} ? 0 : std::chrono::duration<double>(now.timestamp - before.timestamp).count();
  const auto rate = [seconds](std::uint64_t present, std::uint64_t past) {
    return seconds > 0 && present >= past ? static_cast<double>(present - past) / seconds : 0.0;
  };
  const Sent video = sent(now, MediaKind::kVideo);
  const Sent audio = sent(now, MediaKind::kAudio);
  const double frames = rate(video.frames, sent(before, MediaKind::kVideo).frames);
  const bool paused = video.reason == QualityLimitationReason::kBandwidth && video.target == 0;
  const auto& pair = now.selected_candidate_pair;
  const auto round_trip = call::round_trip(now);
  file_ << fmt::format(
               "{:.3f},{},{},{},{},{:.0f},{:.0f},{},{:.0f},{},{},{}\n",
               std::chrono::duration<double>(now.timestamp - *begin_).count(), field(from), field(call.peer().name),
               if_any(capacity), if_any(pair ? pair->available_outgoing_bitrate : std::nullopt),
               8 * rate(video.bytes, sent(before, MediaKind::kVideo).bytes),
               8 * rate(audio.bytes, sent(before, MediaKind::kAudio).bytes), paused ? 0 : video.height, frames,
               paused         ? "paused"
               : video.reason ? to_string(*video.reason)
                              : "",
               round_trip ? fmt::format("{:.1f}", std::chrono::duration<double, std::milli>(*round_trip).count()) : "",
               lost(now))
        << std::flush;
  before = now;
}

Result<std::shared_ptr<RateLog>> open_log(const PathOptions& options) {
  if (options.log.empty()) return std::shared_ptr<RateLog>();
  auto log = RateLog::open(options.log);
  if (!log) return log.error();
  return std::make_shared<RateLog>(std::move(*log));
}

void log_rates_each_interval(EventLoop& loop, std::function<void()> add_rows) {
  loop.post_after(RateLog::kInterval, [&loop, add_rows = std::move(add_rows)]() mutable {
    add_rows();
    log_rates_each_interval(loop, std::move(add_rows));
  });
}

}  // namespace tidewire::app
