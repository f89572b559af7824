// The RTP payload format for VP9 (RFC 9628). A frame is one picture: the frames of its spatial layers, one after the
// other.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "media/payload/payload_sink.h"
#include "media/payload/types.h"
#include "tidewire/bytes.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/result.h"

namespace tidewire::media {

// RFC 9628 §4.2
struct Vp9Descriptor {
  static constexpr std::size_t kMaxReferences = 3;

  bool inter_predicted = false;             // P
  bool flexible = false;                    // F
  bool begins_frame = false;                // B: of a spatial layer
  bool ends_frame = false;                  // E
  bool not_for_inter_layer = false;         // Z
  std::optional<std::uint16_t> picture_id;  // of 7 or of 15 bits
  std::optional<std::uint8_t> temporal_layer;
  std::optional<std::uint8_t> spatial_layer;
  bool switching_up = false;           // U
  bool inter_layer_predicted = false;  // D
  std::optional<std::uint8_t> tl0_picture_index;
  std::array<std::uint8_t, kMaxReferences> reference_distances{};  // P_DIFF
  std::size_t reference_count = 0;
  // Of the highest spatial layer that the scalability structure tells; zero without.
  int width = 0;
  int height = 0;
  std::size_t size = 0;  // of the descriptor itself

  // Nothing when it is cut short or says what cannot be.
  static std::optional<Vp9Descriptor> parse(ByteView payload);
};

// What the uncompressed header of a frame says (VP9 bitstream specification §6.2).
struct Vp9FrameHeader {
  bool key_frame = false;
  int width = 0;  // key frames only
  int height = 0;

  // Nothing when it is cut short or no VP9.
  static std::optional<Vp9FrameHeader> parse(ByteView frame);
};

std::optional<PayloadInfo> parse_vp9_payload(ByteView payload);

// Puts the payloads of one picture together.
class Vp9FrameBuilder {
 public:
  // False when the payload does not follow from those before it.
  bool add(ByteView payload, Bytes& frame);
  // Says where each layer's frame ends, where there are several.
  bool finish(Bytes& frame) const;

 private:
  bool begun_ = false;
  bool open_ = false;  // a layer's frame has begun and not ended
  std::optional<std::uint16_t> picture_id_;
  std::uint8_t spatial_layer_ = 0;
  std::array<std::size_t, 8> sizes_{};  // of the layers' frames
  std::size_t layer_count_ = 0;
};

// Cuts a picture in non-flexible mode: the pattern of its layers is told with key frames. One without layers has a
// descriptor without them. kEncoding when the layers' sizes exceed the picture.
Result<> packetize_vp9(const EncodedFrame& frame, const PacketizerOptions& options, PayloadSink& sink);

}  // namespace tidewire::media
