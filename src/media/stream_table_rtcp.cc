// The RTCP of a StreamTable: composing reports and feedback, and handing what arrives to the streams.
#include <algorithm>
#include <array>
#include <vector>

#include "media/stream_table.h"
#include "rtp/congestion_feedback.h"
#include "rtp/rtcp_feedback.h"
#include "rtp/transport_feedback.h"

namespace tidewire::media {

namespace {

// A compound stays below any path's MTU, with room for SRTCP's index and tag.
constexpr std::size_t kMaxRtcpSize = 1150;

}  // namespace

rtp::Ssrc StreamTable::own_ssrc() const {
  return senders_.empty() ? config_.local_ssrc : senders_.begin()->second.config().ssrc;
}

template <typename Write>
bool StreamTable::send_rtcp(bool feedback, Write&& write) {
  if (rtcp_.full()) return false;
  Packet packet = pool_.make();
  if (!packet.resize(kMaxRtcpSize)) return false;
  rtp::RtcpWriter writer(packet.bytes());
  if (feedback && !config_.reduced_size_rtcp) {
    // RFC 4585 §3.1: the smallest compound is a report, the CNAME, and then the feedback.
    const rtp::Ssrc own = own_ssrc();
    rtp::write_receiver_report(writer, own, {});
    rtp::write_source_description(writer, std::span(&own, 1), config_.cname);
  }
  if (!write(writer) || !packet.resize(writer.size())) return false;
  return rtcp_.push(std::move(packet));
}

void StreamTable::send_feedback(VideoReceiveStream& stream, Timestamp now) {
  send_rtcp(true, [&](rtp::RtcpWriter& writer) { return stream.write_feedback(writer, own_ssrc(), now); });
}

// RFC 3550 §6.1: reports, then the CNAME of each source. One host's reports about what it receives are in the name of
// one of its sources only (RFC 8108 §5.4.1 allows it: the reports agree).
void StreamTable::send_reports(Timestamp now) {
  std::vector<rtp::ReportBlock> blocks;
  for (auto& [id, stream] : receivers_) {
    const auto block = std::visit([&](auto& s) { return s.make_report_block(now); }, stream);
    if (block) blocks.push_back(*block);
  }
  std::span<const rtp::ReportBlock> left(blocks);
  const auto take_blocks = [&left] {
    const auto taken = left.first(std::min<std::size_t>(left.size(), 24));
    left = left.subspan(taken.size());
    return taken;
  };
  for (const auto& [id, stream] : senders_) {
    // RFC 3550 §6.4: a sender is who sent since its report before last.
    const auto last = stream.last_packet_sent();
    if (!last || now - *last > 2 * RtcpScheduler::kInterval) continue;
    const auto info = stream.sender_info(now, config_.wall_clock);
    const rtp::Ssrc ssrc = stream.config().ssrc;
    send_rtcp(false, [&](rtp::RtcpWriter& writer) {
      return rtp::write_sender_report(writer, ssrc, *info, take_blocks()) &&
             rtp::write_source_description(writer, std::span(&ssrc, 1), config_.cname);
    });
  }
  while (!left.empty() && !rtcp_.full()) {
    const rtp::Ssrc own = own_ssrc();
    send_rtcp(false, [&](rtp::RtcpWriter& writer) {
      return rtp::write_receiver_report(writer, own, take_blocks()) &&
             rtp::write_source_description(writer, std::span(&own, 1), config_.cname);
    });
  }
}

void StreamTable::send_goodbye(std::span<const rtp::Ssrc> ssrcs) {
  send_rtcp(true, [&](rtp::RtcpWriter& writer) { return rtp::write_bye(writer, ssrcs); });
}

void StreamTable::send_transport_feedback(Timestamp now) {
  while (send_rtcp(true, [&](rtp::RtcpWriter& w) { return feedback_.write(w, own_ssrc(), now); })) {
    ++counters_.transport_feedback_sent;
  }
}

void StreamTable::send_congestion_feedback(Timestamp now) {
  const rtp::NtpTime ntp = rtp::to_ntp(config_.wall_clock.to_wall(now));
  while (send_rtcp(true, [&](rtp::RtcpWriter& w) { return congestion_feedback_.write(w, own_ssrc(), now, ntp); })) {
    ++counters_.congestion_feedback_sent;
  }
}

// --- incoming ---

void StreamTable::handle_rtcp(ByteView compound, Timestamp now) {
  now_ = now;
  if (closed_) return;
  rtp::RtcpReader reader(compound);
  while (const auto packet = reader.next()) handle_rtcp_packet(*packet, now);
  if (reader.malformed()) ++counters_.rtcp_malformed;
}

void StreamTable::handle_rtcp_packet(const rtp::RtcpPacket& packet, Timestamp now) {
  switch (packet.type) {
    case rtp::RtcpType::kSenderReport:
      if (const auto report = rtp::SenderReport::parse(packet)) handle_sender_report(*report, now);
      return;
    case rtp::RtcpType::kReceiverReport:
      if (const auto report = rtp::ReceiverReport::parse(packet)) handle_report_blocks(report->blocks, now);
      return;
    case rtp::RtcpType::kBye:
      if (const auto bye = rtp::Bye::parse(packet)) handle_bye(*bye);
      return;
    case rtp::RtcpType::kTransportFeedback: handle_transport_message(packet, now); return;
    case rtp::RtcpType::kPayloadFeedback: handle_payload_message(packet, now); return;
    case rtp::RtcpType::kSourceDescription: handle_source_description(packet); return;
    default: return;  // APP, XR: nothing in them is needed
  }
}

void StreamTable::handle_sender_report(const rtp::SenderReport& report, Timestamp now) {
  if (ReceiveStream* stream = find_receiver(report.sender)) {
    std::visit([&](auto& s) { s.handle_sender_report(report.info, now); }, *stream);
    lip_sync_.handle_sender_report(*router_.find(report.sender), report.info.ntp, report.info.rtp_timestamp);
  }
  handle_report_blocks(report.blocks, now);
}

StreamTable::ReceiveStream* StreamTable::find_receiver(rtp::Ssrc ssrc) {
  const auto id = router_.find(ssrc);
  ReceiveStream* stream = id ? find_receiver(*id) : nullptr;
  // A source that the stream has left says nothing about it any more.
  if (!stream || std::visit([](const auto& s) { return s.ssrc(); }, *stream) != ssrc) return nullptr;
  return stream;
}

void StreamTable::handle_report_blocks(const rtp::ReportBlocks& blocks, Timestamp now) {
  const std::uint32_t now_ntp = rtp::to_ntp(config_.wall_clock.to_wall(now)).compact();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const rtp::ReportBlock block = blocks[i];
    SendStream* stream = find_sender(block.ssrc);
    if (!stream) continue;
    if (const auto round_trip = stream->handle_report_block(block, now_ntp)) set_round_trip_time(*round_trip);
    control_.handle_reported_loss(block.fraction_lost / 256.0, now);
    push_event(LossReported{sender_of_.at(block.ssrc), block.fraction_lost / 256.0});
  }
}

