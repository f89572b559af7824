#include "rtp/rtcp_feedback.h"

#include <bit>

#include "base/byte_reader.h"
#include "base/serial.h"

namespace tidewire::rtp {

namespace {

constexpr std::uint32_t kRemb = 0x52454d42;  // "REMB"

}  // namespace

std::optional<Nack> Nack::parse(const RtcpPacket& packet) {
  if (packet.type != RtcpType::kTransportFeedback || packet.count != kFmtNack) return std::nullopt;
  ByteReader reader(packet.body);
  Nack nack;
  nack.sender = Ssrc(reader.u32());
  nack.media = Ssrc(reader.u32());
  if (!reader.ok() || reader.empty()) return std::nullopt;
  nack.items_ = reader.rest();
  return nack;
}

std::optional<std::uint16_t> Nack::next() {
  if (pending_ == 0) {
    ByteReader reader(items_);
    packet_id_ = reader.u16();
    const std::uint16_t bitmask = reader.u16();
    if (!reader.ok()) return std::nullopt;
    items_ = reader.rest();
    pending_ = 1U | std::uint32_t{bitmask} << 1;  // bit i of the bitmask is packet_id + i + 1
  }
  const int offset = std::countr_zero(pending_);
  pending_ &= pending_ - 1;
  return static_cast<std::uint16_t>(packet_id_ + offset);
}

std::optional<PictureLossIndication> PictureLossIndication::parse(const RtcpPacket& packet) {
  if (packet.type != RtcpType::kPayloadFeedback || packet.count != kFmtPictureLoss) return std::nullopt;
  ByteReader reader(packet.body);
  PictureLossIndication pli;
  pli.sender = Ssrc(reader.u32());
  pli.media = Ssrc(reader.u32());
  if (!reader.ok()) return std::nullopt;
  return pli;
}

std::optional<FullIntraRequest> FullIntraRequest::parse(const RtcpPacket& packet) {
  if (packet.type != RtcpType::kPayloadFeedback || packet.count != kFmtFullIntraRequest) return std::nullopt;
  ByteReader reader(packet.body);
  FullIntraRequest fir;
  fir.sender = Ssrc(reader.u32());
  reader.skip(4);  // RFC 5104 §4.3.1.2: the media source SSRC is unused, the entries name it
  if (!reader.ok() || reader.empty()) return std::nullopt;
  fir.entries_ = reader.rest();
  return fir;
}

FullIntraRequest::Entry FullIntraRequest::operator[](std::size_t i) const {
  ByteReader reader(entries_.subspan(i * 8, 8));
  Entry entry;
  entry.media = Ssrc(reader.u32());
  entry.sequence_number = reader.u8();
  return entry;
}

std::optional<ReceiverEstimatedMaxBitrate> ReceiverEstimatedMaxBitrate::parse(const RtcpPacket& packet) {
  if (packet.type != RtcpType::kPayloadFeedback || packet.count != kFmtApplicationLayer) return std::nullopt;
  ByteReader reader(packet.body);
  ReceiverEstimatedMaxBitrate remb;
  remb.sender = Ssrc(reader.u32());
  reader.skip(4);
  if (reader.u32() != kRemb) return std::nullopt;
  const std::size_t ssrcs = reader.u8();
  const std::uint32_t rate = reader.u24();
  const unsigned exponent = rate >> 18;
  const std::uint64_t mantissa = rate & 0x3ffffU;
  remb.ssrcs = reader.take(ssrcs * 4);
  // A mantissa that would be shifted out says a rate that no number of ours can.
  if (!reader.ok() || (mantissa << exponent) >> exponent != mantissa) return std::nullopt;
  remb.bits_per_second = mantissa << exponent;
  return remb;
}

bool write_nack(RtcpWriter& writer, Ssrc sender, Ssrc media, std::span<const std::uint16_t> sequence_numbers) {
  if (sequence_numbers.empty()) return false;
  return writer.add(RtcpType::kTransportFeedback, kFmtNack, [&](ByteWriter& body) {
    body.u32(sender.value());
    body.u32(media.value());
    for (std::size_t i = 0; i < sequence_numbers.size();) {
      const std::uint16_t packet_id = sequence_numbers[i++];
      std::uint16_t bitmask = 0;
      for (; i < sequence_numbers.size(); ++i) {
        const std::int64_t distance = serial_distance(packet_id, sequence_numbers[i]);
        if (distance < 0 || distance > 16) break;
        if (distance > 0) bitmask = static_cast<std::uint16_t>(bitmask | 1U << (distance - 1));
      }
      body.u16(packet_id);
      body.u16(bitmask);
    }
  });
}

bool write_picture_loss_indication(RtcpWriter& writer, Ssrc sender, Ssrc media) {
  return writer.add(RtcpType::kPayloadFeedback, kFmtPictureLoss, [&](ByteWriter& body) {
    body.u32(sender.value());
    body.u32(media.value());
  });
}

bool write_full_intra_request(RtcpWriter& writer, Ssrc sender, Ssrc media, std::uint8_t sequence_number) {
  return writer.add(RtcpType::kPayloadFeedback, kFmtFullIntraRequest, [&](ByteWriter& body) {
    body.u32(sender.value());
    body.u32(0);
    body.u32(media.value());
    body.u8(sequence_number);
    body.u24(0);
  });
}

bool write_remb(RtcpWriter& writer, Ssrc sender, std::uint64_t bits_per_second, std::span<const Ssrc> ssrcs) {
  if (ssrcs.size() > 255) return false;
  unsigned exponent = 0;
  while (bits_per_second >> exponent > 0x3ffffU) ++exponent;
  return writer.add(RtcpType::kPayloadFeedback, kFmtApplicationLayer, [&](ByteWriter& body) {
    body.u32(sender.value());
    body.u32(0);
    body.u32(kRemb);
    body.u8(ssrcs.size());
    body.u24(exponent << 18 | bits_per_second >> exponent);
    for (const Ssrc ssrc : ssrcs) body.u32(ssrc.value());
  });
}

}  // namespace tidewire::rtp
