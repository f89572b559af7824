#include "rtp/congestion_feedback.h"

#include <algorithm>

#include "base/byte_reader.h"

namespace tidewire::rtp {

namespace {

// RFC 8888 §3.1: R, two bits of ECN, thirteen of the arrival time offset.
constexpr unsigned kReceived = 0x8000;
constexpr unsigned kEcnShift = 13;
constexpr unsigned kOffsetMask = 0x1fff;
constexpr unsigned kOffsetTooLong = 0x1ffe;  // more than 8189/1024 s
constexpr unsigned kOffsetUnknown = 0x1fff;  // or after the report's time
constexpr std::int64_t kTicksPerSecond = 1024;
constexpr std::int64_t kNanoseconds = 1'000'000'000;

constexpr std::size_t kFixed = 12;       // the packet's header, its sender and its time
constexpr std::size_t kBlockHeader = 8;  // SSRC, begin_seq, num_reports

// An odd number of reports is padded to a word.
constexpr std::size_t padded(std::size_t reports) { return (reports + reports % 2) * 2; }

unsigned offset(Duration before) {
  if (before < Duration::zero()) return kOffsetUnknown;
  const std::int64_t ticks = (before.count() * kTicksPerSecond + kNanoseconds / 2) / kNanoseconds;
  return static_cast<unsigned>(std::min<std::int64_t>(ticks, kOffsetTooLong));
}

}  // namespace

std::optional<CongestionFeedback> CongestionFeedback::parse(const RtcpPacket& packet) {
  if (packet.type != RtcpType::kTransportFeedback || packet.count != kFmtCongestionFeedback) return std::nullopt;
  if (packet.body.size() < 8) return std::nullopt;
  const ByteView blocks = packet.body.subspan(4, packet.body.size() - 8);
  for (ByteReader reader(blocks); !reader.empty();) {
    reader.skip(6);  // SSRC, begin_seq
    const std::size_t count = reader.u16();
    reader.skip(padded(count));
    if (!reader.ok() || count > kMaxReports) return std::nullopt;
  }
  CongestionFeedback feedback;
  feedback.sender = Ssrc(ByteReader(packet.body).u32());
  feedback.timestamp = ByteReader(packet.body.last(4)).u32();
  feedback.blocks_ = blocks;
  return feedback;
}

std::optional<CongestionFeedback::Block> CongestionFeedback::next() {
  if (blocks_.empty()) return std::nullopt;
  ByteReader reader(blocks_);
  Block block;
  block.media = Ssrc(reader.u32());
  block.begin = reader.u16();
  const std::size_t count = reader.u16();
  block.reports_ = reader.take(count * 2);
  reader.skip(padded(count) - count * 2);
  blocks_ = reader.rest();
  return block;
}

CongestionFeedback::Arrival CongestionFeedback::Block::operator[](std::size_t index) const {
  const unsigned report = ByteReader(reports_.subspan(index * 2, 2)).u16();
  Arrival arrival{.sequence_number = static_cast<std::uint16_t>(begin + index)};
  if ((report & kReceived) == 0) return arrival;  // the other bits mean nothing
  arrival.received = true;
  arrival.ecn = static_cast<Ecn>(report >> kEcnShift & 3U);
  const std::int64_t ticks = report & kOffsetMask;
  // It is not known when it came, but not after the report was made.
  if (ticks != kOffsetUnknown) arrival.before_report = Duration{ticks * kNanoseconds / kTicksPerSecond};
  return arrival;
}

void CongestionFeedbackBuilder::start(Timestamp now, NtpTime ntp) {
  now_ = now;
  timestamp_ = ntp.compact();
  size_ = kFixed;
  blocks_.clear();
  reports_.clear();
}

bool CongestionFeedbackBuilder::begin(Ssrc media, std::uint16_t first) {
  if (size_ + kBlockHeader + padded(1) > max_size_) return false;
  blocks_.push_back({media, first});
  size_ += kBlockHeader;
  return true;
}

bool CongestionFeedbackBuilder::add(const Arrival& arrival) {
  if (blocks_.empty()) return false;
  std::size_t& count = blocks_.back().count;
  const std::size_t more = padded(count + 1) - padded(count);
  if (size_ + more > max_size_ || count == CongestionFeedback::kMaxReports) return false;
  size_ += more;
  ++count;
  unsigned report = 0;
  if (arrival.received) {
    report = kReceived | static_cast<unsigned>(arrival.ecn) << kEcnShift | offset(now_ - arrival.time);
  }
  reports_.push_back(static_cast<std::uint16_t>(report));
  return true;
}

bool CongestionFeedbackBuilder::write(RtcpWriter& writer, Ssrc sender) const {
  if (reports_.empty()) return false;
  return writer.add(RtcpType::kTransportFeedback, kFmtCongestionFeedback, [&](ByteWriter& body) {
    body.u32(sender.value());
    std::span<const std::uint16_t> left(reports_);
    for (const Block& block : blocks_) {
      body.u32(block.media.value());
      body.u16(block.first);
      body.u16(block.count);
      for (const std::uint16_t report : left.first(block.count)) body.u16(report);
      if (block.count % 2 != 0) body.u16(0);
      left = left.subspan(block.count);
    }
    body.u32(timestamp_);
  });
}

}  // namespace tidewire::rtp
