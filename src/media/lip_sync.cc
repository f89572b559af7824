#include "media/lip_sync.h"

#include <algorithm>

#include "base/serial.h"

namespace tidewire::media {

void LipSync::add(StreamId stream, MediaKind kind, std::string_view group) {
  Stream& its = streams_[stream];
  its.kind = kind;
  its.group = group;
}

void LipSync::remove(StreamId stream) { streams_.erase(stream); }

void LipSync::switch_source(StreamId stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  Stream& its = found->second;
  its.cname.clear();
  its.has_report = its.playing = false;
  its.delay_count = 0;
}

void LipSync::set_cname(StreamId stream, std::string_view cname) {
  const auto found = streams_.find(stream);
  if (found != streams_.end() && found->second.cname != cname) found->second.cname = cname;
}

void LipSync::handle_sender_report(StreamId stream, rtp::NtpTime ntp, std::uint32_t rtp_timestamp) {
  const auto found = streams_.find(stream);
  // RFC 3550 §6.4.1: zero from a sender that has no notion of wall clock.
  if (found == streams_.end() || ntp.value == 0) return;
  found->second.has_report = true;
  found->second.report_time = rtp::to_unix(ntp);
  found->second.report_rtp_timestamp = rtp_timestamp;
}

void LipSync::handle_playout(StreamId stream, std::uint32_t rtp_timestamp, std::uint32_t clock_rate, Timestamp played) {
  const auto found = streams_.find(stream);
  if (found == streams_.end() || !found->second.has_report) return;
  Stream& its = found->second;
  const std::int64_t ticks = serial_distance(its.report_rtp_timestamp, rtp_timestamp);
  its.captured = {its.report_time.since_epoch + Duration{ticks * 1'000'000'000 / clock_rate}};
  its.played = played;
  its.playing = true;
  const Duration delay = played.time_since_epoch() - its.captured.since_epoch;
  if (its.delay_count++ == 0) its.mean_delay = delay;
  its.mean_delay += (delay - its.mean_delay) / its.delay_count;
}

void LipSync::set_delays(StreamId stream, Duration target, Duration current) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  found->second.target = target;
  found->second.current = current;
}

std::optional<UnixTime> LipSync::estimated_playout(StreamId stream, Timestamp now) const {
  const auto found = streams_.find(stream);
  if (found == streams_.end() || !found->second.playing) return std::nullopt;
  return UnixTime{found->second.captured.since_epoch + (now - found->second.played)};
}

Duration LipSync::sync_delay(StreamId stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? Duration::zero() : found->second.sync_delay;
}

// What is of one media stream (a=msid) belongs together; without a name, what has the same CNAME, which stands for one
// clock (RFC 3550 §6.5.1).
bool LipSync::belong_together(const Stream& a, const Stream& b) {
  if (!a.group.empty() && !b.group.empty()) return a.group == b.group;
  return !a.cname.empty() && a.cname == b.cname;
}

bool LipSync::takes_part(const Stream& stream, Timestamp now) {
  return stream.delay_count > 0 && now - stream.played <= kSilence;
}

std::span<const LipSync::Change> LipSync::update(Timestamp now) {
  changes_.clear();
  if (!due(now)) return {};
  next_update_ = now + kInterval;
  for (auto& [id, stream] : streams_) stream.visited = !takes_part(stream, now);
  for (auto it = streams_.begin(); it != streams_.end(); ++it) {
    if (!it->second.visited) align(it);
  }
  for (auto& [id, stream] : streams_) stream.delay_count = 0;
  return changes_;
}

void LipSync::collect_group(std::map<StreamId, Stream>::iterator first) {
  group_.clear();
  for (auto it = first; it != streams_.end(); ++it) {
    if (it->second.visited || (it != first && !belong_together(first->second, it->second))) continue;
    it->second.visited = true;
    group_.push_back(it);
  }
}

Duration LipSync::step_of(Duration behind) {
  return behind > kNoticeable ? std::min(behind, kQuickStep) : std::min(behind / 2, kMaxStep);
}

void LipSync::align(std::map<StreamId, Stream>::iterator first) {
  collect_group(first);
  bool audio = false;
  bool all_wait = true;
  Duration slowest = Duration::min();
  Duration fastest = Duration::max();
  for (const auto& it : group_) {
    audio |= it->second.kind == MediaKind::kAudio;
    all_wait &= it->second.waits();
    slowest = std::max(slowest, it->second.coming_delay());
    fastest = std::min(fastest, it->second.coming_delay());
  }
  const Duration skew = slowest - fastest;
  // Pictures alone need not wait for each other, and nothing waits for a stream whose clock is another one.
  const bool alone = group_.size() < 2 || !audio || skew > kMaxSkew;
  for (const auto& it : group_) {
    Stream& stream = it->second;
    const Duration behind = slowest - stream.coming_delay();
    Duration sync = stream.waits() ? stream.sync_delay : Duration::zero();
    if (alone || all_wait) {
      sync -= kMaxStep;
    } else if (behind > kDeadBand) {
      sync = std::max(sync, stream.current) + step_of(behind);
    } else if (skew > kDeadBand) {
      sync -= std::min<Duration>(skew / 2, kMaxStep);  // it may be the slowest because it waits
    }
    change(it->first, stream, std::clamp<Duration>(sync, Duration::zero(), kMaxSyncDelay), !alone);
  }
}

void LipSync::change(StreamId id, Stream& stream, Duration sync_delay, bool together) {
  if (stream.sync_delay == sync_delay && stream.together == together) return;
  stream.sync_delay = sync_delay;
  stream.together = together;
  changes_.push_back({id, sync_delay, together});
}

}  // namespace tidewire::media
