#include "media/send_stream.h"

#include <algorithm>

#include "media/payload/format.h"
#include "media/rtx.h"

namespace tidewire::media {

namespace {

// Resent bytes stay below half the target rate, with enough at once to repair a key frame. A storm of requests thus
// costs the network at most half as much again.
constexpr std::size_t kResendBurst = 64 * 1024;
constexpr std::uint64_t kMinResendRate = 300'000;

// Of a dependency descriptor with the structure of nine layers, the most that there are: 95 bytes.
constexpr std::size_t kDescriptorWithStructure = 96;

// Older packets have arrived, or have been asked for again.
constexpr Duration kFreshEnough = std::chrono::seconds{1};
// What was sent so long ago, or four round trips, is not repeated.
constexpr Duration kRepairsFor = std::chrono::seconds{1};

// A pause in the sound after which a talkspurt begins (RFC 3551 §4.1).
constexpr Duration kTalkspurtGap = std::chrono::milliseconds{200};

std::uint32_t to_ticks(Duration duration, std::uint32_t clock_rate) {
  // In seconds and the rest, so that a call of days does not overflow.
  const std::int64_t seconds = duration.count() / 1'000'000'000;
  const std::int64_t rest = duration.count() % 1'000'000'000;
  return static_cast<std::uint32_t>(seconds * clock_rate + rest * clock_rate / 1'000'000'000);
}

}  // namespace

SendStream::SendStream(SendStreamConfig config, PacketPool& pool, crypto::Random& random,
                       const WallClockAnchor& wall_clock)
    : pool_(pool),
      wall_clock_(wall_clock),
      // RFC 3711 §3.3.1: the first number is best below 2^15, so that an early loss cannot hide a wrap.
      first_sequence_number_(static_cast<std::uint16_t>(random.below(1U << 15))),
      next_sequence_number_(first_sequence_number_),
      next_rtx_sequence_number_(static_cast<std::uint16_t>(random.below(1U << 15))),
      timestamp_offset_(random.u32()),
      next_picture_id_(static_cast<std::uint16_t>(random.below(1U << 15))),
      tl0_picture_index_(static_cast<std::uint8_t>(random.below(256))),
      resend_budget_(kMinResendRate, kResendBurst),
      flexfec_(pool),
      next_flexfec_sequence_number_(static_cast<std::uint16_t>(timestamp_offset_ >> 17)) {
  update(std::move(config));
}

void SendStream::update(SendStreamConfig config) {
  // Copies of another codec are of no use to a receiver that has left it.
  if (config_.codec != config.codec || config_.red_payload_type != config.red_payload_type) redundancy_.reset();
  if (config_.flexfec != config.flexfec) flexfec_.reset();
  config_ = std::move(config);
  stats_.fec_ssrc = config_.flexfec ? std::optional(config_.flexfec->ssrc.value()) : std::nullopt;
  stats_.ssrc = remote_.ssrc = config_.ssrc.value();
  stats_.kind = remote_.kind = kind(config_.codec);
  stats_.codec = config_.codec;
  stats_.payload_type = config_.payload_type.value();
  stats_.mid = config_.mid;
  stats_.rid = config_.rtp_stream_id;
  stats_.rtx_ssrc = config_.rtx ? std::optional(config_.rtx->ssrc.value()) : std::nullopt;
  set_target_bitrate(config_.target_bitrate);
}

void SendStream::set_target_bitrate(std::uint64_t bits_per_second) {
  const bool had_rate = stats_.target_bitrate > 0 || paused_;
  const bool was_paused = paused_;
  paused_ = stats_.kind == MediaKind::kVideo && had_rate && bits_per_second == 0;
  if (paused_ && !was_paused) drop_all_that_waits();
  if (was_paused && !paused_) key_frame_needed_ = true;
  stats_.target_bitrate = config_.target_bitrate = bits_per_second;
  resend_budget_.set(std::max(bits_per_second / 2, kMinResendRate), kResendBurst);
}

Result<> SendStream::send_frame(const EncodedFrame& frame, Timestamp now) {
  if (frame.codec != config_.codec) return Error{ErrorCode::kInvalidAccess, "The frame is not of the stream's codec."};
  if (frame.payload.empty()) return {};
  frame_timestamp_ = frame.rtp_timestamp + timestamp_offset_;
  frame_captured_ = frame.timestamp == Timestamp{} ? now : std::min(frame.timestamp, now);
  Result<> packed = pack(frame, now);
  last_frame_sent_ = now;
  if (!packed) {
    ++stats_.frames_dropped;
    if (stats_.kind == MediaKind::kVideo) need_key_frame(now);
    return packed;
  }
  count_frame(frame, now);
  return {};
}

void SendStream::count_frame(const EncodedFrame& frame, Timestamp now) {
  // https://www.w3.org/TR/webrtc-stats/#dom-rtcoutboundrtpstreamstats-hugeframessent
  constexpr double kHuge = 2.5;
  const auto size = static_cast<double>(frame.payload.size());
  const bool video = stats_.kind == MediaKind::kVideo;
  if (video && size * static_cast<double>(stats_.frames_sent) > kHuge * static_cast<double>(frame_bytes_) &&
      stats_.frames_sent > 0) {
    ++stats_.huge_frames_sent;
  }
  frame_bytes_ += frame.payload.size();
  frame_times_[stats_.frames_sent % kMaxFramesPerSecond] = now;
  ++stats_.frames_sent;
  if (!stats_.first_frame_sent) stats_.first_frame_sent = now;
  if (video && frame.key_frame) ++stats_.key_frames_sent;
  if (frame.quantizer >= 0) stats_.qp_sum += static_cast<std::uint64_t>(frame.quantizer);
  stats_.scalability_mode = frame.layers.count > 0 ? std::optional(frame.layers.mode) : std::nullopt;
  if (frame.width > 0) {
    stats_.frame_width = frame.width;
    stats_.frame_height = frame.height;
  }
}

std::size_t SendStream::max_payload_size(const EncodedFrame& frame) const {
  // The fixed header and the most that the extensions of one packet take: two-byte elements, padded.
  std::size_t header = 12 + 4 + 3 + (config_.rtx ? 2 : 0);
  const auto add = [&](rtp::ExtensionType type, std::size_t size) {
    if (size > 0 && config_.extensions.has(type)) header += 2 + size;
  };
  add(rtp::ExtensionType::kMid, config_.mid.size());
  add(rtp::ExtensionType::kRtpStreamId, config_.rtp_stream_id.size());
  add(rtp::ExtensionType::kTransportSequenceNumber, 2);
  add(rtp::ExtensionType::kAbsoluteSendTime, 3);
  if (config_.flexfec) header += flexfec_room(header - 12);
  add(rtp::ExtensionType::kAbsoluteCaptureTime, 8);
  add(rtp::ExtensionType::kAudioLevel, stats_.kind == MediaKind::kAudio ? 1 : 0);
  add(rtp::ExtensionType::kVideoOrientation, stats_.kind == MediaKind::kVideo ? 1 : 0);
  // The structure of the layers comes with key frames only.
  if (described_) add(rtp::ExtensionType::kDependencyDescriptor, frame.key_frame ? kDescriptorWithStructure : 3);
  return std::max<std::size_t>(config_.max_packet_size, header + 100) - header;
}

// To the payloads of packets_, each with its place.
Result<> SendStream::cut(const EncodedFrame& frame) {
  // RFC 7741 §4.2, RFC 9628 §4.2: counts the pictures of the lowest temporal layer.
  if (frame.layers.count > 0 && frame.layers.temporal_layer == 0) ++tl0_picture_index_;
  described_ = config_.extensions.has(rtp::ExtensionType::kDependencyDescriptor) && dependencies_.begin(frame);
  const PacketizerOptions options{max_payload_size(frame), queue_.limit() - queue_.size(), next_picture_id_,
                                  config_.h264_packetization_mode, tl0_picture_index_};
  return packetize(frame, options, pool_, packets_, described_ ? &places_ : nullptr);
}

Result<> SendStream::pack(const EncodedFrame& frame, Timestamp now) {
  if (frame.key_frame && stats_.kind == MediaKind::kVideo) make_way();
  Result<> result = cut(frame);
  packing_key_frame_ = frame.key_frame;
  const bool video = stats_.kind == MediaKind::kVideo;
  rtp::PayloadType payload_type = config_.payload_type;
  if (result && !video && config_.red_payload_type && packets_.size() == 1) {
    Packet redundant = redundancy_.pack(payload_type, frame_timestamp_, packets_[0].bytes(), config_.red_distance,
                                        max_payload_size(frame), pool_);
    if (redundant) {
      packets_[0] = std::move(redundant);
      payload_type = *config_.red_payload_type;
    }
  }
  // RFC 3551 §4.1: the marker stands on the first packet after silence, and on a picture's last one.
  const bool talkspurt = !video && (!last_frame_sent_ || now - *last_frame_sent_ > kTalkspurtGap);
  for (std::size_t i = 0; result && i < packets_.size(); ++i) {
    const bool marker = video ? i + 1 == packets_.size() : talkspurt;
    const rtp::Extensions its = extensions(frame, i, now);
    if (enqueue(std::move(packets_[i]), marker, payload_type, its, now)) {
      queue_.at(queue_.size() - 1).first = i == 0;
    } else {
      result = Error{ErrorCode::kOperation, "There is no room for a packet's header; the frame is dropped."};
    }
  }
  packets_.clear();
  rotation_ = frame.rotation;
  if (result && video) next_picture_id_ = static_cast<std::uint16_t>((next_picture_id_ + 1) & 0x7fff);
  return result;
}

rtp::Extensions SendStream::extensions() const {
  rtp::Extensions extensions;
  extensions.mid = config_.mid;
  extensions.rtp_stream_id = config_.rtp_stream_id;
  extensions.transport_sequence_number = 0;
  extensions.absolute_send_time = 0;
  return extensions;
}

rtp::Extensions SendStream::extensions(const EncodedFrame& frame, std::size_t packet, Timestamp now) {
  const bool first = packet == 0;
  const bool last = packet + 1 == packets_.size();
  rtp::Extensions its = extensions();
  if (described_) {
    const PacketPlace& place = places_[packet];
    const ByteView element = dependencies_.element(place.spatial_layer, place.first, place.last);
    if (!element.empty()) its.dependency_descriptor = rtp::OpaqueElement{element};
  }
  if (frame.audio_level_dbov) {
    const int level = std::clamp(-*frame.audio_level_dbov, 0, 127);
    its.audio_level = rtp::AudioLevel{frame.voice_activity, static_cast<std::uint8_t>(level)};
  }
  // 3GPP TS 26.114 §7.4.5: on the last packet of a key frame, and where it changes. Of frames that are not upright,
  // each says so, for receivers that take a frame without it as upright.
  const bool turned = frame.rotation != 0 || frame.rotation != rotation_;
  if (stats_.kind == MediaKind::kVideo && last && (frame.key_frame || turned)) {
    its.video_orientation = rtp::VideoOrientation{false, false, frame.rotation};
  }
  if (first && config_.extensions.has(rtp::ExtensionType::kAbsoluteCaptureTime) &&
      capture_time_limit_.allow(now, kCaptureTimeInterval)) {
    its.absolute_capture_time = rtp::AbsoluteCaptureTime{rtp::to_ntp(wall_clock_.to_wall(frame_captured_)), {}};
  }
  return its;
}

bool SendStream::enqueue(Packet packet, bool marker, rtp::PayloadType payload_type, const rtp::Extensions& extensions,
                         Timestamp now) {
  const rtp::HeaderFields fields{.marker = marker,
                                 .payload_type = payload_type,
                                 .sequence_number = next_sequence_number_,
                                 .timestamp = frame_timestamp_,
                                 .ssrc = config_.ssrc};
  if (!packet || !rtp::write_header(packet, fields, extensions, config_.extensions)) return false;
  queued_bytes_ += packet.size();
  if (!queue_.push({std::move(packet), next_sequence_number_, now, packing_key_frame_})) return false;
  ++next_sequence_number_;
  return true;
}

void SendStream::handle_nack(rtp::Nack nack, Timestamp now, std::optional<Duration> round_trip_time) {
  ++stats_.nack_count;
  if (!config_.nack) return;
  if (!config_.rtx) return need_key_frame(now);
  // What was resent less than about a round trip ago is on its way; the request crossed it.
  round_trip_time_ = round_trip_time.value_or(round_trip_time_);
  const Duration patience = round_trip_time.value_or(std::chrono::milliseconds{20}) * 3 / 4;
  while (const auto number = nack.next()) {
    PacketHistory::Entry* entry = history_.find(*number);
    if (!entry || is_stale(*entry, now) || (entry->times_resent > 0 && now - entry->last_sent < patience)) continue;
    if (!is_worth_repair(*entry, now)) continue;
    if (!resend_budget_.take(entry->packet.size(), now) || !resend_queue_.push(*number)) return;
    entry->last_sent = now;
    ++entry->times_resent;
  }
}

// Pictures of so long ago are not shown any more. On a path that has become slow their repairs would hold up everything
// else for as long as it takes to carry what a fast one lost.
bool SendStream::is_stale(const PacketHistory::Entry& entry, Timestamp now) const {
  return now - entry.first_sent > std::max<Duration>(kRepairsFor, 4 * round_trip_time_);
}

void SendStream::need_key_frame(Timestamp now) {
  if (stats_.kind == MediaKind::kVideo && key_frame_limit_.allow(now, kKeyFrameInterval)) key_frame_needed_ = true;
}

void SendStream::handle_picture_loss(Timestamp now) {
  ++stats_.pli_count;
  need_key_frame(now);
}

void SendStream::handle_full_intra_request(std::uint8_t sequence_number, Timestamp now) {
  ++stats_.fir_count;
  // RFC 5104 §4.3.1.2: the same number again is the same request.
  if (last_fir_ == sequence_number) return;
  last_fir_ = sequence_number;
  need_key_frame(now);
}

std::optional<Duration> SendStream::handle_report_block(const rtp::ReportBlock& block, std::uint32_t now_ntp) {
  const std::optional<Duration> round_trip = measure_round_trip(block, now_ntp);
  plan_repair(block.fraction_lost / 256.0, round_trip);
  return round_trip;
}

std::optional<Duration> SendStream::measure_round_trip(const rtp::ReportBlock& block, std::uint32_t now_ntp) {
  ++remote_.reports_received;
  remote_.packets_lost = block.cumulative_lost;
  // https://www.w3.org/TR/webrtc-stats/#dom-rtcreceivedrtpstreamstats-packetsreceived: as RFC 3550 §A.3 has it for the
  // receiver, from the first number that was sent. One that came in only after a wrap has the first cycle missing.
  std::int64_t expected = std::int64_t{block.extended_highest_sequence_number} - first_sequence_number_ + 1;
  if (expected < 0) expected += 1 << 16;
  remote_.packets_received = static_cast<std::uint64_t>(std::max<std::int64_t>(expected - block.cumulative_lost, 0));
  remote_.fraction_lost = block.fraction_lost / 256.0;
  remote_.jitter = Duration{std::int64_t{block.jitter} * 1'000'000'000 / clock_rate(config_.codec)};
  if (block.last_sender_report == 0) return std::nullopt;
  // RFC 3550 §6.4.1: A - LSR - DLSR
  const Duration round_trip =
      rtp::from_compact_ntp(now_ntp - block.last_sender_report - block.delay_since_last_sender_report);
  // Below zero by rounding, or a lie; more than a minute is one, too.
  if (round_trip < -std::chrono::milliseconds{10} || round_trip > std::chrono::seconds{60}) return std::nullopt;
  remote_.round_trip_time = std::max(round_trip, Duration{std::chrono::microseconds{1}});
  remote_.total_round_trip_time += *remote_.round_trip_time;
  ++remote_.round_trip_time_measurements;
  return remote_.round_trip_time;
}

std::optional<Packet> SendStream::resend(Timestamp now) {
  while (const auto number = resend_queue_.pop()) {
    PacketHistory::Entry* entry = history_.find(*number);
    if (!entry || is_stale(*entry, now) || !config_.rtx) continue;  // RTX may have been negotiated away meanwhile
    if (auto copy = repeat(entry->packet)) return copy;
  }
  return std::nullopt;
}

std::optional<Packet> SendStream::repeat(const Packet& original) {
  // What the packet said about its frame it says again.
  rtp::Extensions its = rtp::read_extensions(*rtp::Header::parse(original.bytes()), config_.extensions);
  its.mid = config_.mid;
  // RFC 8852 §3.2: a retransmission has a name for what it repairs.
  its.rtp_stream_id.reset();
  its.repaired_rtp_stream_id = config_.rtp_stream_id;
  Packet copy = wrap_rtx(original, *config_.rtx, next_rtx_sequence_number_++, its, config_.extensions, pool_);
  if (!copy) return std::nullopt;
  count_sent(copy);
  ++stats_.retransmitted_packets_sent;
  stats_.retransmitted_bytes_sent += rtp::PacketView::parse(copy.bytes())->payload.size();
  return copy;
}

std::optional<Packet> SendStream::make_padding(std::size_t size, Timestamp now) {
  if (!config_.rtx || !last_packet_sent_) return std::nullopt;
  // RFC 4588 §4: what was sent a moment ago is of more use than nothing, should it be lost.
  PacketHistory::Entry* newest = history_.find(static_cast<std::uint16_t>(next_sequence_number_ - queue_.size() - 1));
  if (config_.nack && newest && newest->packet.size() <= size && now - newest->last_sent < kFreshEnough) {
    return repeat(newest->packet);
  }
  // RFC 3550 §5.1: the last byte of padding counts itself and those before it.
  constexpr std::size_t kMost = 255;
  const std::size_t padding = std::min(size, kMost);
  Packet packet = pool_.make();
  if (!packet.resize(padding)) return std::nullopt;
  std::ranges::fill(packet.bytes(), std::uint8_t{0});
  packet.bytes()[padding - 1] = static_cast<std::uint8_t>(padding);
  rtp::Extensions its = extensions();
  its.rtp_stream_id.reset();
  its.repaired_rtp_stream_id = config_.rtp_stream_id;
  const rtp::HeaderFields fields{.marker = false,
                                 .payload_type = config_.rtx->payload_type,
                                 .sequence_number = next_rtx_sequence_number_++,
                                 .timestamp = frame_timestamp_,
                                 .ssrc = config_.rtx->ssrc,
                                 .padding = true};
  if (!rtp::write_header(packet, fields, its, config_.extensions)) return std::nullopt;
  ++stats_.packets_sent;
  stats_.header_bytes_sent += packet.size();  // W3C: headers and padding
  return packet;
}

std::optional<Packet> SendStream::poll_transmit(Timestamp now) {
  protect_.reset();
  // What is missing over there holds up everything after it.
  if (auto packet = resend(now)) return packet;
  if (auto packet = poll_repair(now)) return packet;
  std::optional<Queued> queued = queue_.pop();
  if (!queued) return std::nullopt;
  queued_bytes_ -= queued->packet.size();
  stats_.total_packet_send_delay += now - queued->since;
  count_sent(queued->packet);
  last_packet_sent_ = now;
  if (config_.flexfec) protect_ = queued->key_frame;
  if (config_.nack && config_.rtx) history_.add(queued->sequence_number, pool_.copy_of(queued->packet.bytes()), now);
  return std::move(queued->packet);
}

void SendStream::count_sent(const Packet& packet) {
  const std::size_t header = rtp::Header::parse(packet.bytes())->size;
  ++stats_.packets_sent;
  stats_.bytes_sent += packet.size() - header;
  stats_.header_bytes_sent += header;
}

Timestamp SendStream::waiting_since() const {
  if (!resend_queue_.empty() || !flexfec_.empty()) return kRepairs;
  return queue_.empty() ? kNever : queue_.front().since;
}

std::uint32_t SendStream::wire_timestamp(Timestamp now) const {
  return frame_timestamp_ + to_ticks(now - frame_captured_, clock_rate(config_.codec));
}

std::optional<rtp::SenderInfo> SendStream::sender_info(Timestamp now, const WallClockAnchor& wall) const {
  if (!last_packet_sent_) return std::nullopt;
  rtp::SenderInfo info;
  info.ntp = rtp::to_ntp(wall.to_wall(now));
  info.rtp_timestamp = wire_timestamp(now);
  // RFC 3550 §6.4.1: without headers and padding, modulo 2^32
  info.packet_count = static_cast<std::uint32_t>(stats_.packets_sent);
  info.octet_count = static_cast<std::uint32_t>(stats_.bytes_sent);
  return info;
}

OutboundRtpStreamStats SendStream::stats(Timestamp now) const {
  OutboundRtpStreamStats stats = stats_;
  stats.fec_overhead = flexfec_.overhead();
  if (stats.kind == MediaKind::kAudio) return stats;
  const std::size_t kept = std::min<std::size_t>(stats.frames_sent, kMaxFramesPerSecond);
  for (std::size_t i = 0; i < kept; ++i) {
    if (frame_times_[i] > now - std::chrono::seconds{1}) ++stats.frames_per_second;
  }
  return stats;
}

std::optional<RemoteInboundRtpStreamStats> SendStream::remote_stats() const {
  return remote_.reports_received == 0 ? std::nullopt : std::optional(remote_);
}

}  // namespace tidewire::media
