#include "media/payload/opus.h"

#include <array>

namespace tidewire::media {

namespace {

// The length of each frame in the packet.
std::uint32_t frame_duration(std::uint8_t toc) {
  const unsigned configuration = toc >> 3;
  // RFC 6716 §3.1, table 2: SILK 10, 20, 40, 60 ms; hybrid 10, 20 ms; CELT 2.5, 5, 10, 20 ms.
  constexpr std::array<std::uint32_t, 4> kSilk{480, 960, 1920, 2880};
  constexpr std::array<std::uint32_t, 2> kHybrid{480, 960};
  constexpr std::array<std::uint32_t, 4> kCelt{120, 240, 480, 960};
  if (configuration < 12) return kSilk[configuration % 4];
  return configuration < 16 ? kHybrid[configuration % 2] : kCelt[configuration % 4];
}

// Where the first frame of the packet begins; past its end when that is not told in its first bytes.
std::size_t first_frame(ByteView packet) {
  switch (packet[0] & 0x03U) {
    case 0:
    case 1: return 1;
    // RFC 6716 §3.2.4, §3.2.1: the first frame's length, in one byte or two
    case 2: return packet.size() > 1 && packet[1] >= 252 ? 3 : 2;
    default: return packet.size();  // no encoder in use puts redundancy into packets of code 3
  }
}

}  // namespace

std::optional<std::uint32_t> opus_duration(ByteView packet) {
  if (packet.empty()) return std::nullopt;
  const std::uint32_t frame = frame_duration(packet[0]);
  std::uint32_t frames = 1;
  switch (packet[0] & 0x03U) {
    case 0: break;
    case 1:
    case 2: frames = 2; break;
    default:
      if (packet.size() < 2) return std::nullopt;
      frames = packet[1] & 0x3fU;
  }
  const std::uint32_t duration = frames * frame;
  return duration == 0 || duration > 5760 ? std::nullopt : std::optional(duration);
}

bool opus_is_celt(ByteView packet) {
  constexpr unsigned kFirstCelt = 16;
  return !packet.empty() && packet[0] >> 3 >= kFirstCelt;
}

std::uint32_t opus_redundancy(ByteView packet) {
  if (packet.empty() || opus_is_celt(packet)) return 0;
  const std::size_t at = first_frame(packet);
  if (at >= packet.size()) return 0;
  // RFC 6716 §4.2.3: of each channel a bit of voice activity for each 20 ms, then one that tells of redundancy. They
  // are the frame's first bits (§4.1: symbols of probability one half).
  const std::uint32_t frame = frame_duration(packet[0]);
  const unsigned activity = frame > 960 ? frame / 960 : 1;
  const bool stereo = (packet[0] & 0x04U) != 0;
  const bool first = (packet[at] >> (7 - activity) & 1U) != 0;
  const bool second = stereo && (packet[at] >> (6 - 2 * activity) & 1U) != 0;
  return first || second ? frame : 0;
}

}  // namespace tidewire::media
