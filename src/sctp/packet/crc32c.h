// CRC32c (RFC 9260 Appendix A), the checksum of every SCTP packet.
#pragma once

#include <cstdint>

#include "tidewire/bytes.h"

namespace tidewire::sctp {

std::uint32_t crc32c(ByteView bytes);
// RFC 9260 §6.8: that of a whole packet, with its checksum field taken as zero whatever it holds.
std::uint32_t packet_checksum(ByteView packet);
// The same without the processor's instruction, for processors that lack it; visible for tests.
std::uint32_t crc32c_by_table(ByteView bytes);

}  // namespace tidewire::sctp
