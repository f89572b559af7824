#include "crypto/dtls_handshake.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/srtp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <string_view>

#include "crypto/certificate_handles.h"

namespace tidewire::crypto {

namespace {

// The wanted suite first; ECDSA ones are for two ends of this kind, RSA ones let a client reach a server that holds
// an RSA certificate. All are AEAD with forward secrecy (RFC 8827 §6.5, RFC 9325 §4.2).
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";

// A WebRTC peer sends one small certificate; nobody may make us buffer more.
constexpr long kMaxCertificates = 16 * 1024;
// In microseconds: about an hour, longer than any handshake is let live.
constexpr unsigned kTimerThatNeverFires = 3'600'000'000U;
// Times that OpenSSL may be called for one record: it drops a ChangeCipherSpec that came early and wants to be
// called again.
constexpr int kMaxCalls = 4;

constexpr std::string_view kExporterLabel = "EXTRACTOR-dtls_srtp";  // RFC 5764 §4.2

std::string profile_list(const std::vector<SrtpProfile>& profiles) {
  std::string list;
  for (const SrtpProfile profile : profiles) {
    if (!list.empty()) list += ':';
    list += to_string(profile);
  }
  return list;
}

Bytes tls12_prf(const EVP_MD* digest, ByteView secret, std::string_view label, ByteView seed, std::size_t size) {
  const Owned<EVP_KDF, EVP_KDF_free> kdf(EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr));
  const Owned<EVP_KDF_CTX, EVP_KDF_CTX_free> context(EVP_KDF_CTX_new(kdf.get()));
  std::string digest_name = EVP_MD_get0_name(digest);
  Bytes key(secret.begin(), secret.end());
  Bytes joined(label.begin(), label.end());
  joined.insert(joined.end(), seed.begin(), seed.end());
  const std::array<OSSL_PARAM, 4> params{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, key.data(), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, joined.data(), joined.size()),
      OSSL_PARAM_construct_end(),
  };
  Bytes out(size);
  require(context && EVP_KDF_derive(context.get(), out.data(), out.size(), params.data()) == 1);
  return out;
}

Bytes take(ByteView& from, std::size_t n) {
  Bytes taken(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(n));
  from = from.subspan(n);
  return taken;
}

}  // namespace

struct DtlsHandshake::Impl {
  Owned<SSL_CTX, SSL_CTX_free> context;
  Owned<SSL, SSL_free> ssl;
  State state = State::kInProgress;
  ByteView input;
  std::deque<Bytes> output;
  std::vector<Fingerprint> expected;
  Bytes peer_certificate;
  bool peer_rejected = false;
  std::string error;
};

namespace {

int ex_data_index() {
  static const int kIndex = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kIndex;
}

unsigned timer_that_never_fires(SSL*, unsigned) { return kTimerThatNeverFires; }

}  // namespace

// The BIO and the certificate check: what OpenSSL calls while it works.
struct DtlsHandshakeCallbacks {
  using State = DtlsHandshake::Impl;

  static int read(BIO* bio, char* buffer, int size) {
    BIO_clear_retry_flags(bio);
    State& state = *static_cast<State*>(BIO_get_data(bio));
    if (state.input.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    // A datagram is read as a whole; what does not fit is lost, as on a socket.
    const std::size_t n = std::min(state.input.size(), static_cast<std::size_t>(std::max(size, 0)));
    std::memcpy(buffer, state.input.data(), n);
    state.input = {};
    return static_cast<int>(n);
  }

  static int write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    State& state = *static_cast<State*>(BIO_get_data(bio));
    state.output.emplace_back(bytes, bytes + size);
    return size;
  }

  static long control(BIO* bio, int command, long, void*) {
    const State& state = *static_cast<State*>(BIO_get_data(bio));
    switch (command) {
      case BIO_CTRL_FLUSH: return 1;
      case BIO_CTRL_PENDING: return static_cast<long>(state.input.size());
      default: return 0;
    }
  }

