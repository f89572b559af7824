#include "io/tls_context.h"

#include <boost/asio/buffer.hpp>

#include "tidewire/address.h"

namespace tidewire::io {
namespace {

using boost::asio::ssl::context;

// RFC 8996: TLS 1.0 and 1.1 must not be used.
constexpr context::options kOptions = context::default_workarounds | context::no_sslv2 | context::no_sslv3 |
                                      context::no_tlsv1 | context::no_tlsv1_1 | context::no_compression;

std::shared_ptr<context> make_client() {
  auto tls = std::make_shared<context>(context::tls_client);
  tls->set_options(kOptions);
  return tls;
}

std::shared_ptr<context> trusting_the_system() {
  auto tls = make_client();
  boost::system::error_code ignored;  // without authorities every certificate is refused, and that is told then
  tls->set_default_verify_paths(ignored);
  return tls;
}

}  // namespace

Result<std::shared_ptr<context>> make_client_tls(const std::string& ca_file) {
  if (ca_file.empty()) {
    // Reading a hundred and more authorities takes as long as a frame of video: once in a process.
    static const std::shared_ptr<context> shared = trusting_the_system();
    return shared;
  }
  auto tls = make_client();
  boost::system::error_code failure;
  tls->load_verify_file(ca_file, failure);
  if (failure) {
    return Error{ErrorCode::kNotReadable, "cannot read certificates from " + ca_file + ": " + failure.message()};
  }
  return tls;
}

Result<std::shared_ptr<context>> make_server_tls(const std::string& certificate_pem) {
  auto tls = std::make_shared<context>(context::tls_server);
  tls->set_options(kOptions | SSL_OP_NO_RENEGOTIATION);
  boost::system::error_code failure;
  const auto pem = boost::asio::buffer(certificate_pem);
  tls->use_certificate_chain(pem, failure);
  if (failure) return Error{ErrorCode::kSyntax, "the TLS certificate is no PEM certificate: " + failure.message()};
  tls->use_private_key(pem, context::pem, failure);
  if (failure)
    return Error{ErrorCode::kSyntax, "the TLS certificate's private key is not usable: " + failure.message()};
  return tls;
}

void announce_server_name(SSL* handle, const std::string& name) {
  if (IpAddress::parse(name)) return;
  // SSL_set_tlsext_host_name() is a macro with an old-style cast; this is what it does.
  std::string copy = name;
  SSL_ctrl(handle, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, copy.data());
}

void verify_server(SSL* handle, const std::string& name) {
  SSL_set_verify(handle, SSL_VERIFY_PEER, nullptr);
  X509_VERIFY_PARAM* wanted = SSL_get0_param(handle);
  if (IpAddress::parse(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str());
    return;
  }
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set1_host(wanted, name.data(), name.size());
}

std::string handshake_failure(SSL* handle, const boost::system::error_code& error) {
  const long verdict = SSL_get_verify_result(handle);
  if (verdict == X509_V_OK) return error.message();
  return std::string("the certificate is refused: ") + X509_verify_cert_error_string(verdict);
}

}  // namespace tidewire::io
