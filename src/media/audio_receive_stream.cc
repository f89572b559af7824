#include "media/audio_receive_stream.h"

#include <algorithm>

#include "media/payload/format.h"
#include "media/payload/opus.h"

namespace tidewire::media {

namespace {

// A frame that lies so far from the others is of another timeline.
constexpr int kFarAhead = 6;   // seconds; more than the longest delay,
constexpr int kFarBehind = 3;  // and more than any network delays a packet

}  // namespace

AudioReceiveStream::AudioReceiveStream(ReceiveStreamConfig config) : reception_(clock_rate(CodecType::kOpus)) {
  stats_.kind = remote_.kind = MediaKind::kAudio;
  update(std::move(config));
  switch_codec(config_.codecs.empty() ? CodecType::kOpus : config_.codecs.front().codec);
}

void AudioReceiveStream::update(ReceiveStreamConfig config) {
  config_ = std::move(config);
  stats_.mid = config_.mid;
  stats_.rid = config_.rid;
}

void AudioReceiveStream::set_ssrc(rtp::Ssrc ssrc) {
  if (ssrc_ == ssrc) return;
  ssrc_ = ssrc;
  stats_.ssrc = remote_.ssrc = ssrc.value();
  remote_.reports_sent = 0;
  sender_report_.reset();
  reception_ = Reception(clock_rate_);
  restart();
}

void AudioReceiveStream::restart() {
  timestamps_.reset();
  received_ = 0;
  last_sequence_.reset();
  stop_clock();
}

// What waits is of no use, and what comes next begins anew.
void AudioReceiveStream::stop_clock() {
  arrival_.reset();
  stats_.packets_discarded += waiting_.size();
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

// --- arriving ---

bool AudioReceiveStream::handle_packet(const rtp::PacketView& view, std::size_t size, Timestamp now) {
  count_packet(view, size, now);
  RedPayload red;
  red.primary = {view.header.payload_type, 0, view.payload};
  const bool is_red = config_.red_payload_type == view.header.payload_type;
  // Nothing but padding has none of RED's blocks. Browsers probe the path with it, and take it for lost if it is not
  // counted.
  const bool is_padding = view.payload.empty();
  if (is_red && !is_padding) {
    const auto parsed = parse_red(view.payload);
    if (!parsed) return ++stats_.packets_discarded, false;
    red = *parsed;
  }
  const auto codec = is_red && is_padding ? codec_ : find_codec(config_, red.primary.payload_type);
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
  if (is_repeated(reception_.sequence_number())) return ++stats_.packets_discarded, true;
  if (red.primary.payload.empty()) return true;
  const Arrived arrived{timestamps_.unwrap(view.header.timestamp), reception_.sequence_number(), now};
  const bool sound = take_frame(red.primary, arrived);
  if (sound) take_copies(red, arrived);
  return sound;
}

void AudioReceiveStream::count_packet(const rtp::PacketView& view, std::size_t size, Timestamp now) {
  ++stats_.packets_received;
  stats_.bytes_received += view.payload.size();
  stats_.header_bytes_received += size - view.payload.size();
  stats_.payload_type = view.header.payload_type.value();
  stats_.last_packet_received_timestamp = now;
  if (!stats_.first_packet_received_timestamp) stats_.first_packet_received_timestamp = now;
}

// Whether a packet with this number came before: one that was repeated says nothing about the path. One that is older
// than what is remembered counts as such.
bool AudioReceiveStream::is_repeated(std::int64_t sequence_number) {
  const std::int64_t ahead = received_ == 0 ? 64 : sequence_number - newest_;
  if (ahead > 0) {
    received_ = (ahead < 64 ? received_ << ahead : 0) | 1U;
    newest_ = sequence_number;
    return false;
  }
  const std::uint64_t bit = ahead > -64 ? std::uint64_t{1} << -ahead : 0;
  if (bit == 0 || (received_ & bit) != 0) return true;
  received_ |= bit;
  return false;
}

bool AudioReceiveStream::take_frame(const RedBlock& block, const Arrived& arrived) {
  const std::optional<std::uint32_t> duration = payload_duration(codec_, block.payload);
  if (!duration) return ++stats_.packets_discarded, false;
  if (is_late(arrived.timestamp, *duration)) {
    arrival_.handle_packet(to_duration(arrived.timestamp), arrived.at);
    ++stats_.packets_discarded;
    return true;
  }
  arrival_.handle_packet(to_duration(arrived.timestamp), arrived.at);
  if (waiting_.contains(arrived.timestamp)) {
    // A copy came first, or two packets have the same timestamp.
    ++stats_.packets_discarded;
  } else {
    store(block.payload, *duration, arrived);
  }
  if (!playing_ && !waiting_.empty()) start_clock(arrived.at);
  return true;
}

// RFC 2198 §4: a copy takes the place of a frame that did not come. Those of another codec are of no use here.
void AudioReceiveStream::take_copies(const RedPayload& red, const Arrived& arrived) {
  std::int64_t back = static_cast<std::int64_t>(red.count);
  for (const RedBlock& copy : red.copies()) {
    const Arrived its{arrived.timestamp - copy.offset, arrived.sequence_number - back--, arrived.at};
    ++stats_.fec_packets_received;
    const auto duration =
        find_codec(config_, copy.payload_type) == codec_ ? payload_duration(codec_, copy.payload) : std::nullopt;
    const bool needed =
        duration && copy.offset > 0 && its.timestamp + *duration > next_ && !waiting_.contains(its.timestamp);
    if (needed) {
      store(copy.payload, *duration, its);
    } else {
      ++stats_.fec_packets_discarded;
    }
  }
}

// A frame whose slot is over is of no use; several in a row say that the clock is wrong. So does one that lies far off.
bool AudioReceiveStream::is_late(std::int64_t timestamp, std::uint32_t duration) {
  if (!playing_) return false;
  const std::int64_t end = timestamp + duration;
  if (timestamp > next_ + kFarAhead * std::int64_t{clock_rate_} ||
      end < next_ - kFarBehind * std::int64_t{clock_rate_}) {
    stop_clock();
    return false;
  }
  if (end > next_) {
    late_in_a_row_ = 0;
    return false;
  }
  if (++late_in_a_row_ < kMaxLateInARow) return true;
  stop_clock();
  return false;
}

void AudioReceiveStream::store(ByteView payload, std::uint32_t duration, const Arrived& arrived) {
  const std::uint32_t redundancy = codec_ == CodecType::kOpus ? opus_redundancy(payload) : 0;
  if (redundancy > 0) ++stats_.fec_packets_received;
  const bool had_room = waiting_.insert({.timestamp = arrived.timestamp,
                                         .duration = duration,
                                         .sequence_number = arrived.sequence_number,
                                         .arrival = arrived.at,
                                         .redundancy = redundancy,
                                         .payload = Bytes(payload.begin(), payload.end())});
  if (!had_room) ++stats_.packets_discarded;
}

void AudioReceiveStream::start_clock(Timestamp now) {
  playing_ = true;
  const WaitingAudio& first = waiting_.front();
  samples_.settle(stats_, last_sequence_ && first.sequence_number == *last_sequence_ + 1);
  next_ = first.timestamp;
  waited_ = 0;
  pace_ = Pace::kEven;
  const Timestamp wanted = arrival_.known() ? arrival_.origin() + to_duration(next_) : now;
  due_ = std::max(wanted + target_delay(), now);
}

void AudioReceiveStream::handle_sender_report(const rtp::SenderInfo& info, Timestamp now) {
  sender_report_ = info;
  reception_.handle_sender_report(info, now);
  ++remote_.reports_sent;
  remote_.packets_sent = info.packet_count;
  remote_.bytes_sent = info.octet_count;
  remote_.remote_timestamp = rtp::to_unix(info.ntp);
}

// --- delay ---

void AudioReceiveStream::set_jitter_buffer_target(std::optional<Duration> target) {
  jitter_buffer_target_ = std::clamp(target.value_or(Duration::zero()), Duration::zero(), kMaxDelay);
}

void AudioReceiveStream::set_sync_delay(Duration delay) {
  sync_delay_ = std::clamp(delay, Duration::zero(), kMaxDelay);
}

// A frame's length more than nearly all packets need, so that there is one to go on with when pace changes.
Duration AudioReceiveStream::network_delay() const {
  const Duration frame = std::min(to_duration(last_duration_), Duration{std::chrono::milliseconds{20}});
  return std::clamp(arrival_.delay() + frame, kMinDelay, kMaxNetworkDelay);
}

Duration AudioReceiveStream::target_delay() const {
  const Duration configured = std::min(config_.playout_delay.value_or(Duration::zero()), kMaxDelay);
  return std::max({network_delay(), configured, jitter_buffer_target_, sync_delay_});
}

Duration AudioReceiveStream::current_delay() const {
  if (!playing_ || !arrival_.known()) return target_delay();
  // While nothing comes, what was concealed is taken for what is lost or silent.
  return due_ - (arrival_.origin() + to_duration(next_ + waited_));
}

std::optional<Duration> AudioReceiveStream::excess() const {
  return playing_ && arrival_.known() ? std::optional(current_delay() - target_delay()) : std::nullopt;
}

// --- statistics ---

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
