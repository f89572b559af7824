// RTCP compound packets (RFC 3550 §6.1, reduced-size RFC 5506): a reader that hands out the packets one by one,
// and a writer that puts packets after each other into one buffer.
//
// The packets themselves: rtcp_reports.h (SR, RR, SDES, BYE), rtcp_feedback.h (NACK, PLI, FIR, REMB),
// transport_feedback.h, rtcp_extended.h (XR).
#pragma once

#include <cstdint>
#include <optional>

#include "base/byte_writer.h"
#include "rtp/types.h"
#include "tidewire/bytes.h"

namespace tidewire::rtp {

// https://www.iana.org/assignments/rtp-parameters: RTCP control packet types
enum class RtcpType : std::uint8_t {
  kSenderReport = 200,
  kReceiverReport = 201,
  kSourceDescription = 202,
  kBye = 203,
  kApplication = 204,
  kTransportFeedback = 205,  // RTPFB, RFC 4585 §6.2
  kPayloadFeedback = 206,    // PSFB, RFC 4585 §6.3
  kExtendedReport = 207,     // RFC 3611
};

// One packet of a compound.
struct RtcpPacket {
  RtcpType type{};
  std::uint8_t count = 0;  // 5 bits: a count of blocks, or the FMT of a feedback packet
  ByteView body;           // after the first word, without padding
};

// Reads until the first malformed packet; what came before it stands.
class RtcpReader {
 public:
  explicit RtcpReader(ByteView compound) : rest_(compound) {}

  std::optional<RtcpPacket> next();
  // True once something was found that is no RTCP packet.
  bool malformed() const { return malformed_; }

 private:
  ByteView rest_;
  bool malformed_ = false;
};

// Builds a compound in a caller's buffer. The write_… functions of the other headers add to it.
class RtcpWriter {
 public:
  explicit RtcpWriter(MutableByteView buffer) : buffer_(buffer) {}

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::size_t remaining() const { return buffer_.size() - size_; }
  ByteView written() const { return buffer_.first(size_); }

  // Adds one packet whose body `write_body(ByteWriter&)` fills; it is padded to a whole word with zeroes.
  // False, unchanged, when it does not fit.
  template <typename WriteBody>
  bool add(RtcpType type, std::uint8_t count, WriteBody&& write_body) {
    ByteWriter writer(buffer_.subspan(size_));
    writer.u8(0x80U | (count & 0x1fU));
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u16(0);
    write_body(writer);
    writer.pad_to(4);
    if (!writer.ok()) return false;
    writer.patch_u16(2, writer.size() / 4 - 1);
    size_ += writer.size();
    return true;
  }

 private:
  MutableByteView buffer_;
  std::size_t size_ = 0;
};

}  // namespace tidewire::rtp