void StreamTable::set_round_trip_time(Duration round_trip_time) {
  round_trip_time_ = round_trip_time;
  for (auto& [id, stream] : receivers_) {
    if (auto* video = std::get_if<VideoReceiveStream>(&stream)) video->set_round_trip_time(round_trip_time);
  }
}

void StreamTable::handle_source_description(const rtp::RtcpPacket& packet) {
  rtp::SourceDescriptionReader reader(packet);
  while (const auto chunk = reader.next()) {
    if (find_receiver(chunk->ssrc)) lip_sync_.set_cname(*router_.find(chunk->ssrc), chunk->cname);
  }
}

void StreamTable::handle_bye(const rtp::Bye& bye) {
  for (std::size_t i = 0; i < bye.size(); ++i) {
    if (find_receiver(bye.ssrc(i))) push_event(SourceLeft{*router_.find(bye.ssrc(i)), bye.ssrc(i)});
  }
}

void StreamTable::handle_transport_message(const rtp::RtcpPacket& packet, Timestamp now) {
  if (const auto nack = rtp::Nack::parse(packet)) {
    if (SendStream* stream = find_sender(nack->media)) {
      stream->handle_nack(*nack, now, round_trip_time_);
      after_input(sender_of_[nack->media], *stream);
    }
    return;
  }
  if (const auto feedback = rtp::TransportFeedback::parse(packet)) {
    ++counters_.transport_feedback_received;
    control_.handle_feedback(*feedback, now);
  } else if (const auto by_streams = rtp::CongestionFeedback::parse(packet)) {
    ++counters_.congestion_feedback_received;
    control_.handle_feedback(*by_streams, now);
  }
  if (const auto round_trip = control_.history().round_trip_time(); round_trip && !round_trip_time_) {
    set_round_trip_time(*round_trip);
  }
}

void StreamTable::handle_payload_message(const rtp::RtcpPacket& packet, Timestamp now) {
  if (const auto pli = rtp::PictureLossIndication::parse(packet)) {
    if (SendStream* stream = find_sender(pli->media)) {
      stream->handle_picture_loss(now);
      after_input(sender_of_[pli->media], *stream);
    }
  } else if (const auto fir = rtp::FullIntraRequest::parse(packet)) {
    for (std::size_t i = 0; i < fir->size(); ++i) {
      SendStream* stream = find_sender((*fir)[i].media);
      if (!stream) continue;
      stream->handle_full_intra_request((*fir)[i].sequence_number, now);
      after_input(sender_of_[(*fir)[i].media], *stream);
    }
  } else if (const auto remb = rtp::ReceiverEstimatedMaxBitrate::parse(packet)) {
    control_.handle_remb(remb->bits_per_second, now);
  }
}

}  // namespace tidewire::media
