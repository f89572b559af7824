#include "rtp/rtcp_extended.h"

#include "base/byte_reader.h"

namespace tidewire::rtp {

namespace {

// RFC 3611 §4: block types
constexpr std::uint8_t kReceiverReferenceTime = 4;
constexpr std::uint8_t kDelaySinceLastReceiverReport = 5;

}  // namespace

std::optional<ExtendedReport> ExtendedReport::parse(const RtcpPacket& packet) {
  if (packet.type != RtcpType::kExtendedReport) return std::nullopt;
  ByteReader reader(packet.body);
  ExtendedReport report;
  report.sender = Ssrc(reader.u32());
  if (!reader.ok()) return std::nullopt;
  report.rest_ = reader.rest();
  return report;
}

std::optional<ExtendedReport::Block> ExtendedReport::next() {
  while (dlrr_.size() < 12) {
    ByteReader reader(rest_);
    const std::uint8_t type = reader.u8();
    reader.skip(1);
    const ByteView body = reader.take(std::size_t{reader.u16()} * 4);
    if (!reader.ok()) return std::nullopt;
    rest_ = reader.rest();
    if (type == kReceiverReferenceTime && body.size() >= 8) {
      return Block{ReceiverReferenceTime{NtpTime{ByteReader(body).u64()}}, std::nullopt};
    }
    if (type == kDelaySinceLastReceiverReport) dlrr_ = body;
  }
  ByteReader reader(dlrr_);
  DelaySinceLastReceiverReport block;
  block.ssrc = Ssrc(reader.u32());
  block.last_receiver_report = reader.u32();
  block.delay_since_last_receiver_report = reader.u32();
  dlrr_ = reader.rest();
  return Block{std::nullopt, block};
}

bool write_receiver_reference_time(RtcpWriter& writer, Ssrc sender, NtpTime now) {
  return writer.add(RtcpType::kExtendedReport, 0, [&](ByteWriter& body) {
    body.u32(sender.value());
    body.u8(kReceiverReferenceTime);
    body.u8(0);
    body.u16(2);
    body.u64(now.value);
  });
}

bool write_delay_since_last_receiver_report(RtcpWriter& writer, Ssrc sender,
                                            const DelaySinceLastReceiverReport& block) {
  return writer.add(RtcpType::kExtendedReport, 0, [&](ByteWriter& body) {
    body.u32(sender.value());
    body.u8(kDelaySinceLastReceiverReport);
    body.u8(0);
    body.u16(3);
    body.u32(block.ssrc.value());
    body.u32(block.last_receiver_report);
    body.u32(block.delay_since_last_receiver_report);
  });
}

}  // namespace tidewire::rtp
