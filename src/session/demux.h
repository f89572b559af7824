// Which protocol a datagram belongs to, by its first bytes (RFC 7983 §7, RFC 5761 §4).
#pragma once

#include "rtp/demux.h"
#include "tidewire/bytes.h"

namespace tidewire::session {

enum class Protocol { kStun, kDtls, kRtp, kRtcp, kUnknown };

constexpr Protocol classify(ByteView datagram) {
  if (datagram.empty()) return Protocol::kUnknown;
  const std::uint8_t first = datagram[0];
  if (first <= 3) return Protocol::kStun;
  if (first >= 20 && first <= 63) return Protocol::kDtls;
  if (first >= 128 && first <= 191) return rtp::is_rtcp(datagram) ? Protocol::kRtcp : Protocol::kRtp;
  return Protocol::kUnknown;
}

}  // namespace tidewire::session
