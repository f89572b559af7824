// Sender and receiver reports, source description, goodbye (RFC 3550 §6.4 to §6.6).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "rtp/ntp.h"
#include "rtp/rtcp.h"

namespace tidewire::rtp {

// RFC 3550 §6.4.1
struct ReportBlock {
  Ssrc ssrc;                         // whose packets this is about
  std::uint8_t fraction_lost = 0;    // since the last report, in 1/256
  std::int32_t cumulative_lost = 0;  // 24 bits, signed: duplicates can make it negative
  std::uint32_t extended_highest_sequence_number = 0;
  std::uint32_t jitter = 0;                          // in RTP clock ticks
  std::uint32_t last_sender_report = 0;              // compact NTP of the last SR, 0: none
  std::uint32_t delay_since_last_sender_report = 0;  // 16.16 s

  friend bool operator==(const ReportBlock&, const ReportBlock&) = default;
};

// The report blocks of a packet, decoded one at a time.
class ReportBlocks {
 public:
  static constexpr std::size_t kBlockSize = 24;

  ReportBlocks() = default;
  explicit ReportBlocks(ByteView bytes) : bytes_(bytes) {}
  std::size_t size() const { return bytes_.size() / kBlockSize; }
  ReportBlock operator[](std::size_t i) const;

 private:
  ByteView bytes_;
};

struct SenderInfo {
  NtpTime ntp;
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t packet_count = 0;
  std::uint32_t octet_count = 0;

  friend bool operator==(const SenderInfo&, const SenderInfo&) = default;
};

struct SenderReport {
  Ssrc sender;
  SenderInfo info;
  ReportBlocks blocks;

  static std::optional<SenderReport> parse(const RtcpPacket& packet);
};

struct ReceiverReport {
  Ssrc sender;
  ReportBlocks blocks;

  static std::optional<ReceiverReport> parse(const RtcpPacket& packet);
};

// RFC 3550 §6.5. One chunk of an SDES packet; only CNAME is kept.
struct SourceDescription {
  Ssrc ssrc;
  std::string_view cname;
};

class SourceDescriptionReader {
 public:
  explicit SourceDescriptionReader(const RtcpPacket& packet);
  // The next chunk; nothing at the end or where the packet is malformed.
  std::optional<SourceDescription> next();

 private:
  ByteView rest_;
  std::size_t chunks_ = 0;
};

// RFC 3550 §6.6
struct Bye {
  ByteView ssrcs;
  std::string_view reason;

  static std::optional<Bye> parse(const RtcpPacket& packet);
  std::size_t size() const { return ssrcs.size() / 4; }
  Ssrc ssrc(std::size_t i) const;
};

// False, unchanged, when there is no room. At most 31 blocks, or SSRCs, fit one packet (5-bit count).
inline constexpr std::size_t kMaxReportBlocks = 31;
bool write_sender_report(RtcpWriter& writer, Ssrc sender, const SenderInfo& info, std::span<const ReportBlock> blocks);
bool write_receiver_report(RtcpWriter& writer, Ssrc sender, std::span<const ReportBlock> blocks);
// `cname` up to 255 bytes; each SSRC gets a chunk with it.
bool write_source_description(RtcpWriter& writer, std::span<const Ssrc> ssrcs, std::string_view cname);
bool write_bye(RtcpWriter& writer, std::span<const Ssrc> ssrcs, std::string_view reason = {});

}  // namespace tidewire::rtp
