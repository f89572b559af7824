// What is done to the bytes of one packet: encryption and authentication under session keys. It knows no state of a
// stream; indices come from the caller.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "crypto/aead.h"
#include "crypto/aes_ctr.h"
#include "crypto/hmac_sha1.h"
#include "crypto/srtp_profile.h"
#include "srtp/session_keys.h"
#include "tidewire/bytes.h"

namespace tidewire::srtp {

inline constexpr std::size_t kRtcpHeaderSize = 8;  // RFC 3711 §3.4: not encrypted
inline constexpr std::size_t kSrtcpIndexSize = 4;  // with the E flag on top
inline constexpr std::uint32_t kEncryptedFlag = 0x8000'0000;

enum class Direction { kProtect, kUnprotect };

// Where a packet stands: its stream and its 48-bit RTP or 31-bit RTCP index.
struct PacketId {
  std::uint32_t ssrc = 0;
  std::uint64_t index = 0;
};

class Transform {
 public:
  Transform(crypto::SrtpProfile profile, const SessionKeys& keys, Direction direction);

  std::size_t tag_size() const { return aead() ? crypto::kAeadTagSize : kSha1TagSize; }

  // `packet` holds the header and has room for the payload and the tag; the payload is read from `payload`, which is
  // the packet's own place for it or does not overlap the packet.
  void protect_rtp(PacketId id, MutableByteView packet, std::size_t header_size, const std::uint8_t* payload);
  // False when forged. The plaintext takes the place of the ciphertext; the tag stays behind it.
  [[nodiscard]] bool unprotect_rtp(PacketId id, MutableByteView packet, std::size_t header_size);

  // `packet` has room for index and tag behind the payload.
  void protect_rtcp(PacketId id, MutableByteView packet, bool encrypt = true);
  [[nodiscard]] bool unprotect_rtcp(PacketId id, MutableByteView packet, bool encrypted);
  // The word with the E flag and the index in a protected packet, which is no shorter than header, index and tag.
  std::uint32_t srtcp_word(ByteView packet) const;

 private:
  static constexpr std::size_t kSha1TagSize = 10;  // RFC 3711 §5.2

  bool aead() const { return !counter_; }
  std::array<std::uint8_t, crypto::kAeadNonceSize> nonce(PacketId id) const;
  std::array<std::uint8_t, 16> counter_block(PacketId id) const;
  bool tag_matches(ByteView tag, ByteView first, ByteView second) const;

  std::array<std::uint8_t, 14> salt_{};
  std::optional<crypto::AeadSealer> sealer_;
  std::optional<crypto::AeadOpener> opener_;
  std::optional<crypto::AesCtr> counter_;
  std::optional<crypto::HmacSha1> hmac_;
};

}  // namespace tidewire::srtp
