// The RTP payload format for VP8 (RFC 7741).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/packet.h"
#include "media/payload/payload_sink.h"
#include "media/payload/types.h"
#include "tidewire/bytes.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/result.h"

namespace tidewire::media {

// RFC 7741 §4.2
struct Vp8Descriptor {
  bool non_reference = false;               // N: no other frame needs this one
  bool start_of_partition = false;          // S
  std::uint8_t partition = 0;               // PID
  std::optional<std::uint16_t> picture_id;  // of 7 or of 15 bits
  std::optional<std::uint8_t> tl0_picture_index;
  std::optional<std::uint8_t> temporal_layer;
  bool layer_sync = false;  // Y
  std::optional<std::uint8_t> key_index;
  std::size_t size = 0;  // of the descriptor itself

  // Nothing when it is cut short.
  static std::optional<Vp8Descriptor> parse(ByteView payload);

  bool starts_frame() const { return start_of_partition && partition == 0; }
};

// What the first bytes of a compressed frame say (RFC 7741 §4.3, RFC 6386 §9.1).
struct Vp8FrameHeader {
  bool key_frame = false;
  int width = 0;  // key frames only
  int height = 0;

  // Nothing when too short, or a key frame without its start code.
  static std::optional<Vp8FrameHeader> parse(ByteView frame);
};

// The descriptor that the library writes for pictures without layers: a 15-bit picture id.
inline constexpr std::size_t kVp8DescriptorSize = 4;
std::array<std::uint8_t, kVp8DescriptorSize> vp8_descriptor(bool starts_frame, std::uint16_t picture_id);
// … and with layers: temporal layers, too.
inline constexpr std::size_t kVp8LayeredDescriptorSize = 6;

std::optional<PayloadInfo> parse_vp8_payload(ByteView payload);

// Puts the payloads of one frame together.
class Vp8FrameBuilder {
 public:
  // False when the payload does not follow from those before it.
  bool add(ByteView payload, Bytes& frame);
  bool finish() const { return begun_; }

 private:
  bool begun_ = false;
};

Result<> packetize_vp8(const EncodedFrame& frame, const PacketizerOptions& options, PayloadSink& sink);

}  // namespace tidewire::media