  static BIO_METHOD* method() {
    static BIO_METHOD* const kMethod = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tidewire datagrams");
      require(made && BIO_meth_set_read(made, read) == 1 && BIO_meth_set_write(made, write) == 1 &&
              BIO_meth_set_ctrl(made, control) == 1);
      return made;
    }();
    return kMethod;
  }

  // RFC 8827 §6.5: the certificate is trusted for its fingerprint; names, dates and issuers do not matter.
  static int verify(X509_STORE_CTX* store, void*) {
    SSL* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    State& state = *static_cast<State*>(SSL_get_ex_data(ssl, ex_data_index()));
    X509* const leaf = X509_STORE_CTX_get0_cert(store);
    unsigned char* der = nullptr;
    const int size = leaf != nullptr ? i2d_X509(leaf, &der) : -1;
    if (size > 0) state.peer_certificate.assign(der, der + size);
    OPENSSL_free(der);
    state.peer_rejected =
        size <= 0 || (!state.expected.empty() && !matches_any(state.peer_certificate, state.expected));
    // OpenSSL turns this error into the alert bad_certificate (RFC 8122 §6.2 asks for it).
    X509_STORE_CTX_set_error(store, state.peer_rejected ? X509_V_ERR_CERT_REJECTED : X509_V_OK);
    return state.peer_rejected ? 0 : 1;
  }
};

namespace {

void configure(SSL_CTX* context, const DtlsHandshake::Config& config) {
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(context, kMaxCertificates);
  require(SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
          SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1);
  require(SSL_CTX_set_cipher_list(context, kCiphers) == 1 && SSL_CTX_set1_groups_list(context, kGroups) == 1);
  const Certificate::Handles& own = config.certificate->handles();
  require(SSL_CTX_use_certificate(context, own.x509.get()) == 1 && SSL_CTX_use_PrivateKey(context, own.key.get()) == 1);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, DtlsHandshakeCallbacks::verify, nullptr);
  const std::string profiles = profile_list(config.srtp_profiles);
  // Unlike the rest of OpenSSL, this one answers 0 for success.
  require(profiles.empty() || SSL_CTX_set_tlsext_use_srtp(context, profiles.c_str()) == 0);
}

}  // namespace

