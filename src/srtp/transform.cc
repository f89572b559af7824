#include "srtp/transform.h"

#include <algorithm>
#include <cassert>

#include "base/byte_reader.h"
#include "base/byte_writer.h"

namespace tidewire::srtp {

namespace {

std::array<std::uint8_t, 4> big_endian(std::uint64_t value) {
  std::array<std::uint8_t, 4> bytes{};
  ByteWriter(bytes).u32(value);
  return bytes;
}

// RFC 3711 §4.2: the authenticated portion of an RTP packet ends with the roll-over counter.
std::array<std::uint8_t, 4> rollover_counter(PacketId id) { return big_endian(id.index >> 16); }

}  // namespace

Transform::Transform(crypto::SrtpProfile profile, const SessionKeys& keys, Direction direction) {
  std::copy_n(keys.salt.begin(), std::min(keys.salt.size(), salt_.size()), salt_.begin());
  if (profile == crypto::SrtpProfile::kAes128CmSha1_80) {
    counter_.emplace(keys.encryption);
    hmac_.emplace(keys.authentication);
    return;
  }
  const auto algorithm = profile == crypto::SrtpProfile::kAeadAes256Gcm ? crypto::AeadAlgorithm::kAes256Gcm
                                                                        : crypto::AeadAlgorithm::kAes128Gcm;
  if (direction == Direction::kProtect) {
    sealer_.emplace(algorithm, keys.encryption);
  } else {
    opener_.emplace(algorithm, keys.encryption);
  }
}

// RFC 7714 §8.1 and §9.1: 16 zero bits, SSRC, and the index as 48 bits (which is ROC and SEQ), XORed with the salt.
std::array<std::uint8_t, crypto::kAeadNonceSize> Transform::nonce(PacketId id) const {
  std::array<std::uint8_t, crypto::kAeadNonceSize> nonce{};
  ByteWriter writer(nonce);
  writer.u16(0);
  writer.u32(id.ssrc);
  writer.u48(id.index);
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] ^= salt_[i];
  return nonce;
}

// RFC 3711 §4.1.1: IV = (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16).
std::array<std::uint8_t, 16> Transform::counter_block(PacketId id) const {
  std::array<std::uint8_t, 16> block{};
  ByteWriter writer(block);
  writer.u32(0);
  writer.u32(id.ssrc);
  writer.u48(id.index);
  for (std::size_t i = 0; i < salt_.size(); ++i) block[i] ^= salt_[i];
  return block;
}

bool Transform::tag_matches(ByteView tag, ByteView first, ByteView second) const {
  const crypto::Sha1Digest digest = hmac_->compute(first, second);
  return crypto::equal_in_constant_time(tag, ByteView(digest).first(kSha1TagSize));
}

void Transform::protect_rtp(PacketId id, MutableByteView packet, std::size_t header_size, const std::uint8_t* payload) {
  const std::size_t size = packet.size() - header_size - tag_size();
  const ByteView header = packet.first(header_size);
  const MutableByteView body = packet.subspan(header_size, size);
  const MutableByteView tag = packet.last(tag_size());
  if (aead()) {
    // RFC 7714 §8.2: the header, extensions included, is the associated data.
    sealer_->seal(nonce(id), header, {payload, size}, body.data(), tag.data());
    return;
  }
  counter_->crypt(counter_block(id), {payload, size}, body.data());
  const crypto::Sha1Digest digest = hmac_->compute(packet.first(header_size + size), rollover_counter(id));
  std::copy_n(digest.begin(), tag.size(), tag.begin());
}

bool Transform::unprotect_rtp(PacketId id, MutableByteView packet, std::size_t header_size) {
  const std::size_t size = packet.size() - header_size - tag_size();
  const ByteView header = packet.first(header_size);
  const MutableByteView body = packet.subspan(header_size, size);
  const ByteView tag = packet.last(tag_size());
  if (aead()) return opener_->open(nonce(id), header, body, tag, body.data());
  if (!tag_matches(tag, packet.first(header_size + size), rollover_counter(id))) return false;
  counter_->crypt(counter_block(id), body, body.data());
  return true;
}

// Two layouts: RFC 7714 §9.2 puts the tag before the word with the index, RFC 3711 §3.4 puts it behind.
void Transform::protect_rtcp(PacketId id, MutableByteView packet, bool encrypt) {
  const std::size_t size = packet.size() - kSrtcpIndexSize - tag_size();
  const std::array<std::uint8_t, 4> word = big_endian(id.index | (encrypt ? kEncryptedFlag : 0));
  const MutableByteView body = packet.subspan(kRtcpHeaderSize, size - kRtcpHeaderSize);
  if (aead()) {
    std::uint8_t* const tag = packet.data() + size;
    if (encrypt) {
      sealer_->seal(nonce(id), {packet.first(kRtcpHeaderSize), word}, body, body.data(), tag);
    } else {
      sealer_->seal(nonce(id), {packet.first(size), word}, {}, nullptr, tag);
    }
    std::copy(word.begin(), word.end(), packet.end() - kSrtcpIndexSize);
    return;
  }
  if (encrypt) counter_->crypt(counter_block(id), body, body.data());
  std::copy(word.begin(), word.end(), packet.begin() + static_cast<std::ptrdiff_t>(size));
  const crypto::Sha1Digest digest = hmac_->compute(packet.first(size + kSrtcpIndexSize));
  std::copy_n(digest.begin(), kSha1TagSize, packet.end() - kSha1TagSize);
}

bool Transform::unprotect_rtcp(PacketId id, MutableByteView packet, bool encrypted) {
  const std::size_t size = packet.size() - kSrtcpIndexSize - tag_size();
  const std::array<std::uint8_t, 4> word = big_endian(id.index | (encrypted ? kEncryptedFlag : 0));
  const MutableByteView body = packet.subspan(kRtcpHeaderSize, size - kRtcpHeaderSize);
  if (aead()) {
    const ByteView tag = packet.subspan(size, tag_size());
    return encrypted ? opener_->open(nonce(id), {packet.first(kRtcpHeaderSize), word}, body, tag, body.data())
                     : opener_->open(nonce(id), {packet.first(size), word}, {}, tag, nullptr);
  }
  if (!tag_matches(packet.last(kSha1TagSize), packet.first(size + kSrtcpIndexSize), {})) return false;
  if (encrypted) counter_->crypt(counter_block(id), body, body.data());
  return true;
}

std::uint32_t Transform::srtcp_word(ByteView packet) const {
  const std::size_t behind = aead() ? 0 : kSha1TagSize;
  return ByteReader(packet.subspan(packet.size() - behind - kSrtcpIndexSize)).u32();
}

}  // namespace tidewire::srtp
