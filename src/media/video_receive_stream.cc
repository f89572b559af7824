#include "media/video_receive_stream.h"

#include <algorithm>
#include <array>

#include "rtp/rtcp_feedback.h"

namespace tidewire::media {

namespace {

// Of every format of pictures.
constexpr std::uint32_t kClockRate = clock_rate(CodecType::kVp8);

}  // namespace

VideoReceiveStream::VideoReceiveStream(ReceiveStreamConfig config) : reception_(kClockRate), playout_(kClockRate) {
  stats_.kind = remote_.kind = MediaKind::kVideo;
  update(std::move(config));
  if (!config_.codecs.empty()) stats_.codec = config_.codecs.front().codec;
}

void VideoReceiveStream::update(ReceiveStreamConfig config) {
  config_ = std::move(config);
  stats_.mid = config_.mid;
  stats_.rid = config_.rid;
  reads_extensions_ = config_.extensions.has(rtp::ExtensionType::kVideoOrientation) ||
                      config_.extensions.has(rtp::ExtensionType::kPlayoutDelay) ||
                      config_.extensions.has(rtp::ExtensionType::kDependencyDescriptor);
  update_minimum_delay();
}

void VideoReceiveStream::set_jitter_buffer_target(std::optional<Duration> target) {
  jitter_buffer_target_ = target;
  update_minimum_delay();
}

void VideoReceiveStream::update_minimum_delay() {
  const Duration configured = config_.playout_delay.value_or(Duration::zero());
  playout_.set_minimum(std::max(configured, jitter_buffer_target_.value_or(Duration::zero())));
}

void VideoReceiveStream::set_ssrc(rtp::Ssrc ssrc) {
  if (ssrc_ == ssrc) return;
  ssrc_ = ssrc;
  stats_.ssrc = remote_.ssrc = ssrc.value();
  remote_.reports_sent = 0;
  reception_ = Reception(kClockRate);
  flexfec_.reset();
  playout_.set_sender_bounds(Duration::zero(), VideoPlayout::kMaxDelay);
  rotation_ = 0;
  freezes_.restart();
  restart();
}

void VideoReceiveStream::restart() {
  assembler_.reset();
  missing_.clear();
  arrivals_.clear();
  playout_.reset();
  dependencies_ = {};
  skippable_ = false;
  key_frame_wanted_since_.reset();
  blocked_since_.reset();
  update_ready();
}

bool VideoReceiveStream::handle_packet(Packet packet, const rtp::PacketView& view, Timestamp now) {
  count_packet(view, packet.size(), now);
  switch (reception_.handle_packet(view.header, now)) {
    case Reception::Verdict::kAccepted: break;
    case Reception::Verdict::kStray: ++stats_.packets_discarded; return true;
    case Reception::Verdict::kRestarted:
      flexfec_.reset();
      restart();
      break;
  }
  if (config_.flexfec_payload_type) flexfec_.handle_media(reception_.sequence_number(), packet.bytes());
  return store(std::move(packet), view, false, now);
}

bool VideoReceiveStream::handle_repeated(Packet packet, const rtp::PacketView& view, Timestamp now) {
  count_packet(view, packet.size(), now);
  ++stats_.retransmitted_packets_received;
  stats_.retransmitted_bytes_received += view.payload.size();
  if (!reception_.locate(view.header.sequence_number)) return ++stats_.packets_discarded, true;
  if (config_.flexfec_payload_type) flexfec_.handle_elsewhere(reception_.sequence_number());
  return store(std::move(packet), view, true, now);
}

// https://www.w3.org/TR/webrtc-stats/#dom-rtcinboundrtpstreamstats-fecpacketsreceived: they count here, though they
// have an SSRC of their own.
void VideoReceiveStream::handle_repair(const rtp::PacketView& view, std::size_t size) {
  ++stats_.packets_received;
  stats_.bytes_received += view.payload.size();
  stats_.header_bytes_received += size - view.payload.size();
  ++stats_.fec_packets_received;
  stats_.fec_bytes_received += view.payload.size();
  stats_.fec_ssrc = view.header.ssrc.value();
  if (ssrc_) {
    flexfec_.handle_repair(view, *ssrc_);
  } else {
    ++stats_.fec_packets_discarded;
  }
}

std::optional<Packet> VideoReceiveStream::poll_recovered(PacketPool& pool) {
  auto recovered = flexfec_.poll_recovered(pool);
  return recovered ? std::optional(std::move(recovered->packet)) : std::nullopt;
}

// RFC 3550 §6.4.1: what was lost stays lost in reports; the sender's protection follows them.
void VideoReceiveStream::handle_recovered(Packet packet, Timestamp now) {
  const auto view = rtp::PacketView::parse(packet.bytes());
  if (!view || !reception_.locate(view->header.sequence_number)) return;
  missing_.handle_recovered(reception_.sequence_number());
  store(std::move(packet), *view, false, now);
}

bool VideoReceiveStream::store(Packet packet, const rtp::PacketView& view, bool again, Timestamp now) {
  const std::optional<CodecType> codec = find_codec(config_, view.header.payload_type);
  if (!codec || kind(*codec) != MediaKind::kVideo) return ++stats_.packets_discarded, false;
  const std::int64_t number = reception_.sequence_number();
  const rtp::Extensions extensions = reads_extensions_ && view.header.has_extension
                                         ? rtp::read_extensions(view.header, config_.extensions)
                                         : rtp::Extensions{};
  const VideoArrivals::Packet arrival = describe(extensions, view.payload.size(), again, now);
  const auto descriptor =
      extensions.dependency_descriptor ? dependencies_.read(extensions.dependency_descriptor->bytes) : std::nullopt;
  const std::size_t missing = missing_.size();
  if (config_.nack && !missing_.handle_packet(number, now, again)) want_key_frame(now);
  if (missing_.size() > missing + kLongGap) want_key_frame(now);
  switch (assembler_.insert(number, *codec, std::move(packet), view, now, descriptor ? &*descriptor : nullptr)) {
    case FrameAssembler::Insert::kStored: arrivals_.add(number, arrival); break;
    case FrameAssembler::Insert::kUseless: ++stats_.packets_discarded; break;
    case FrameAssembler::Insert::kMalformed: ++stats_.packets_discarded; return false;
    case FrameAssembler::Insert::kOverflow:
      arrivals_.add(number, arrival);
      missing_.forget_before(assembler_.oldest());
      want_key_frame(now);
      break;
  }
  update_ready();
  note_gap(now);
  return true;
}

void VideoReceiveStream::note_gap(Timestamp now) {
  if (assembler_.needs_key_frame() && !ready_) want_key_frame(now);
  if (!assembler_.blocked()) {
    blocked_since_.reset();
  } else if (!blocked_since_) {
    blocked_since_ = now;
  }
  skippable_ = blocked_since_ && !ready_ && assembler_.ready_skipping();
}

Timestamp VideoReceiveStream::skip_due() const {
  if (!skippable_ || !blocked_since_) return kNever;
  if (!config_.nack) return *blocked_since_ + kGapPatienceWithoutNack;
  // From when the packet was missed, which may be long before it held anything up: gaps that follow one another are
  // waited for at the same time.
  const Timestamp since = std::min(*blocked_since_, missing_.oldest());
  return since + std::chrono::duration_cast<Duration>(round_trip_time() * kSkipPatience);
}

VideoArrivals::Packet VideoReceiveStream::describe(const rtp::Extensions& extensions, std::size_t size, bool again,
                                                   Timestamp now) {
  VideoArrivals::Packet packet{now, static_cast<std::uint32_t>(size), -1, again};
  // Not every sender repeats in a stream of its own: what comes a round trip after it was asked for was repeated.
  if (const auto asked = missing_.asked_for(reception_.sequence_number())) {
    packet.repeated |= now - *asked >= round_trip_time() * 3 / 4;
  }
  if (const auto& orientation = extensions.video_orientation) {
    packet.rotation = static_cast<std::int16_t>(orientation->clockwise_degrees);
  }
  if (const auto& delay = extensions.playout_delay) playout_.set_sender_bounds(delay->min, delay->max);
  return packet;
}

void VideoReceiveStream::count_packet(const rtp::PacketView& view, std::size_t size, Timestamp now) {
  ++stats_.packets_received;
  stats_.bytes_received += view.payload.size();
  stats_.header_bytes_received += size - view.payload.size();
  stats_.payload_type = view.header.payload_type.value();
  stats_.last_packet_received_timestamp = now;
  if (!stats_.first_packet_received_timestamp) stats_.first_packet_received_timestamp = now;
}

void VideoReceiveStream::update_ready() {
  const std::optional<FrameAssembler::Ready> ready = assembler_.ready();
  if (ready && ready_ && ready->first == ready_->first) return;
  set_ready(ready);
}

void VideoReceiveStream::set_ready(const std::optional<FrameAssembler::Ready>& ready) {
  ready_ = ready;
  due_ = kNever;
  if (!ready) return;
  if (ready->key_frame) key_frame_wanted_since_.reset();  // here it is, though it may have to wait
  ready_arrival_ = arrivals_.frame(ready->first, ready->last);
  due_ = playout_.handle_frame({ready->rtp_timestamp, ready_arrival_.first_packet, ready_arrival_.last_packet,
                                ready_arrival_.size, ready->key_frame, ready_arrival_.repeated});
}

std::optional<EncodedFrame> VideoReceiveStream::poll_frame(Timestamp now) {
  if (now >= skip_due()) {
    skippable_ = false;
    set_ready(assembler_.ready_skipping());
  }
  while (ready_ && now >= due_) {
    std::optional<EncodedFrame> frame = assembler_.take(*ready_);
    if (frame) {
      // 3GPP TS 26.114 §7.4.5: a key frame says how it is turned; others are turned like the one before,
      // unless they say.
      rotation_ = ready_arrival_.rotation.value_or(frame->key_frame ? 0 : rotation_);
      frame->rotation = rotation_;
      frame->timestamp = due_;
      count_frame(*frame, now);
    } else {
      want_key_frame(now);
    }
    missing_.forget_before(assembler_.oldest());
    ready_.reset();
    update_ready();
    if (frame) note_shown(*frame, now);
    blocked_since_ = assembler_.blocked() ? std::optional(now) : std::nullopt;
    note_gap(now);
    if (frame) return frame;
  }
  return std::nullopt;
}

// Of the frames that are due at once, only the last one is shown.
void VideoReceiveStream::note_shown(EncodedFrame& frame, Timestamp now) {
  frame.missed_deadline = ready_ && now >= due_;
  if (frame.missed_deadline) ++stats_.frames_dropped;
  freezes_.handle_frame(now, !frame.missed_deadline);
}

void VideoReceiveStream::count_frame(const EncodedFrame& frame, Timestamp now) {
  if (frame.key_frame) {
    key_frame_wanted_since_.reset();
    missing_.forget_before(ready_->last);
    ++stats_.key_frames_received;
  }
  if (frame.width > 0) {
    stats_.frame_width = frame.width;
    stats_.frame_height = frame.height;
  }
  stats_.codec = frame.codec;
  ++stats_.frames_received;
  count_delays(now);
  if (!stats_.first_frame_received_timestamp) stats_.first_frame_received_timestamp = ready_->complete_since;
}

void VideoReceiveStream::count_delays(Timestamp now) {
  const Duration since_first_packet = now - ready_arrival_.first_packet;
  if (ready_->last > ready_->first) {
    ++stats_.frames_assembled_from_multiple_packets;
    stats_.total_assembly_time += ready_arrival_.last_packet - ready_arrival_.first_packet;
  }
  stats_.jitter_buffer_delay += since_first_packet;
  stats_.jitter_buffer_target_delay += playout_.target_delay();
  stats_.jitter_buffer_minimum_delay += playout_.minimum_delay();
  ++stats_.jitter_buffer_emitted_count;
  stats_.total_processing_delay += since_first_packet;
}

void VideoReceiveStream::want_key_frame(Timestamp now) {
  if (!key_frame_wanted_since_) key_frame_wanted_since_ = now;
}

void VideoReceiveStream::request_key_frame(Timestamp now) { want_key_frame(now); }

Duration VideoReceiveStream::key_frame_request_interval() const {
  return std::max<Duration>(kKeyFrameRequestInterval, round_trip_time() * 3 / 2);
}

Timestamp VideoReceiveStream::gap_deadline() const {
  if (!blocked_since_) return kNever;
  return *blocked_since_ +
         (config_.nack ? std::max<Duration>(kGapPatience, round_trip_time() * 4) : Duration{kGapPatienceWithoutNack});
}

Timestamp VideoReceiveStream::key_frame_request_due() const {
  if (!ssrc_ || !stats_.last_packet_received_timestamp) return kNever;
  Timestamp wanted = gap_deadline();
  if (key_frame_wanted_since_) {
    // One that is on its way needs time to arrive in whole.
    wanted = *key_frame_wanted_since_ + (assembler_.key_frame_begun() ? key_frame_request_interval() : kKeyFrameGrace);
  }
  if (wanted == kNever) return kNever;
  const Timestamp due = std::max(wanted, key_frame_requests_.next(key_frame_request_interval()));
  // A source that fell silent is not asked; its next packet starts this anew.
  return due > *stats_.last_packet_received_timestamp + kSilence ? kNever : due;
}

bool VideoReceiveStream::write_nack(rtp::RtcpWriter& writer, rtp::Ssrc sender, Timestamp now) {
  if (!config_.nack || !ssrc_) return false;
  // 64 numbers take 256 bytes at most. What is not among them is due still.
  std::array<std::uint16_t, 64> numbers;
  if (writer.remaining() < 12 + 4 * numbers.size()) return false;
  const std::size_t count = missing_.collect(numbers, now, round_trip_time_);
  if (count == 0 || !rtp::write_nack(writer, sender, *ssrc_, std::span(numbers).first(count))) return false;
  ++stats_.nack_count;
  return true;
}

bool VideoReceiveStream::write_key_frame_request(rtp::RtcpWriter& writer, rtp::Ssrc sender, Timestamp now) {
  if (now < key_frame_request_due() || writer.remaining() < 20) return false;
  key_frame_requests_.allow(now, Duration::zero());
  if (config_.picture_loss_indication) {
    ++stats_.pli_count;
    return rtp::write_picture_loss_indication(writer, sender, *ssrc_);
  }
  if (!config_.full_intra_request) return false;
  ++stats_.fir_count;
  return rtp::write_full_intra_request(writer, sender, *ssrc_, ++fir_sequence_number_);
}

bool VideoReceiveStream::write_feedback(rtp::RtcpWriter& writer, rtp::Ssrc sender, Timestamp now) {
  const bool asked_for_packets = write_nack(writer, sender, now);
  return write_key_frame_request(writer, sender, now) || asked_for_packets;
}

Timestamp VideoReceiveStream::next_timeout() const {
  return std::min({due_, skip_due(), nack_due(), key_frame_request_due()});
}

void VideoReceiveStream::handle_sender_report(const rtp::SenderInfo& info, Timestamp now) {
  reception_.handle_sender_report(info, now);
  ++remote_.reports_sent;
  remote_.packets_sent = info.packet_count;
  remote_.bytes_sent = info.octet_count;
  remote_.remote_timestamp = rtp::to_unix(info.ntp);
}

std::optional<rtp::ReportBlock> VideoReceiveStream::make_report_block(Timestamp now) {
  return ssrc_ ? reception_.make_report_block(*ssrc_, now) : std::nullopt;
}

InboundRtpStreamStats VideoReceiveStream::stats(Timestamp now) const {
  InboundRtpStreamStats stats = stats_;
  stats.packets_lost = reception_.cumulative_lost();
  stats.jitter = reception_.jitter();
  stats.fec_packets_discarded += flexfec_.repairs_discarded();
  stats.packets_repaired = flexfec_.packets_recovered();
  stats.frames_dropped += assembler_.frames_abandoned();
  stats.freeze_count = freezes_.freezes();
  stats.total_freezes_duration = freezes_.total_freezes();
  stats.pause_count = freezes_.pauses();
  stats.total_pauses_duration = freezes_.total_pauses();
  stats.total_inter_frame_delay = freezes_.total_inter_frame_delay();
  stats.total_squared_inter_frame_delay = freezes_.total_squared_inter_frame_delay();
  stats.frames_per_second = static_cast<double>(freezes_.frames_per_second(now));
  return stats;
}

std::optional<RemoteOutboundRtpStreamStats> VideoReceiveStream::remote_stats() const {
  return remote_.reports_sent == 0 ? std::nullopt : std::optional(remote_);
}

}  // namespace tidewire::media
