#include "media/payload/opus.h"

#include <array>

namespace tidewire::media {

std::optional<std::uint32_t> opus_duration(ByteView packet) {
  if (packet.empty()) return std::nullopt;
  const unsigned configuration = packet[0] >> 3;
  // RFC 6716 §3.1, table 2: SILK 10, 20, 40, 60 ms; hybrid 10, 20 ms; CELT 2.5, 5, 10, 20 ms.
  constexpr std::array<std::uint32_t, 4> kSilk{480, 960, 1920, 2880};
  constexpr std::array<std::uint32_t, 2> kHybrid{480, 960};
  constexpr std::array<std::uint32_t, 4> kCelt{120, 240, 480, 960};
  const std::uint32_t frame = configuration < 12   ? kSilk[configuration % 4]
                              : configuration < 16 ? kHybrid[configuration % 2]
                                                   : kCelt[configuration % 4];
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

}  // namespace tidewire::media
