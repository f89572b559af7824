#include "media/stream_table.h"

#include <algorithm>
#include <utility>

namespace tidewire::media {

namespace {

// RFC 8285 §4.3 and RFC 8843 §14: a MID is a token, and a two-byte element holds 255 bytes; ours stay far below, so
// that every header fits the headroom of a packet.
constexpr std::size_t kMaxMid = 32;

Result<> check(const SendStreamConfig& config) {
  if (config.mid.size() > kMaxMid || config.rtp_stream_id.size() > kMaxMid) {
    return Error{ErrorCode::kType, "A MID or RTP stream id is at most 32 characters long."};
  }
  const rtp::PayloadType red = config.red_payload_type.value_or(config.payload_type);
  const rtp::PayloadType repair = config.flexfec ? config.flexfec->payload_type : red;
  if (config.payload_type.value() > 127 || red.value() > 127 || repair.value() > 127)
    return Error{ErrorCode::kType, "An RTP payload type is at most 127."};
  if (config.max_packet_size < 300 || config.max_packet_size > 1500) {
    return Error{ErrorCode::kType, "An RTP packet is to have 300 to 1500 bytes."};
  }
  return {};
}

Error not_found() { return {ErrorCode::kNotFound, "There is no such stream."}; }
Error full() { return {ErrorCode::kOperation, "The connection has as many streams as it can have."}; }

}  // namespace

StreamTable::StreamTable(StreamTableConfig config, PacketPool& pool, crypto::Random random)
    : config_(std::move(config)),
      pool_(pool),
      random_(std::move(random)),
      scheduler_(random_.fork()),
      control_(config_.congestion_control, config_.limits) {}

// --- streams ---

Result<StreamId> StreamTable::add_send_stream(SendStreamConfig config, Timestamp now) {
  now_ = now;
  if (senders_.size() >= kMaxStreams) return full();
  if (sender_of_.contains(config.ssrc)) {
    return Error{ErrorCode::kInvalidModification, "Another stream of the connection has this SSRC."};
  }
  if (auto checked = check(config); !checked) return checked.error();
  const StreamId id(next_stream_id_++);
  sender_of_[config.ssrc] = id;
  if (has_feedback(config)) control_.start(now);
  senders_.try_emplace(id, std::move(config), pool_, random_, config_.wall_clock);
  update_media_bitrate();
  return id;
}

Result<StreamId> StreamTable::add_receive_stream(ReceiveStreamConfig config, Timestamp now) {
  now_ = now;
  if (receivers_.size() >= kMaxStreams) return full();
  const StreamId id(next_stream_id_++);
  router_.add(id, config);
  lip_sync_.add(id, config.kind, config.sync_group);
  extensions_.merge(config.extensions);
  reports_arrivals_ |= config.transport_wide_feedback;
  reports_streams_ |= config.congestion_feedback;
  if (config.kind == MediaKind::kVideo) {
    receivers_.try_emplace(id, std::in_place_type<VideoReceiveStream>, std::move(config));
  } else {
    receivers_.try_emplace(id, std::in_place_type<AudioReceiveStream>, std::move(config));
  }
  return id;
}

Result<> StreamTable::update_send_stream(StreamId id, SendStreamConfig config) {
  SendStream* stream = find_sender(id);
  if (!stream) return not_found();
  if (auto checked = check(config); !checked) return checked;
  if (stream->config().ssrc != config.ssrc || kind(stream->config().codec) != kind(config.codec)) {
    return Error{ErrorCode::kInvalidModification, "A stream keeps its SSRC and its kind."};
  }
  if (has_feedback(config)) control_.start(now_);
  stream->update(std::move(config));
  update_media_bitrate();
  return {};
}

Result<> StreamTable::update_receive_stream(StreamId id, ReceiveStreamConfig config) {
  ReceiveStream* stream = find_receiver(id);
  if (!stream) return not_found();
  const MediaKind present = std::visit([](const auto& s) { return s.config().kind; }, *stream);
  if (present != config.kind) return Error{ErrorCode::kInvalidModification, "A stream keeps its kind."};
  router_.remove(id);
  router_.add(id, config);
  lip_sync_.add(id, config.kind, config.sync_group);
  std::visit([&](auto& s) { s.update(std::move(config)); }, *stream);
  extensions_ = {};
  reports_arrivals_ = reports_streams_ = false;
  for (const auto& [other, receiver] : receivers_) {
    const auto& its = std::visit([](const auto& s) -> const ReceiveStreamConfig& { return s.config(); }, receiver);
    extensions_.merge(its.extensions);
    reports_arrivals_ |= its.transport_wide_feedback;
    reports_streams_ |= its.congestion_feedback;
  }
  after_input(id, *stream, now_);
  return {};
}

void StreamTable::set_target_bitrate(StreamId id, std::uint64_t bits_per_second) {
  if (SendStream* stream = find_sender(id)) {
    stream->set_target_bitrate(bits_per_second);
    after_input(id, *stream);
  }
  update_media_bitrate();
}

void StreamTable::update_media_bitrate() {
  std::uint64_t sum = 0;
  for (const auto& [id, stream] : senders_) sum += stream.config().target_bitrate;
  control_.set_media_bitrate(sum);
}

void StreamTable::remove_stream(StreamId id, Timestamp now) {
  now_ = now;
  if (SendStream* stream = find_sender(id)) {
    const rtp::Ssrc ssrc = stream->config().ssrc;
    // RFC 3550 §6.3.7: who never sent anything says no goodbye.
    if (stream->last_packet_sent()) send_goodbye(std::span(&ssrc, 1));
    sender_of_.erase(ssrc);
    sound_waits_.remove(id);
    pictures_wait_.remove(id);
    senders_.erase(id);
    update_media_bitrate();
  } else if (receivers_.erase(id) > 0) {
    router_.remove(id);
    lip_sync_.remove(id);
    ecn_counts_.erase(id);
    receiver_deadlines_.remove(id);
  }
}

void StreamTable::close(Timestamp now) {
  now_ = now;
  if (std::exchange(closed_, true)) return;
  std::vector<rtp::Ssrc> ssrcs;
  for (const auto& [id, stream] : senders_) {
    if (stream.last_packet_sent() && ssrcs.size() < rtp::kMaxReportBlocks) ssrcs.push_back(stream.config().ssrc);
  }
  if (!ssrcs.empty()) send_goodbye(ssrcs);
  scheduler_.stop();
}

SendStream* StreamTable::find_sender(StreamId id) {
  const auto found = senders_.find(id);
  return found == senders_.end() ? nullptr : &found->second;
}

SendStream* StreamTable::find_sender(rtp::Ssrc ssrc) {
  const auto found = sender_of_.find(ssrc);
  return found == sender_of_.end() ? nullptr : find_sender(found->second);
}

StreamTable::ReceiveStream* StreamTable::find_receiver(StreamId id) {
  const auto found = receivers_.find(id);
  return found == receivers_.end() ? nullptr : &found->second;
}

// --- sending ---

Result<> StreamTable::send_frame(StreamId id, const EncodedFrame& frame, Timestamp now) {
  now_ = now;
  SendStream* stream = find_sender(id);
  if (!stream) return not_found();
  if (closed_) return Error{ErrorCode::kInvalidState, "The connection is closed."};
  scheduler_.start(now);
  Result<> result = stream->send_frame(frame, now);
  if (kind(frame.codec) == MediaKind::kVideo) control_.set_waiting(queued_bytes());
  after_input(id, *stream);
  return result;
}

void StreamTable::request_key_frame(StreamId id, Timestamp now) {
  now_ = now;
  ReceiveStream* stream = find_receiver(id);
  if (!stream) return;
  if (auto* video = std::get_if<VideoReceiveStream>(stream)) video->request_key_frame(now);
  after_input(id, *stream, now);
}

Result<> StreamTable::set_jitter_buffer_target(StreamId id, std::optional<Duration> target) {
  ReceiveStream* stream = find_receiver(id);
  if (!stream) return not_found();
  if (target && (*target < Duration::zero() || *target > VideoPlayout::kMaxDelay)) {
    return Error{ErrorCode::kType, "A jitter buffer's target is 0 to 4000 ms."};
  }
  std::visit([&](auto& s) { s.set_jitter_buffer_target(target); }, *stream);
  return {};
}

void StreamTable::after_input(StreamId id, SendStream& stream) {
  if (stream.take_key_frame_needed()) push_event(KeyFrameNeeded{id});
  const bool sound = kind(stream.config().codec) == MediaKind::kAudio;
  (sound ? sound_waits_ : pictures_wait_).set(id, stream.waiting_since());
}

void StreamTable::stamp(Packet& packet, SendStream& stream, Timestamp now) {
  const rtp::ExtensionMap& map = stream.config().extensions;
  const bool numbered = map.has(rtp::ExtensionType::kTransportSequenceNumber);
  const bool by_stream = stream.config().congestion_feedback;
  if (numbered || by_stream) {
    const std::uint16_t number = control_.handle_sent(packet.size(), anything_waits(), now);
    if (numbered) rtp::patch_transport_sequence_number(packet, map, number);
  } else {
    control_.handle_other_sent(packet.size(), now);
  }
  if (by_stream) {
    const bool marked = control_.marks();
    if (marked) packet.set_ecn(Ecn::kEct1);
    if (marked) stream.count_marked();
    const auto header = rtp::Header::parse(packet.bytes());
    control_.name_sent({header->ssrc, header->sequence_number, marked, numbered});
  }
  if (map.has(rtp::ExtensionType::kAbsoluteSendTime)) rtp::patch_absolute_send_time(packet, map, now);
}

std::optional<StreamTable::Outgoing> StreamTable::poll_transmit(Timestamp now) {
  now_ = std::max(now_, now);
  if (auto packet = rtcp_.pop()) return Outgoing{Outgoing::Kind::kRtcp, std::move(*packet)};
  if (closed_) return std::nullopt;
  auto packet = poll_sender(now);
  if (!packet && control_.next_padding() <= now) packet = poll_padding(now);
  if (!packet) return std::nullopt;
  return Outgoing{Outgoing::Kind::kRtp, std::move(*packet)};
}

// Sound is small and already spread in time: it does not wait. Pictures leave at the pace, those first that wait
// longest.
std::optional<Packet> StreamTable::poll_sender(Timestamp now) {
  for (;;) {
    const bool sound = sound_waits_.next() != kNever;
    if (!sound && (!paced_waits() || control_.next_paced() > now)) return std::nullopt;
    const StreamId id = sound ? sound_waits_.key() : pictures_wait_.key();
    SendStream& stream = *find_sender(id);
    const bool repairs = stream.waiting_since() == SendStream::kRepairs;
    std::optional<Packet> packet = stream.poll_transmit(now);
    if (packet) {
      stamp(*packet, stream, now);
      stream.handle_sent(*packet, now);
    }
    after_input(id, stream);
    if (!packet) continue;
    if (!sound) repair_.add(packet->size(), repairs, now);
    return packet;
  }
}

std::optional<Packet> StreamTable::poll_padding(Timestamp now) {
  for (auto& [id, stream] : senders_) {
    if (!has_feedback(stream.config())) continue;
    auto packet = stream.make_padding(congestion::SendControl::kPadding, now);
    if (!packet) continue;
    stamp(*packet, stream, now);
    // It stands for pictures. The last ones before a pause are often repaired, which must not count for ever.
    repair_.add(packet->size(), false, now);
    return packet;
  }
  control_.no_padding(now);
  return std::nullopt;
}

std::size_t StreamTable::queued_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [id, stream] : senders_) bytes += stream.queued_bytes();
  return bytes;
}

