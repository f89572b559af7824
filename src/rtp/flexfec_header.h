// What stands before the repair data of a FlexFEC packet (RFC 8627 §4.2.2): which packets of which sources went into
// it, and the parts of their headers that it recovers.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "rtp/header.h"
#include "rtp/types.h"
#include "tidewire/bytes.h"

namespace tidewire::rtp {

// RFC 8627 §4.2.2, figure 11, by the bits R and F.
enum class FlexfecVariant : std::uint8_t {
  kFlexibleMask,    // 0 0: a mask names the packets
  kFixed,           // 0 1: L columns and D rows name them
  kRetransmission,  // 1 0: one packet as it was
  kReserved,        // 1 1: to be ignored
};

// Nothing for an empty payload.
std::optional<FlexfecVariant> flexfec_variant(ByteView payload);

// Bit i is for the packet whose number is the base plus i.
using FlexfecMask = std::bitset<110>;

// What one source has in a repair packet.
struct FlexfecProtection {
  Ssrc ssrc;
  std::uint16_t sequence_number_base = 0;
  FlexfecMask mask;

  friend bool operator==(const FlexfecProtection&, const FlexfecProtection&) = default;
};

// RFC 8627 §6.2: the sum (modulo 2) of what is recovered of the headers of several packets.
struct FlexfecRecovery {
  std::uint8_t flags = 0;            // P, X and CC, in the low six bits
  std::uint8_t marker_and_type = 0;  // M and PT
  std::uint16_t length = 0;          // of all that follows the twelve bytes of the fixed header
  std::uint32_t timestamp = 0;

  // Adds an RTP packet of at least twelve bytes, or takes it away: these are the same.
  void add(ByteView packet);

  friend bool operator==(const FlexfecRecovery&, const FlexfecRecovery&) = default;
};

struct FlexfecHeader {
  // RFC 3550 §5.1: as many sources as there are places for CSRCs.
  static constexpr std::size_t kMaxSources = 15;
  // With one source.
  static constexpr std::size_t kMaxSizeOfOne = 8 + 16;

  FlexfecRecovery recovery;
  std::array<FlexfecProtection, kMaxSources> protections{};
  std::size_t protection_count = 0;
  std::size_t size = 0;  // bytes in front of the repair data

  // Of the variant with masks; nothing for another one, for one that is cut off, or one that protects nothing.
  static std::optional<FlexfecHeader> parse(const Header& header, ByteView payload);
};

// The bytes that a mask takes with its base and k bits: 4, 8 or 16.
std::size_t flexfec_mask_size(const FlexfecMask& mask);

// Writes a header of the variant with masks, each in its shortest form, to the begin of `out`; the sources belong into
// the CSRC list of the packet. Answers its size; 0 when `out` is too small.
std::size_t write_flexfec_header(const FlexfecHeader& header, MutableByteView out);

// RFC 8627 §6.2: adds `bytes` to the begin of `sum`, which is at least as long.
void add_flexfec_payload(MutableByteView sum, ByteView bytes);

}  // namespace tidewire::rtp
