// For tests: master keys and RTP and RTCP packets.
#pragma once

#include <cstdint>

#include "base/byte_writer.h"
#include "crypto/srtp_profile.h"
#include "tidewire/bytes.h"

namespace tidewire::srtp {

inline crypto::SrtpMasterKey test_key(crypto::SrtpProfile profile, std::uint8_t first = 1) {
  crypto::SrtpMasterKey master{.profile = profile, .key = {}, .salt = {}};
  for (std::size_t i = 0; i < crypto::srtp_key_size(profile); ++i) {
    master.key.push_back(static_cast<std::uint8_t>(first + i));
  }
  for (std::size_t i = 0; i < crypto::srtp_salt_size(profile); ++i) {
    master.salt.push_back(static_cast<std::uint8_t>(first + 100 + i));
  }
  return master;
}

struct RtpFields {
  std::uint32_t ssrc = 0x11223344;
  std::uint16_t sequence = 0;
  std::size_t payload = 50;
  std::size_t csrcs = 0;
  std::size_t extension_words = 0;
};

inline Bytes rtp_packet(RtpFields fields) {
  Bytes bytes(12 + 4 * fields.csrcs + 4 + 4 * fields.extension_words + fields.payload);
  ByteWriter writer(bytes);
  writer.u8(0x80U | fields.csrcs | (fields.extension_words > 0 ? 0x10U : 0U));
  writer.u8(96);
  writer.u16(fields.sequence);
  writer.u32(90U * fields.sequence);
  writer.u32(fields.ssrc);
  for (std::size_t i = 0; i < fields.csrcs; ++i) writer.u32(i);
  if (fields.extension_words > 0) {
    writer.u16(0xbede);
    writer.u16(fields.extension_words);
    for (std::size_t i = 0; i < fields.extension_words; ++i) writer.u32(0x10aa0000U + i);
  }
  for (std::size_t i = 0; i < fields.payload; ++i) writer.u8((fields.sequence + i) & 0xffU);
  bytes.resize(writer.size());
  return bytes;
}

// A receiver report of nobody, padded to `size` bytes with words.
inline Bytes rtcp_packet(std::uint32_t ssrc, std::size_t size = 32) {
  Bytes bytes(size, 0x5a);
  ByteWriter writer(bytes);
  writer.u8(0x80);
  writer.u8(201);
  writer.u16(size / 4 - 1);
  writer.u32(ssrc);
  return bytes;
}

}  // namespace tidewire::srtp
