// Extended reports (RFC 3611): receiver reference time and its echo, by which a host that sends no media
// measures the round-trip time (RFC 3611 §4.4, §4.5).
#pragma once

#include <cstdint>
#include <optional>

#include "rtp/ntp.h"
#include "rtp/rtcp.h"

namespace tidewire::rtp {

struct ReceiverReferenceTime {
  NtpTime ntp;
};

struct DelaySinceLastReceiverReport {
  Ssrc ssrc;
  std::uint32_t last_receiver_report = 0;              // compact NTP, 0: none
  std::uint32_t delay_since_last_receiver_report = 0;  // 16.16 s
};

// The blocks of an XR packet one by one; kinds that are not known are passed over.
class ExtendedReport {
 public:
  static std::optional<ExtendedReport> parse(const RtcpPacket& packet);

  Ssrc sender;
  struct Block {
    std::optional<ReceiverReferenceTime> receiver_reference_time;
    std::optional<DelaySinceLastReceiverReport> delay_since_last_receiver_report;
  };
  std::optional<Block> next();

 private:
  ByteView rest_;
  ByteView dlrr_;  // sub-blocks still to be read
};

bool write_receiver_reference_time(RtcpWriter& writer, Ssrc sender, NtpTime now);
bool write_delay_since_last_receiver_report(RtcpWriter& writer, Ssrc sender, const DelaySinceLastReceiverReport& block);

}  // namespace tidewire::rtp
