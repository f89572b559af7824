// X.509 certificates with their private key, and fingerprints of certificates (RFC 8122).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tidewire/bytes.h"
#include "tidewire/result.h"
#include "tidewire/time.h"

namespace tidewire::crypto {

// What `a=fingerprint` says: a hash of a certificate in DER.
struct Fingerprint {
  std::string algorithm;  // as in RFC 8122 §5: "sha-256"; compared without regard to case
  std::string value;      // pairs of hexadecimal digits with colons between: "4A:AD:..."; upper case when ours

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

// The fingerprint of a certificate; nothing when the algorithm is not sha-256, sha-384 or sha-512. sha-1 and older
// ones are refused: RFC 8826 §6.5 wants collision resistance.
std::optional<Fingerprint> fingerprint_of(ByteView certificate_der, std::string_view algorithm);

// True when at least one of `expected` is of an accepted algorithm and is the certificate's fingerprint
// (RFC 8122 §5: several may be given; a match of one is enough).
bool matches_any(ByteView certificate_der, std::span<const Fingerprint> expected);

// A certificate that its owner can prove. Immutable; connections share it.
class Certificate {
 public:
  // Self-signed ECDSA on P-256 (RFC 8827 §6.5), valid within the given times. The key is drawn from OpenSSL's own
  // generator, which the operating system seeds.
  static std::shared_ptr<const Certificate> generate(UnixTime not_before, UnixTime not_after);
  // A certificate and its private key in PEM, in either order. kSyntax when one is missing or garbled, kInvalidAccess
  // when they do not belong together.
  static Result<std::shared_ptr<const Certificate>> from_pem(std::string_view pem);
  // The same from DER; the key as PKCS #8.
  static Result<std::shared_ptr<const Certificate>> from_der(ByteView certificate, ByteView private_key);

  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate();

  // Certificate and private key: keep it secret.
  std::string to_pem() const;
  Bytes private_key_der() const;

  const Bytes& der() const;
  // sha-256.
  const Fingerprint& fingerprint() const;
  UnixTime expires() const;

  // X509 and EVP_PKEY, for the files of this folder.
  struct Handles;
  const Handles& handles() const { return *handles_; }

 private:
  explicit Certificate(std::unique_ptr<Handles> handles);

  std::unique_ptr<Handles> handles_;
  Bytes der_;
  Fingerprint fingerprint_;
};

}  // namespace tidewire::crypto
