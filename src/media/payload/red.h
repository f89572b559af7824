// The RTP payload format for redundant sound (RFC 2198): a packet carries its frame and copies of earlier ones.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/packet.h"
#include "rtp/types.h"
#include "tidewire/bytes.h"

namespace tidewire::media {

// RFC 2198 §3: 14 bits of timestamp offset, 10 bits of length.
inline constexpr std::uint32_t kMaxRedOffset = (1U << 14) - 1;
inline constexpr std::size_t kMaxRedLength = (1U << 10) - 1;
inline constexpr std::size_t kRedBlockHeader = 4;    // of a copy …
inline constexpr std::size_t kRedPrimaryHeader = 1;  // … and of the packet's own frame
// Copies in a packet at most. One with more is taken for nonsense: nobody sends them.
inline constexpr std::size_t kMaxRedCopies = 10;

struct RedBlock {
  rtp::PayloadType payload_type;
  std::uint32_t offset = 0;  // ticks by which it lies before the packet's timestamp
  ByteView payload;
};

// Views into the payload that it was read from.
struct RedPayload {
  RedBlock primary;
  std::array<RedBlock, kMaxRedCopies> blocks;
  std::size_t count = 0;

  std::span<const RedBlock> copies() const { return std::span(blocks).first(count); }  // oldest first, as sent
};

// Nothing when it is malformed: a header that ends early, lengths beyond the end, too many copies, or no frame.
std::optional<RedPayload> parse_red(ByteView payload);

// Appends the copies and the frame to `packet`. False when something does not fit its field or the packet.
bool write_red(Packet& packet, std::span<const RedBlock> copies, const RedBlock& primary);

}  // namespace tidewire::media