// Asked for each packet: beside others that wait, the first one ends it.
bool StreamTable::anything_waits() const {
  return std::ranges::any_of(senders_, [](const auto& sender) { return sender.second.queued_bytes() > 0; });
}

Duration StreamTable::queueing_time() const { return transmission_time(queued_bytes(), control_.pacing_bitrate()); }

void StreamTable::push_event(Event event) {
  if (events_.full()) {
    events_.pop();
    ++counters_.events_dropped;
  }
  (void)events_.push(std::move(event));
}

// --- machine ---

void StreamTable::handle_timeout(Timestamp now) {
  now_ = now;
  if (closed_) return;
  while (receiver_deadlines_.next() <= now) {
    const StreamId id = receiver_deadlines_.key();
    after_input(id, *find_receiver(id), now);
    // What could not be said for want of room is said later.
    if (receiver_deadlines_.next() <= now && rtcp_.full()) break;
  }
  control_.handle_timeout(now);
  if (feedback_.next_timeout() <= now) send_transport_feedback(now);
  if (congestion_feedback_.next_timeout() <= now) send_congestion_feedback(now);
  if (scheduler_.next() <= now) {
    scheduler_.advance(now);
    send_reports(now);
  }
}

Timestamp StreamTable::next_timeout() const {
  if (closed_) return kNever;
  const Timestamp sends = sound_waits_.next() != kNever ? Timestamp{} : paced_waits() ? control_.next_paced() : kNever;
  return std::min({sends, control_.next_padding(), control_.next_timeout(), receiver_deadlines_.next(),
                   feedback_.next_timeout(), congestion_feedback_.next_timeout(), scheduler_.next()});
}

