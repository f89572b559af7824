// The RTP fixed header, CSRC list and header extension (RFC 3550 §5.1, RFC 8285), as a view of received bytes.
#pragma once

#include <cstdint>
#include <optional>

#include "rtp/types.h"
#include "tidewire/bytes.h"

namespace tidewire::rtp {

// What stands before the payload. Of an SRTP packet all of this is in the clear, so it can be parsed before
// decryption (RFC 3711 §3.1). Views point into the bytes that were parsed.
struct Header {
  bool marker = false;
  bool padding = false;  // the P bit; how much padding only the decrypted packet tells
  PayloadType payload_type;
  std::uint16_t sequence_number = 0;
  std::uint32_t timestamp = 0;
  Ssrc ssrc;
  ByteView csrcs;  // four bytes each
  bool has_extension = false;
  std::uint16_t extension_profile = 0;  // 0xBEDE: one-byte elements; 0x100X: two-byte elements (RFC 8285 §4)
  ByteView extension;                   // the elements, without the profile and length words
  std::size_t size = 0;                 // bytes from the start of the packet to its payload

  // Nothing when this is no RTP: shorter than the header says it is, or another version.
  static std::optional<Header> parse(ByteView packet);

  std::size_t csrc_count() const { return csrcs.size() / 4; }
  Ssrc csrc(std::size_t i) const;
  // The data of the first element with this id; empty data is legal with two-byte elements.
  std::optional<ByteView> find_extension(std::uint8_t id) const;
};

// A whole packet in the clear.
struct PacketView {
  Header header;
  ByteView payload;  // without padding; may be empty (a packet of padding alone)
  std::size_t padding_size = 0;

  static std::optional<PacketView> parse(ByteView packet);
};

}  // namespace tidewire::rtp
