// The messages of a DTLS 1.2 handshake, by OpenSSL: bytes of records in, bytes of records out, keys at the end.
//
// No time and no network: OpenSSL's own retransmission timer is set so far away that it never fires, and datagrams
// pass through a BIO in memory that keeps their borders. The dtls machine does the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/aead.h"
#include "crypto/certificate.h"
#include "crypto/srtp_profile.h"
#include "tidewire/bytes.h"

namespace tidewire::crypto {

// What protects records of epoch 1 (RFC 5246 §6.3). The IV is the 4-byte salt of GCM (RFC 5288 §3) or the 12-byte
// mask of ChaCha20-Poly1305 (RFC 7905 §2).
struct DtlsTrafficKeys {
  struct Direction {
    Bytes key;
    Bytes iv;
  };
  AeadAlgorithm algorithm = AeadAlgorithm::kAes128Gcm;
  Direction client;
  Direction server;
};

class DtlsHandshake {
 public:
  struct Config {
    bool is_server = false;
    std::shared_ptr<const Certificate> certificate;
    std::vector<SrtpProfile> srtp_profiles;
    std::size_t mtu = 1200;
  };
  enum class State { kInProgress, kDone, kFailed };

  explicit DtlsHandshake(const Config& config);
  ~DtlsHandshake();

  // Fingerprints of which the peer's certificate must match one. Without them any certificate passes here, and the
  // owner checks it at the end.
  void expect_fingerprints(std::vector<Fingerprint> fingerprints);

  // Takes one record, or none to begin, and goes as far as it can. Output may be waiting afterwards, also when it
  // failed (an alert).
  State advance(ByteView record);
  State state() const;
  // One datagram of records as OpenSSL wrote it.
  std::optional<Bytes> poll_output();

  // Why it failed, in OpenSSL's words.
  const std::string& error() const;
  // DER; empty until it came.
  const Bytes& peer_certificate() const;
  // True when the certificate was refused for its fingerprint.
  bool peer_rejected() const;

  // From when the first record of epoch 1 was written.
  std::optional<DtlsTrafficKeys> traffic_keys() const;
  // Once done. The name is IANA's.
  std::string cipher_name() const;
  // RFC 5764 §4.2. Once done; nothing when no profile was negotiated.
  std::optional<SrtpKeyingMaterial> srtp_keys() const;

 private:
  friend struct DtlsHandshakeCallbacks;  // what OpenSSL calls
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire::crypto
