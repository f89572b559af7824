// TLS (RFC 8446, RFC 5246) for the connections of this folder: what a client and a server bring to a handshake, and why
// one failed. For the files of src/io only.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "tidewire/result.h"

namespace tidewire::io {

// Trusts the authorities of a PEM file, or of the system when it is empty. The latter is one value for the whole
// process, and not to be changed.
Result<std::shared_ptr<boost::asio::ssl::context>> make_client_tls(const std::string& ca_file);
// Proves itself with a certificate, followed by those between it and the authority, and the private key, all in PEM.
Result<std::shared_ptr<boost::asio::ssl::context>> make_server_tls(const std::string& certificate_pem);

// RFC 6066 §3: a client tells the name that it asks for, unless that is an address.
void announce_server_name(SSL* handle, const std::string& name);
// A client goes on only when the certificate is of a trusted authority and for this name, or this address in textual
// form (RFC 9525 §6).
void verify_server(SSL* handle, const std::string& name);
// After a failed handshake: what was wrong with the peer's certificate, else what the error says.
std::string handshake_failure(SSL* handle, const boost::system::error_code& error);

}  // namespace tidewire::io
