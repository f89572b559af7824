// The way of a packet that came: whose it is, what repairs it, and what its stream has to say to it.
#include "media/rtx.h"
#include "media/stream_table.h"

namespace tidewire::media {

void StreamTable::handle_rtp(Packet packet, Timestamp now) {
  now_ = now;
  if (closed_) return;
  const auto view = rtp::PacketView::parse(packet.bytes());
  if (!view) return void(++counters_.rtp_malformed);
  const rtp::Extensions extensions = rtp::read_extensions(view->header, extensions_);
  const rtp::Ssrc ssrc = view->header.ssrc;
  // Of every packet, also of one that is nobody's: the sender's estimate counts them all, and its probes may come
  // before their stream does.
  if (reports_arrivals_ && extensions.transport_sequence_number) {
    feedback_.handle_packet(*extensions.transport_sequence_number, ssrc, now);
  }
  if (reports_streams_) congestion_feedback_.handle_packet(ssrc, view->header.sequence_number, packet.ecn(), now);
  const auto rid = extensions.rtp_stream_id ? extensions.rtp_stream_id : extensions.repaired_rtp_stream_id;
  const auto id = router_.route(ssrc, view->header.payload_type, {extensions.mid, rid});
  ReceiveStream* stream = id ? find_receiver(*id) : nullptr;
  if (!stream) return void(++counters_.rtp_unroutable);
  scheduler_.start(now);
  if (packet.ecn() != Ecn::kNotEct) count_ecn(*id, packet.ecn());
  if (const auto original = original_of(*stream, view->header.payload_type)) {
    const std::optional<rtp::Ssrc> source = std::visit([](const auto& s) { return s.ssrc(); }, *stream);
    if (!source || !unwrap_rtx(packet, *view, *source, *original)) return;
    return deliver(*id, *stream, std::move(packet), true, now);
  }
  if (auto* video = std::get_if<VideoReceiveStream>(stream); video && video->is_repair(view->header.payload_type)) {
    video->handle_repair(*view, packet.size());
    return after_repair(*id, *stream, now);
  }
  switch_source(*id, *stream, ssrc);
  deliver(*id, *stream, std::move(packet), false, now);
}

void StreamTable::count_ecn(StreamId id, Ecn ecn) {
  EcnCounts& counts = ecn_counts_[id];
  counts.ect1 += ecn == Ecn::kEct1 ? 1 : 0;
  counts.ce += ecn == Ecn::kCe ? 1 : 0;
}

// RFC 4588 §8.6: the payload type of what an RTX packet repeats; nothing for a packet that is no repetition.
std::optional<rtp::PayloadType> StreamTable::original_of(const ReceiveStream& stream, rtp::PayloadType payload_type) {
  const auto& config = std::visit([](const auto& s) -> const ReceiveStreamConfig& { return s.config(); }, stream);
  for (const ReceiveCodec& codec : config.codecs) {
    if (codec.rtx_payload_type == payload_type) return codec.payload_type;
  }
  return std::nullopt;
}

void StreamTable::deliver(StreamId id, ReceiveStream& stream, Packet packet, bool repeated, Timestamp now) {
  const auto view = rtp::PacketView::parse(packet.bytes());
  if (!view) return void(++counters_.rtp_malformed);
  bool sound = true;
  if (auto* video = std::get_if<VideoReceiveStream>(&stream)) {
    sound = repeated ? video->handle_repeated(std::move(packet), *view, now)
                     : video->handle_packet(std::move(packet), *view, now);
  } else {
    sound = std::get<AudioReceiveStream>(stream).handle_packet(*view, packet.size(), now);
  }
  if (!sound) ++counters_.rtp_malformed;
  after_repair(id, stream, now);
}

// Packets that were rebuilt (RFC 8627) go the way of those that came.
void StreamTable::after_repair(StreamId id, ReceiveStream& stream, Timestamp now) {
  if (auto* video = std::get_if<VideoReceiveStream>(&stream)) {
    while (auto packet = video->poll_recovered(pool_)) video->handle_recovered(std::move(*packet), now);
  }
  after_input(id, stream, now);
}

void StreamTable::switch_source(StreamId id, ReceiveStream& stream, rtp::Ssrc ssrc) {
  const bool switched = std::visit(
      [&](auto& s) {
        if (s.ssrc() == ssrc) return false;
        s.set_ssrc(ssrc);
        return true;
      },
      stream);
  if (!switched) return;
  lip_sync_.switch_source(id);
  push_event(FirstPacketReceived{id, ssrc});
}

// What a stream has to say after something happened to it.
void StreamTable::after_input(StreamId id, ReceiveStream& stream, Timestamp now) {
  if (auto* video = std::get_if<VideoReceiveStream>(&stream)) {
    while (auto frame = video->poll_frame(now)) {
      if (!frame->missed_deadline) {
        lip_sync_.handle_playout(id, frame->rtp_timestamp, clock_rate(frame->codec), std::max(frame->timestamp, now));
      }
      push_event(FrameReceived{id, std::move(*frame)});
    }
    if (video->feedback_due(now)) send_feedback(*video, now);
    receiver_deadlines_.set(id, video->next_timeout());
    return update_lip_sync(now);
  }
  auto& audio = std::get<AudioReceiveStream>(stream);
  while (auto slot = audio.poll_slot(now)) {
    if (slot->frame) {
      lip_sync_.handle_playout(id, slot->frame->rtp_timestamp, clock_rate(slot->frame->codec), slot->due);
    }
    slot->stream = id;
    push_event(std::move(*slot));
  }
  receiver_deadlines_.set(id, audio.next_timeout());
  update_lip_sync(now);
}

void StreamTable::update_lip_sync(Timestamp now) {
  if (!lip_sync_.due(now)) return;
  for (const auto& [id, stream] : receivers_) {
    std::visit([&, its = id](const auto& s) { lip_sync_.set_delays(its, s.target_delay(), s.current_delay()); },
               stream);
  }
  for (const LipSync::Change& change : lip_sync_.update(now)) {
    ReceiveStream* stream = find_receiver(change.stream);
    if (auto* video = stream ? std::get_if<VideoReceiveStream>(stream) : nullptr) {
      video->set_sync_delay(change.sync_delay, change.together);
    } else if (stream) {
      std::get<AudioReceiveStream>(*stream).set_sync_delay(change.sync_delay);
    }
  }
}

}  // namespace tidewire::media
