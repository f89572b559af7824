#include "crypto/certificate.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "crypto/certificate_handles.h"

namespace tidewire::crypto {

namespace {

constexpr std::size_t kSerialBits = 64;

std::time_t to_time_t(UnixTime time) {
  return static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(time.since_epoch).count());
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

const EVP_MD* digest_of(std::string_view algorithm) {
  if (equal_ignoring_case(algorithm, "sha-256")) return EVP_sha256();
  if (equal_ignoring_case(algorithm, "sha-384")) return EVP_sha384();
  if (equal_ignoring_case(algorithm, "sha-512")) return EVP_sha512();
  return nullptr;
}

// The key must belong to the certificate's user, and the certificate need not be rooted anywhere: fingerprints are
// what peers trust (RFC 8827 §6.5). The subject is of no use to anybody and therefore the same for all.
OwnedX509 make_self_signed(EVP_PKEY* key, UnixTime not_before, UnixTime not_after) {
  OwnedX509 x509(X509_new());
  const Owned<BIGNUM, BN_free> serial(BN_new());
  require(x509 && serial && BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1);
  require(BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(x509.get())) != nullptr);
  require(ASN1_TIME_set(X509_getm_notBefore(x509.get()), to_time_t(not_before)) != nullptr);
  require(ASN1_TIME_set(X509_getm_notAfter(x509.get()), to_time_t(not_after)) != nullptr);
  static constexpr std::array<unsigned char, 6> kName{'W', 'e', 'b', 'R', 'T', 'C'};
  X509_NAME* const name = X509_get_subject_name(x509.get());
  require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, kName.data(), kName.size(), -1, 0) == 1);
  require(X509_set_version(x509.get(), X509_VERSION_3) == 1 && X509_set_issuer_name(x509.get(), name) == 1 &&
          X509_set_pubkey(x509.get(), key) == 1 && X509_sign(x509.get(), key, EVP_sha256()) > 0);
  return x509;
}

template <typename T>
Bytes to_der(T* object, int (*encode)(const T*, unsigned char**)) {
  const int size = encode(object, nullptr);
  require(size > 0);
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* at = der.data();
  encode(object, &at);
  return der;
}

OwnedBio memory_bio(std::string_view text) {
  return OwnedBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Encrypted keys are not read: without a callback OpenSSL would ask at the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

Error bad(ErrorCode code, const char* message) {
  ERR_clear_error();
  return {code, message};
}

}  // namespace

std::optional<Fingerprint> fingerprint_of(ByteView certificate_der, std::string_view algorithm) {
  const EVP_MD* const digest = digest_of(algorithm);
  if (digest == nullptr) return std::nullopt;
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  require(EVP_Digest(certificate_der.data(), certificate_der.size(), hash.data(), &size, digest, nullptr) == 1);
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  Fingerprint fingerprint{.algorithm = {}, .value = {}};
  for (const char c : algorithm) fingerprint.algorithm += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (std::size_t i = 0; i < size; ++i) {
    if (i > 0) fingerprint.value += ':';
    fingerprint.value += kDigits[hash[i] >> 4];
    fingerprint.value += kDigits[hash[i] & 15U];
  }
  return fingerprint;
}

bool matches_any(ByteView certificate_der, std::span<const Fingerprint> expected) {
  return std::any_of(expected.begin(), expected.end(), [&](const Fingerprint& wanted) {
    const std::optional<Fingerprint> actual = fingerprint_of(certificate_der, wanted.algorithm);
    return actual && equal_ignoring_case(actual->value, wanted.value);
  });
}

Certificate::Certificate(std::unique_ptr<Handles> handles)
    : handles_(std::move(handles)), der_(to_der<X509>(handles_->x509.get(), i2d_X509)) {
  fingerprint_ = *fingerprint_of(der_, "sha-256");
}

Certificate::~Certificate() = default;

std::shared_ptr<const Certificate> Certificate::generate(UnixTime not_before, UnixTime not_after) {
  auto handles = std::make_unique<Handles>();
  handles->key.reset(EVP_EC_gen("P-256"));
  require(handles->key != nullptr);
  handles->x509 = make_self_signed(handles->key.get(), not_before, not_after);
  return std::shared_ptr<const Certificate>(new Certificate(std::move(handles)));
}

Result<std::shared_ptr<const Certificate>> Certificate::from_pem(std::string_view pem) {
  auto handles = std::make_unique<Handles>();
  handles->x509.reset(PEM_read_bio_X509(memory_bio(pem).get(), nullptr, no_passphrase, nullptr));
  if (!handles->x509) return bad(ErrorCode::kSyntax, "there is no certificate in the PEM text");
  handles->key.reset(PEM_read_bio_PrivateKey(memory_bio(pem).get(), nullptr, no_passphrase, nullptr));
  if (!handles->key) return bad(ErrorCode::kSyntax, "there is no unencrypted private key in the PEM text");
  if (X509_check_private_key(handles->x509.get(), handles->key.get()) != 1) {
    return bad(ErrorCode::kInvalidAccess, "the private key does not belong to the certificate");
  }
  return std::shared_ptr<const Certificate>(new Certificate(std::move(handles)));
}

Result<std::shared_ptr<const Certificate>> Certificate::from_der(ByteView certificate, ByteView private_key) {
  auto handles = std::make_unique<Handles>();
  const unsigned char* at = certificate.data();
  handles->x509.reset(d2i_X509(nullptr, &at, static_cast<long>(certificate.size())));
  if (!handles->x509) return bad(ErrorCode::kSyntax, "the bytes are no X.509 certificate");
  at = private_key.data();
  handles->key.reset(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(private_key.size())));
  if (!handles->key) return bad(ErrorCode::kSyntax, "the bytes are no PKCS #8 private key");
  if (X509_check_private_key(handles->x509.get(), handles->key.get()) != 1) {
    return bad(ErrorCode::kInvalidAccess, "the private key does not belong to the certificate");
  }
  return std::shared_ptr<const Certificate>(new Certificate(std::move(handles)));
}

std::string Certificate::to_pem() const {
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  require(bio && PEM_write_bio_X509(bio.get(), handles_->x509.get()) == 1 &&
          PEM_write_bio_PKCS8PrivateKey(bio.get(), handles_->key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Bytes Certificate::private_key_der() const {
  const Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> pkcs8(EVP_PKEY2PKCS8(handles_->key.get()));
  require(pkcs8 != nullptr);
  return to_der<PKCS8_PRIV_KEY_INFO>(pkcs8.get(), i2d_PKCS8_PRIV_KEY_INFO);
}

const Bytes& Certificate::der() const { return der_; }

const Fingerprint& Certificate::fingerprint() const { return fingerprint_; }

UnixTime Certificate::expires() const {
  // From the epoch: a difference of two given times, so no clock is read.
  const Owned<ASN1_TIME, ASN1_TIME_free> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0;
  int seconds = 0;
  require(ASN1_TIME_diff(&days, &seconds, epoch.get(), X509_get0_notAfter(handles_->x509.get())) == 1);
  return {std::chrono::hours(24) * days + std::chrono::seconds(seconds)};
}

}  // namespace tidewire::crypto