std::optional<Event> StreamTable::poll_event() { return events_.pop(); }

RtpStats StreamTable::stats(Timestamp now) const {
  RtpStats stats;
  for (const auto& [id, stream] : senders_) {
    // They are added in the order of the encodings.
    const auto before = std::ranges::count(stats.outbound, stream.config().mid, &OutboundRtpStreamStats::mid);
    stats.outbound.push_back(stream.stats(now));
    stats.outbound.back().encoding_index = static_cast<std::uint32_t>(before);
    if (const auto remote = stream.remote_stats()) stats.remote_inbound.push_back(*remote);
  }
  for (const auto& [id, stream] : receivers_) {
    if (const auto* video = std::get_if<VideoReceiveStream>(&stream)) {
      stats.inbound.push_back(video->stats(now));
    } else {
      stats.inbound.push_back(std::get<AudioReceiveStream>(stream).stats());
    }
    stats.inbound.back().estimated_playout_timestamp = lip_sync_.estimated_playout(id, now);
    if (const auto counts = ecn_counts_.find(id); counts != ecn_counts_.end()) {
      stats.inbound.back().packets_received_with_ect1 = counts->second.ect1;
      stats.inbound.back().packets_received_with_ce = counts->second.ce;
    }
    std::visit(
        [&](const auto& s) {
          if (const auto remote = s.remote_stats()) stats.remote_outbound.push_back(*remote);
        },
        stream);
  }
  return stats;
}

}  // namespace tidewire::media