DtlsHandshake::DtlsHandshake(const Config& config) : impl_(std::make_unique<Impl>()) {
  impl_->context.reset(SSL_CTX_new(DTLS_method()));
  require(impl_->context != nullptr);
  configure(impl_->context.get(), config);
  impl_->ssl.reset(SSL_new(impl_->context.get()));
  SSL* const ssl = impl_->ssl.get();
  require(ssl != nullptr && SSL_set_ex_data(ssl, ex_data_index(), impl_.get()) == 1);
  BIO* const bio = BIO_new(DtlsHandshakeCallbacks::method());
  require(bio != nullptr);
  BIO_set_data(bio, impl_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  require(SSL_set_mtu(ssl, static_cast<long>(config.mtu)) > 0);
  DTLS_set_timer_cb(ssl, timer_that_never_fires);
  config.is_server ? SSL_set_accept_state(ssl) : SSL_set_connect_state(ssl);
}

DtlsHandshake::~DtlsHandshake() = default;

void DtlsHandshake::expect_fingerprints(std::vector<Fingerprint> fingerprints) {
  impl_->expected = std::move(fingerprints);
}

DtlsHandshake::State DtlsHandshake::advance(ByteView record) {
  if (impl_->state != State::kInProgress) return impl_->state;
  impl_->input = record;
  for (int call = 0; call < kMaxCalls; ++call) {
    ERR_clear_error();
    const int result = SSL_do_handshake(impl_->ssl.get());
    if (result == 1) return impl_->state = State::kDone;
    if (SSL_get_error(impl_->ssl.get(), result) != SSL_ERROR_WANT_READ) {
      const char* const reason = ERR_reason_error_string(ERR_peek_error());
      impl_->error = reason != nullptr ? reason : "unknown error";
      ERR_clear_error();
      return impl_->state = State::kFailed;
    }
    if (impl_->input.empty()) break;
  }
  impl_->input = {};
  return impl_->state;
}

DtlsHandshake::State DtlsHandshake::state() const { return impl_->state; }

std::optional<Bytes> DtlsHandshake::poll_output() {
  if (impl_->output.empty()) return std::nullopt;
  Bytes datagram = std::move(impl_->output.front());
  impl_->output.pop_front();
  return datagram;
}

const std::string& DtlsHandshake::error() const { return impl_->error; }
const Bytes& DtlsHandshake::peer_certificate() const { return impl_->peer_certificate; }
bool DtlsHandshake::peer_rejected() const { return impl_->peer_rejected; }

std::optional<DtlsTrafficKeys> DtlsHandshake::traffic_keys() const {
  const SSL* const ssl = impl_->ssl.get();
  const SSL_CIPHER* cipher = SSL_get_pending_cipher(ssl);
  if (cipher == nullptr) cipher = SSL_get_current_cipher(ssl);
  const SSL_SESSION* const session = SSL_get_session(ssl);
  if (cipher == nullptr || session == nullptr) return std::nullopt;
  std::array<std::uint8_t, SSL_MAX_MASTER_KEY_LENGTH> master{};
  const std::size_t master_size = SSL_SESSION_get_master_key(session, master.data(), master.size());
  if (master_size == 0) return std::nullopt;

  DtlsTrafficKeys keys;
  switch (SSL_CIPHER_get_cipher_nid(cipher)) {
    case NID_aes_128_gcm: keys.algorithm = AeadAlgorithm::kAes128Gcm; break;
    case NID_aes_256_gcm: keys.algorithm = AeadAlgorithm::kAes256Gcm; break;
    case NID_chacha20_poly1305: keys.algorithm = AeadAlgorithm::kChaCha20Poly1305; break;
    default: return std::nullopt;
  }
  // RFC 5246 §6.3: key_block = PRF(master_secret, "key expansion", server_random + client_random).
  std::array<std::uint8_t, 2 * SSL3_RANDOM_SIZE> randoms{};
  SSL_get_server_random(ssl, randoms.data(), SSL3_RANDOM_SIZE);
  SSL_get_client_random(ssl, randoms.data() + SSL3_RANDOM_SIZE, SSL3_RANDOM_SIZE);
  const std::size_t key_size = aead_key_size(keys.algorithm);
  const std::size_t iv_size = keys.algorithm == AeadAlgorithm::kChaCha20Poly1305 ? 12 : 4;
  const Bytes block = tls12_prf(SSL_CIPHER_get_handshake_digest(cipher), ByteView(master).first(master_size),
                                "key expansion", randoms, 2 * (key_size + iv_size));
  ByteView rest(block);
  keys.client.key = take(rest, key_size);
  keys.server.key = take(rest, key_size);
  keys.client.iv = take(rest, iv_size);
  keys.server.iv = take(rest, iv_size);
  return keys;
}

std::string DtlsHandshake::cipher_name() const {
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(impl_->ssl.get());
  return cipher != nullptr ? SSL_CIPHER_standard_name(cipher) : "";
}

std::optional<SrtpKeyingMaterial> DtlsHandshake::srtp_keys() const {
  const SRTP_PROTECTION_PROFILE* const selected = SSL_get_selected_srtp_profile(impl_->ssl.get());
  if (selected == nullptr) return std::nullopt;
  const auto profile = static_cast<SrtpProfile>(selected->id);
  const std::size_t key_size = srtp_key_size(profile);
  const std::size_t salt_size = srtp_salt_size(profile);
  Bytes block(2 * (key_size + salt_size));
  if (SSL_export_keying_material(impl_->ssl.get(), block.data(), block.size(), kExporterLabel.data(),
                                 kExporterLabel.size(), nullptr, 0, 0) != 1) {
    return std::nullopt;
  }
  ByteView rest(block);
  SrtpKeyingMaterial keys;
  keys.client.profile = keys.server.profile = profile;
  keys.client.key = take(rest, key_size);
  keys.server.key = take(rest, key_size);
  keys.client.salt = take(rest, salt_size);
  keys.server.salt = take(rest, salt_size);
  return keys;
}

}  // namespace tidewire::crypto
