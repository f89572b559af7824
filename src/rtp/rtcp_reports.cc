#include "rtp/rtcp_reports.h"

#include <algorithm>

#include "base/byte_reader.h"

namespace tidewire::rtp {

namespace {

constexpr std::uint8_t kCname = 1;  // RFC 3550 §6.5.1

std::optional<ReportBlocks> read_blocks(ByteReader& reader, std::uint8_t count) {
  const ByteView bytes = reader.take(count * ReportBlocks::kBlockSize);
  if (!reader.ok()) return std::nullopt;
  return ReportBlocks(bytes);  // what follows are profile-specific extensions
}

void write_block(ByteWriter& writer, const ReportBlock& block) {
  // RFC 3550 §A.3: clamped to what 24 bits with sign can say.
  const std::int32_t lost = std::clamp(block.cumulative_lost, -0x800000, 0x7fffff);
  writer.u32(block.ssrc.value());
  writer.u8(block.fraction_lost);
  writer.u24(static_cast<std::uint32_t>(lost));
  writer.u32(block.extended_highest_sequence_number);
  writer.u32(block.jitter);
  writer.u32(block.last_sender_report);
  writer.u32(block.delay_since_last_sender_report);
}

}  // namespace

ReportBlock ReportBlocks::operator[](std::size_t i) const {
  ByteReader reader(bytes_.subspan(i * kBlockSize, kBlockSize));
  ReportBlock block;
  block.ssrc = Ssrc(reader.u32());
  block.fraction_lost = reader.u8();
  block.cumulative_lost = static_cast<std::int32_t>(reader.u24() << 8) >> 8;
  block.extended_highest_sequence_number = reader.u32();
  block.jitter = reader.u32();
  block.last_sender_report = reader.u32();
  block.delay_since_last_sender_report = reader.u32();
  return block;
}

std::optional<SenderReport> SenderReport::parse(const RtcpPacket& packet) {
  if (packet.type != RtcpType::kSenderReport) return std::nullopt;
  ByteReader reader(packet.body);
  SenderReport report;
  report.sender = Ssrc(reader.u32());
  report.info.ntp.value = reader.u64();
  report.info.rtp_timestamp = reader.u32();
  report.info.packet_count = reader.u32();
  report.info.octet_count = reader.u32();
  const std::optional<ReportBlocks> blocks = read_blocks(reader, packet.count);
  if (!blocks) return std::nullopt;
  report.blocks = *blocks;
  return report;
}

std::optional<ReceiverReport> ReceiverReport::parse(const RtcpPacket& packet) {
  if (packet.type != RtcpType::kReceiverReport) return std::nullopt;
  ByteReader reader(packet.body);
  ReceiverReport report;
  report.sender = Ssrc(reader.u32());
  const std::optional<ReportBlocks> blocks = read_blocks(reader, packet.count);
  if (!blocks) return std::nullopt;
  report.blocks = *blocks;
  return report;
}

SourceDescriptionReader::SourceDescriptionReader(const RtcpPacket& packet) {
  if (packet.type != RtcpType::kSourceDescription) return;
  rest_ = packet.body;
  chunks_ = packet.count;
}

std::optional<SourceDescription> SourceDescriptionReader::next() {
  if (chunks_ == 0) return std::nullopt;
  --chunks_;
  ByteReader reader(rest_);
  SourceDescription chunk{Ssrc(reader.u32()), {}};
  while (reader.ok()) {
    const std::uint8_t item = reader.u8();
    if (item == 0) break;
    const ByteView text = reader.take(reader.u8());
    if (item == kCname) chunk.cname = as_text(text);
  }
  if (!reader.ok()) return chunks_ = 0, std::nullopt;
  // RFC 3550 §6.5: a chunk ends with zeroes up to the next word; the body is whole words.
  reader.skip(reader.remaining() % 4);
  rest_ = reader.rest();
  return chunk;
}

std::optional<Bye> Bye::parse(const RtcpPacket& packet) {
  if (packet.type != RtcpType::kBye) return std::nullopt;
  ByteReader reader(packet.body);
  Bye bye;
  bye.ssrcs = reader.take(std::size_t{packet.count} * 4);
  if (reader.ok() && !reader.empty()) bye.reason = as_text(reader.take(reader.u8()));
  if (!reader.ok()) return std::nullopt;
  return bye;
}

Ssrc Bye::ssrc(std::size_t i) const { return Ssrc(ByteReader(ssrcs.subspan(i * 4)).u32()); }

bool write_sender_report(RtcpWriter& writer, Ssrc sender, const SenderInfo& info, std::span<const ReportBlock> blocks) {
  if (blocks.size() > kMaxReportBlocks) return false;
  return writer.add(RtcpType::kSenderReport, static_cast<std::uint8_t>(blocks.size()), [&](ByteWriter& body) {
    body.u32(sender.value());
    body.u64(info.ntp.value);
    body.u32(info.rtp_timestamp);
    body.u32(info.packet_count);
    body.u32(info.octet_count);
    for (const ReportBlock& block : blocks) write_block(body, block);
  });
}

bool write_receiver_report(RtcpWriter& writer, Ssrc sender, std::span<const ReportBlock> blocks) {
  if (blocks.size() > kMaxReportBlocks) return false;
  return writer.add(RtcpType::kReceiverReport, static_cast<std::uint8_t>(blocks.size()), [&](ByteWriter& body) {
    body.u32(sender.value());
    for (const ReportBlock& block : blocks) write_block(body, block);
  });
}

bool write_source_description(RtcpWriter& writer, std::span<const Ssrc> ssrcs, std::string_view cname) {
  if (ssrcs.size() > kMaxReportBlocks || cname.size() > 255) return false;
  return writer.add(RtcpType::kSourceDescription, static_cast<std::uint8_t>(ssrcs.size()), [&](ByteWriter& body) {
    for (const Ssrc ssrc : ssrcs) {
      body.u32(ssrc.value());
      body.u8(kCname);
      body.u8(cname.size());
      body.bytes(as_bytes(cname));
      body.u8(0);  // at least one byte ends the list, and more up to the next word
      body.pad_to(4);
    }
  });
}

bool write_bye(RtcpWriter& writer, std::span<const Ssrc> ssrcs, std::string_view reason) {
  if (ssrcs.size() > kMaxReportBlocks || reason.size() > 255) return false;
  return writer.add(RtcpType::kBye, static_cast<std::uint8_t>(ssrcs.size()), [&](ByteWriter& body) {
    for (const Ssrc ssrc : ssrcs) body.u32(ssrc.value());
    if (reason.empty()) return;
    body.u8(reason.size());
    body.bytes(as_bytes(reason));
  });
}

}  // namespace tidewire::rtp
