// OpenSSL's side of a certificate. For the .cc files of this folder only.
#pragma once

#include "crypto/certificate.h"
#include "crypto/openssl.h"

namespace tidewire::crypto {

struct Certificate::Handles {
  OwnedX509 x509;
  OwnedKey key;
};

}  // namespace tidewire::crypto
