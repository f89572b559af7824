// What every payload format tells about its payloads, and what cutting a frame takes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tidewire::media {

// Pictures with more pixels than this in one direction are taken for nonsense: the largest that a common level allows
// is 16,384 wide (AV1 level 6.x).
inline constexpr int kMaxPictureSide = 16'384;

struct PictureSize {
  int width = 0;
  int height = 0;

  friend bool operator==(const PictureSize&, const PictureSize&) = default;
};

// What one RTP payload tells about the frame that it is a part of.
struct PayloadInfo {
  // It can be the first of a frame, if what comes before it is of another one …
  bool may_begin = false;
  // … and it is the first: nothing of its frame comes before it.
  bool begins = false;
  // A decoder can start with it: should something of its frame come before it, that is not needed.
  bool decodable_from_here = false;
  // Its frame needs no other to be decoded.
  bool key_frame = false;
  // It holds (a part of) a picture, not only parameters for pictures to come.
  bool picture = true;
  // No other frame needs this one.
  bool non_reference = false;
  std::optional<std::uint8_t> temporal_layer;
  std::optional<std::uint8_t> spatial_layer;
  std::optional<std::uint16_t> picture_id;
  // What the frame depends on, where the format tells. The last frame of the lowest temporal layer, which all others
  // depend on: this one itself, if it is of that layer.
  std::optional<std::uint8_t> tl0_picture_index;
  // It depends on no frame of a higher temporal layer (VP8's Y) …
  bool layer_sync = false;
  // … and none after it, in a higher temporal layer than its own, on one before it (VP9's U).
  bool switching_up = false;
  // VP9's flexible mode: how many pictures back those are that it depends on; all of them.
  bool distances_told = false;
  std::array<std::uint8_t, 3> distances{};
  std::size_t distance_count = 0;
  // Pixels; zero when this payload does not tell.
  int width = 0;
  int height = 0;
};

// RFC 6184 §6: how H.264 is cut, as packetization-mode says.
enum class H264PacketizationMode : std::uint8_t {
  kSingleNalUnit = 0,   // each NAL unit is a packet; what every receiver takes
  kNonInterleaved = 1,  // small ones share a packet, large ones are cut
};

struct PacketizerOptions {
  // Of a payload, with the header of its format.
  std::size_t max_payload = 1100;
  // A frame that needs more is refused.
  std::size_t max_packets = 1024;
  std::uint16_t picture_id = 0;  // VP8 and VP9: 15 bits
  H264PacketizationMode h264_mode = H264PacketizationMode::kNonInterleaved;
  // VP8 and VP9 in layers: counts the pictures of the lowest temporal layer, of which this is one or the last one
  // before this.
  std::uint8_t tl0_picture_index = 0;
};

// What a packet is in its frame, of which a picture with spatial layers has several.
struct PacketPlace {
  std::uint8_t spatial_layer = 0;
  bool first = false;
  bool last = false;

  friend bool operator==(const PacketPlace&, const PacketPlace&) = default;
};

}  // namespace tidewire::media
