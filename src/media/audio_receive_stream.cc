#include "media/audio_receive_stream.h"

#include <algorithm>

#include "media/payload/format.h"

namespace tidewire::media {

AudioReceiveStream::AudioReceiveStream(ReceiveStreamConfig config) : reception_(clock_rate(CodecType::kOpus)) {
  waiting_.reserve(kMaxWaiting + 1);
  stats_.kind = remote_.kind = MediaKind::kAudio;
  update(std::move(config));
  switch_codec(config_.codecs.empty() ? CodecType::kOpus : config_.codecs.front().codec);
}

void AudioReceiveStream::update(ReceiveStreamConfig config) {
  config_ = std::move(config);
  stats_.mid = config_.mid;
}

void AudioReceiveStream::set_ssrc(rtp::Ssrc ssrc) {
  if (ssrc_ == ssrc) return;
  ssrc_ = ssrc;
  stats_.ssrc = remote_.ssrc = ssrc.value();
  remote_.reports_sent = 0;
  reception_ = Reception(clock_rate_);
  restart();
}

void AudioReceiveStream::restart() {
  timestamps_.reset();
  waiting_.clear();
  playing_ = false;
  late_in_a_row_ = 0;
}

// RFC 7160 §4: timestamps of different rates have nothing to do with each other; and a decoder of one codec cannot go
// on where another one stopped.
void AudioReceiveStream::switch_codec(CodecType codec) {
  codec_ = stats_.codec = codec;
  clock_rate_ = clock_rate(codec);
  last_duration_ = clock_rate_ / 50;  // 20 ms, until a packet tells
  if (clock_rate_ != reception_.clock_rate()) reception_.set_clock_rate(clock_rate_);
  restart();
}

Duration AudioReceiveStream::to_duration(std::int64_t ticks) const {
  return Duration{ticks / clock_rate_ * 1'000'000'000 + ticks % clock_rate_ * 1'000'000'000 / clock_rate_};
}

bool AudioReceiveStream::handle_packet(const rtp::PacketView& view, std::size_t size, Timestamp now) {
  count_packet(view, size, now);
  const std::optional<CodecType> codec = find_codec(config_, view.header.payload_type);
  if (!codec || kind(*codec) != MediaKind::kAudio) return ++stats_.packets_discarded, false;
  if (*codec != codec_) {
    // One from before the change that was overtaken is too late.
    if (reception_.is_late(view.header)) return ++stats_.packets_discarded, true;
    switch_codec(*codec);
  }
  switch (reception_.handle_packet(view.header, now)) {
    case Reception::Verdict::kAccepted: break;
    case Reception::Verdict::kStray: ++stats_.packets_discarded; return true;
    case Reception::Verdict::kRestarted: restart(); break;
  }
  if (view.payload.empty()) return true;
  const std::optional<std::uint32_t> duration = payload_duration(codec_, view.payload);
  if (!duration) return ++stats_.packets_discarded, false;
  const std::int64_t timestamp = timestamps_.unwrap(view.header.timestamp);
  if (is_late(timestamp, *duration)) return true;
  store(timestamp, *duration, view.payload, now);
  if (!playing_) start_clock(now);
  return true;
}

void AudioReceiveStream::count_packet(const rtp::PacketView& view, std::size_t size, Timestamp now) {
  ++stats_.packets_received;
  stats_.bytes_received += view.payload.size();
  stats_.header_bytes_received += size - view.payload.size();
  stats_.payload_type = view.header.payload_type.value();
  stats_.last_packet_received_timestamp = now;
  if (!stats_.first_packet_received_timestamp) stats_.first_packet_received_timestamp = now;
}

// A frame whose slot is over, in whole or in part, is of no use; several in a row say that the clock is wrong. So
// does one that lies far ahead.
bool AudioReceiveStream::is_late(std::int64_t timestamp, std::uint32_t duration) {
  if (!playing_) return false;
  const std::int64_t far = 3 * std::int64_t{clock_rate_};
  const std::int64_t end = timestamp + duration;
  if (timestamp > next_ + far || end < next_ - far) {
    waiting_.clear();
    playing_ = false;
    return false;
  }
  if (end > next_) {
    late_in_a_row_ = 0;
    return false;
  }
  ++stats_.packets_discarded;
  if (++late_in_a_row_ < kMaxLateInARow) return true;
  late_in_a_row_ = 0;
  waiting_.clear();
  playing_ = false;
  return false;
}

void AudioReceiveStream::store(std::int64_t timestamp, std::uint32_t duration, ByteView payload, Timestamp now) {
  const auto place = std::lower_bound(waiting_.begin(), waiting_.end(), timestamp,
                                      [](const Waiting& w, std::int64_t t) { return w.timestamp < t; });
  if (place != waiting_.end() && place->timestamp == timestamp) {
    ++stats_.packets_discarded;  // twice
    return;
  }
  waiting_.insert(place, {timestamp, duration, now, Bytes(payload.begin(), payload.end())});
  if (waiting_.size() > kMaxWaiting) {
    waiting_.erase(waiting_.begin());
    ++stats_.packets_discarded;
  }
}

void AudioReceiveStream::start_clock(Timestamp now) {
  playing_ = true;
  next_ = waiting_.front().timestamp;
  due_ = now + delay();
  empty_for_ = Duration::zero();
}

// The source's clock runs faster, or a stall is over: more waits than the delay and its slack call for.
void AudioReceiveStream::drop_excess() {
  while (waiting_.size() > 1) {
    const std::int64_t waiting = waiting_.back().timestamp + waiting_.back().duration - next_;
    if (to_duration(waiting) <= delay() + kSlack) return;
    // Left out is what comes next, be it a frame or a hole.
    if (waiting_.front().timestamp <= next_) {
      waiting_.erase(waiting_.begin());
      ++stats_.packets_discarded;
    }
    next_ = waiting_.front().timestamp;
  }
}

// By whole slots: one more that is empty, or one that is left out.
void AudioReceiveStream::follow_sync_delay() {
  const Duration slot = to_duration(last_duration_);
  const Duration wanted = target_delay() - own_delay();
  if (wanted >= applied_sync_delay_ + slot) {
    next_ -= last_duration_;
    applied_sync_delay_ += slot;
  } else if (wanted + slot <= applied_sync_delay_) {
    next_ += last_duration_;
    applied_sync_delay_ -= slot;
    if (!waiting_.empty() && waiting_.front().timestamp < next_) waiting_.erase(waiting_.begin());
  }
}

std::optional<AudioReceiveStream::Slot> AudioReceiveStream::poll_slot(Timestamp now) {
  if (!playing_ || now < due_) return std::nullopt;
  if (now - due_ > kMaxCatchUp) due_ = now;
  follow_sync_delay();
  drop_excess();
  // A frame that was to begin in this slot, also when the source cuts its frames at other times than ours.
  const bool here = !waiting_.empty() && waiting_.front().timestamp < next_ + last_duration_;
  Slot slot = here ? take_frame() : take_nothing();
  due_ += slot.duration;
  if (empty_for_ >= kSilence) playing_ = false;
  return slot;
}

AudioReceiveStream::Slot AudioReceiveStream::take_frame() {
  Waiting waiting = std::move(waiting_.front());
  waiting_.erase(waiting_.begin());
  Slot slot{EncodedFrame{}, to_duration(waiting.duration), due_};
  slot.frame->codec = codec_;
  slot.frame->payload = std::move(waiting.payload);
  slot.frame->rtp_timestamp = static_cast<std::uint32_t>(waiting.timestamp);
  slot.frame->key_frame = true;
  slot.frame->timestamp = due_;
  next_ = waiting.timestamp + waiting.duration;
  last_duration_ = waiting.duration;
  empty_for_ = Duration::zero();
  ++stats_.frames_received;
  ++stats_.jitter_buffer_emitted_count;
  stats_.jitter_buffer_delay += std::max(due_ - waiting.arrival, Duration::zero());
  if (!stats_.first_frame_received_timestamp) stats_.first_frame_received_timestamp = waiting.arrival;
  return slot;
}

AudioReceiveStream::Slot AudioReceiveStream::take_nothing() {
  Slot slot{std::nullopt, to_duration(last_duration_), due_};
  if (empty_for_ == Duration::zero()) ++stats_.concealment_events;
  ++stats_.concealed_slots;
  empty_for_ += slot.duration;
  next_ += last_duration_;
  return slot;
}

void AudioReceiveStream::handle_sender_report(const rtp::SenderInfo& info, Timestamp now) {
  reception_.handle_sender_report(info, now);
  last_sender_report_ = info;
  ++remote_.reports_sent;
  remote_.packets_sent = info.packet_count;
  remote_.bytes_sent = info.octet_count;
  remote_.remote_timestamp = rtp::to_unix(info.ntp);
}

std::optional<rtp::ReportBlock> AudioReceiveStream::make_report_block(Timestamp now) {
  return ssrc_ ? reception_.make_report_block(*ssrc_, now) : std::nullopt;
}

InboundRtpStreamStats AudioReceiveStream::stats() const {
  InboundRtpStreamStats stats = stats_;
  stats.packets_lost = reception_.cumulative_lost();
  stats.jitter = reception_.jitter();
  return stats;
}

std::optional<RemoteOutboundRtpStreamStats> AudioReceiveStream::remote_stats() const {
  return remote_.reports_sent == 0 ? std::nullopt : std::optional(remote_);
}

}  // namespace tidewire::media
