// Protects and opens records of epoch 1 in place: AES-GCM (RFC 5288) and ChaCha20-Poly1305 (RFC 7905) as DTLS 1.2
// uses them (RFC 6347 §4.1.2.1), and refuses replays (§4.1.2.6).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/packet.h"
#include "base/replay_window.h"
#include "crypto/aead.h"
#include "crypto/dtls_handshake.h"
#include "dtls/record.h"

namespace tidewire::dtls {

inline constexpr std::uint16_t kProtectedEpoch = 1;

// How nonces come about under one key.
class RecordNonce {
 public:
  RecordNonce(crypto::AeadAlgorithm algorithm, ByteView iv);

  // Bytes of the nonce that a record carries before its ciphertext: 8 with GCM, none with ChaCha20-Poly1305.
  std::size_t explicit_size() const { return explicit_size_; }
  // What a record adds to its plaintext.
  std::size_t overhead() const { return kRecordHeaderSize + explicit_size_ + crypto::kAeadTagSize; }
  // `sequence` is epoch and sequence number as one 64-bit number; `carried` the explicit part.
  std::array<std::uint8_t, crypto::kAeadNonceSize> nonce(std::uint64_t sequence, ByteView carried) const;

 private:
  std::array<std::uint8_t, crypto::kAeadNonceSize> iv_{};
  std::size_t explicit_size_;
};

class RecordSealer {
 public:
  RecordSealer(crypto::AeadAlgorithm algorithm, const crypto::DtlsTrafficKeys::Direction& keys);

  // Turns a plaintext into a record. False, unchanged, when there is no room in the packet or no sequence number left.
  [[nodiscard]] bool seal(ContentType type, Packet& packet);
  std::size_t overhead() const { return nonce_.overhead(); }

 private:
  crypto::AeadSealer aead_;
  RecordNonce nonce_;
  std::uint64_t next_sequence_ = 0;
};

enum class OpenResult { kOk, kForged, kReplayed };

class RecordOpener {
 public:
  RecordOpener(crypto::AeadAlgorithm algorithm, const crypto::DtlsTrafficKeys::Direction& keys);

  // Turns a packet that is exactly one record of epoch 1 into its plaintext.
  OpenResult open(Packet& packet);

 private:
  crypto::AeadOpener aead_;
  RecordNonce nonce_;
  ReplayWindow<256> window_;
};

}  // namespace tidewire::dtls
