// The repair packets of a send stream (RFC 8627).
#include <utility>

#include "media/send_stream.h"

namespace tidewire::media {

// What a repair packet has that no other packet of the stream has: a CSRC, the FEC header, and extensions of its own,
// for those of the packets are repair data in it.
std::size_t SendStream::flexfec_room(std::size_t extensions) {
  return 4 + rtp::FlexfecHeader::kMaxSizeOfOne + extensions;
}

std::optional<Packet> SendStream::poll_repair(Timestamp now) {
  std::optional<Packet> packet = flexfec_.poll();
  if (!packet || !config_.flexfec) return std::nullopt;
  rtp::Extensions its = extensions();
  // RFC 8852 §3.2: a stream of repairs has a name for what it repairs.
  its.rtp_stream_id.reset();
  its.repaired_rtp_stream_id = config_.rtp_stream_id;
  const std::size_t payload = packet->size();
  // RFC 8627 §4.2.1: the time is that of its transmission, the marker is not set.
  const rtp::HeaderFields fields{.payload_type = config_.flexfec->payload_type,
                                 .sequence_number = next_flexfec_sequence_number_++,
                                 .timestamp = wire_timestamp(now),
                                 .ssrc = config_.flexfec->ssrc,
                                 .csrcs = std::span(&config_.ssrc, 1)};
  if (!rtp::write_header(*packet, fields, its, config_.extensions)) return std::nullopt;
  ++stats_.fec_packets_sent;
  stats_.fec_bytes_sent += payload;
  return packet;
}

void SendStream::handle_sent(const Packet& packet, Timestamp now) {
  if (const auto key_frame = std::exchange(protect_, std::nullopt)) {
    flexfec_.handle_sent(packet.bytes(), *key_frame, now);
  }
}

void SendStream::plan_repair(double fraction_lost, std::optional<Duration> round_trip_time) {
  if (!config_.flexfec) return;
  flexfec_controller_.handle_report(fraction_lost, round_trip_time);
  flexfec_.set_plan(flexfec_controller_.plan(flexfec_.packets_per_second(), config_.flexfec->repair_window));
}

}  // namespace tidewire::media
