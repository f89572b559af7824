// Telling RTP from RTCP when both share one port (RFC 5761 §4).
#pragma once

#include "tidewire/bytes.h"

namespace tidewire::rtp {

// True when `packet` has RTP's version 2, and so is either RTP or RTCP.
constexpr bool has_rtp_version(ByteView packet) { return packet.size() >= 2 && packet[0] >> 6 == 2; }

// RFC 5761 §4: RTP payload types 64 to 95 are not used together with RTCP multiplexing, so that the second byte,
// marker bit included, is 192 to 223 in RTCP alone. Works on encrypted packets.
constexpr bool is_rtcp(ByteView packet) { return has_rtp_version(packet) && packet[1] >= 192 && packet[1] <= 223; }

}  // namespace tidewire::rtp
