// The RTP payload format for H.264 (RFC 6184), packetization modes 0 and 1: single NAL units, STAP-A and FU-A. A frame
// is an access unit with start codes (H.264 Annex B).
#pragma once

#include <cstdint>
#include <optional>

#include "media/payload/payload_sink.h"
#include "media/payload/types.h"
#include "tidewire/bytes.h"
#include "tidewire/result.h"

namespace tidewire::media {

// H.264 §7.4.1, table 7-1, and RFC 6184 §5.2, table 1: those that matter here.
enum class NalType : std::uint8_t {
  kSlice = 1,
  kPartitionA = 2,
  kIdrSlice = 5,
  kSupplementalInformation = 6,
  kSequenceParameters = 7,
  kPictureParameters = 8,
  kAccessUnitDelimiter = 9,
  kStapA = 24,
  kFuA = 28,
};

// Nothing for a payload that is cut short or contradicts itself, and for STAP-B, MTAP and FU-B: RFC 6184 §6.2 and §6.3
// allow them in neither mode.
std::optional<PayloadInfo> parse_h264_payload(ByteView payload);

// Puts the payloads of one access unit together.
class H264FrameBuilder {
 public:
  // Adds the next payload's NAL units to `frame`, each after a start code of four bytes. False when it does not follow
  // from those before it.
  bool add(ByteView payload, Bytes& frame);
  bool finish() const { return !fragment_; }

 private:
  bool add_fragment(ByteView payload, Bytes& frame);

  std::optional<std::uint8_t> fragment_;  // header of the NAL unit that has begun and not ended
};

// Cuts an access unit. Fails when it is none, and when a NAL unit does not fit a packet in mode 0.
Result<> packetize_h264(ByteView frame, const PacketizerOptions& options, PayloadSink& sink);

}  // namespace tidewire::media
