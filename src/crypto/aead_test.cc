#include "crypto/aead.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "crypto/aes_ctr.h"
#include "crypto/hash.h"
#include "crypto/hmac_sha1.h"

namespace tidewire::crypto {
namespace {

Bytes hex(std::string_view text) { return hex_decode(text).value(); }

TEST(Aead, SealsAndOpensWithAes128Gcm) {
  // The GCM specification (McGrew, Viega), test case 4.
  const Bytes key = hex("feffe9928665731c6d6a8f9467308308");
  const Bytes nonce = hex("cafebabefacedbaddecaf888");
  const Bytes associated = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const Bytes plaintext = hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
      "ba637b39");
  const Bytes ciphertext = hex(
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac97"
      "3d58e091");
  const Bytes tag = hex("5bc94fbc3221a5db94fae95ae7121a47");

  AeadSealer sealer(AeadAlgorithm::kAes128Gcm, key);
  AeadOpener opener(AeadAlgorithm::kAes128Gcm, key);
  Bytes sealed(plaintext.size());
  Bytes sealed_tag(kAeadTagSize);
  // Twice, to see that nothing of the first use remains; associated data in one run and in two.
  for (const std::size_t split : {associated.size(), std::size_t{7}}) {
    const AssociatedData both(ByteView(associated).first(split), ByteView(associated).subspan(split));
    sealer.seal(nonce, both, plaintext, sealed.data(), sealed_tag.data());
    EXPECT_EQ(sealed, ciphertext);
    EXPECT_EQ(sealed_tag, tag);
    Bytes opened = sealed;
    EXPECT_TRUE(opener.open(nonce, both, opened, tag, opened.data()));
    EXPECT_EQ(opened, plaintext);
  }
}

TEST(Aead, SealsWithChaCha20Poly1305) {
  // RFC 8439 §2.8.2.
  const Bytes key = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  const Bytes nonce = hex("070000004041424344454647");
  const Bytes associated = hex("50515253c0c1c2c3c4c5c6c7");
  const std::string_view text =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be "
      "it.";
  AeadSealer sealer(AeadAlgorithm::kChaCha20Poly1305, key);
  Bytes sealed(text.size());
  Bytes tag(kAeadTagSize);
  sealer.seal(nonce, ByteView(associated), as_bytes(text), sealed.data(), tag.data());
  EXPECT_EQ(hex_encode(tag), "1ae10b594f09e26a7e902ecbd0600691");
  EXPECT_EQ(hex_encode(ByteView(sealed).first(16)), "d31a8d34648e60db7b86afbc53ef7ec2");
}

TEST(Aead, RefusesAnyChange) {
  const Bytes key(32, 1);
  const Bytes nonce(12, 2);
  const Bytes associated(20, 3);
  for (const AeadAlgorithm algorithm : {AeadAlgorithm::kAes256Gcm, AeadAlgorithm::kChaCha20Poly1305}) {
    AeadSealer sealer(algorithm, key);
    AeadOpener opener(algorithm, key);
    Bytes sealed(40, 7);
    Bytes tag(kAeadTagSize);
    sealer.seal(nonce, ByteView(associated), sealed, sealed.data(), tag.data());
    Bytes opened(40);
    ASSERT_TRUE(opener.open(nonce, ByteView(associated), sealed, tag, opened.data()));
    for (Bytes* part : {&sealed, &tag}) {
      for (std::uint8_t& byte : *part) {
        byte ^= 0x10;
        EXPECT_FALSE(opener.open(nonce, ByteView(associated), sealed, tag, opened.data()));
        byte ^= 0x10;
      }
    }
    EXPECT_FALSE(opener.open(nonce, ByteView(associated).first(19), sealed, tag, opened.data()));
    EXPECT_FALSE(opener.open(nonce, ByteView(associated), sealed, ByteView(tag).first(15), opened.data()));
    EXPECT_TRUE(opener.open(nonce, ByteView(associated), sealed, tag, opened.data()));
  }
}

TEST(AesCtr, EncryptsAsInNistSp80038a) {
  // NIST SP 800-38A, F.5.1.
  AesCtr cipher(hex("2b7e151628aed2a6abf7158809cf4f3c"));
  const Bytes plaintext = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
  for (int i = 0; i < 2; ++i) {
    Bytes out(plaintext.size());
    cipher.crypt(hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), plaintext, out.data());
    EXPECT_EQ(hex_encode(out), "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff");
  }
}

TEST(HmacSha1, AgreesWithTheOneShotFunctionForKeysOfAnyLength) {
  const Bytes message(300, 0x61);
  for (const std::size_t size : {0U, 20U, 64U, 65U, 200U}) {
    const Bytes key(size, 0x42);
    const HmacSha1 hmac(key);
    for (const std::size_t split : {0U, 17U, 300U}) {
      EXPECT_EQ(hmac.compute(ByteView(message).first(split), ByteView(message).subspan(split)),
                hmac_sha1(key, message));
    }
  }
}

}  // namespace
}  // namespace tidewire::crypto
