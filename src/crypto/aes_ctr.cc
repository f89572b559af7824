#include "crypto/aes_ctr.h"

#include "crypto/openssl.h"

namespace tidewire::crypto {

AesCtr::AesCtr(ByteView key) : context_(EVP_CIPHER_CTX_new()) {
  require(key.size() == 16 || key.size() == 32);
  const EVP_CIPHER* const cipher = key.size() == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr();
  require(context_ && EVP_EncryptInit_ex(context_.get(), cipher, nullptr, key.data(), nullptr) == 1);
}

void AesCtr::crypt(ByteView iv, ByteView in, std::uint8_t* out) {
  int size = 0;
  require(iv.size() == 16);
  require(EVP_EncryptInit_ex(context_.get(), nullptr, nullptr, nullptr, iv.data()) == 1);
  require(in.empty() || EVP_EncryptUpdate(context_.get(), out, &size, in.data(), static_cast<int>(in.size())) == 1);
}

}  // namespace tidewire::crypto
