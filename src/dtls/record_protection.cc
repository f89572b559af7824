#include "dtls/record_protection.h"

#include <algorithm>

#include "base/byte_writer.h"

namespace tidewire::dtls {

namespace {

// RFC 5246 §6.2.3.3: seq_num + type + version + length of the plaintext.
std::array<std::uint8_t, 13> additional_data(std::uint64_t sequence, ContentType type, std::uint16_t version,
                                             std::size_t plaintext_size) {
  std::array<std::uint8_t, 13> bytes{};
  ByteWriter writer(bytes);
  writer.u64(sequence);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u16(version);
  writer.u16(plaintext_size);
  return bytes;
}

constexpr std::uint64_t with_epoch(std::uint64_t sequence) { return std::uint64_t{kProtectedEpoch} << 48 | sequence; }

}  // namespace

RecordNonce::RecordNonce(crypto::AeadAlgorithm algorithm, ByteView iv)
    : explicit_size_(algorithm == crypto::AeadAlgorithm::kChaCha20Poly1305 ? 0 : 8) {
  std::copy_n(iv.begin(), std::min(iv.size(), iv_.size()), iv_.begin());
}

std::array<std::uint8_t, crypto::kAeadNonceSize> RecordNonce::nonce(std::uint64_t sequence, ByteView carried) const {
  std::array<std::uint8_t, crypto::kAeadNonceSize> nonce = iv_;
  if (explicit_size_ > 0) {
    // RFC 5288 §3: the 4-byte salt, then the 8 bytes in the record.
    std::copy(carried.begin(), carried.end(), nonce.begin() + 4);
  } else {
    // RFC 7905 §2: the sequence number, padded on the left, XORed with the IV.
    for (std::size_t i = 0; i < 8; ++i) nonce[11 - i] ^= static_cast<std::uint8_t>(sequence >> (8 * i));
  }
  return nonce;
}

RecordSealer::RecordSealer(crypto::AeadAlgorithm algorithm, const crypto::DtlsTrafficKeys::Direction& keys)
    : aead_(algorithm, keys.key), nonce_(algorithm, keys.iv) {}

bool RecordSealer::seal(ContentType type, Packet& packet) {
  const std::size_t plaintext_size = packet.size();
  const std::size_t before = kRecordHeaderSize + nonce_.explicit_size();
  // RFC 6347 §4.1: sequence numbers must not wrap.
  if (next_sequence_ > kMaxSequence || packet.headroom() < before || packet.tailroom() < crypto::kAeadTagSize) {
    return false;
  }
  if (!packet.prepend(before) || !packet.resize(before + plaintext_size + crypto::kAeadTagSize)) return false;
  const std::uint64_t sequence = with_epoch(next_sequence_);
  const MutableByteView bytes = packet.bytes();
  write_record_header(bytes, type, kProtectedEpoch, next_sequence_++, bytes.size() - kRecordHeaderSize);
  // The explicit nonce is the sequence number (RFC 5288 §3 allows it): unique without a state of its own.
  const MutableByteView carried = bytes.subspan(kRecordHeaderSize, nonce_.explicit_size());
  if (!carried.empty()) ByteWriter(carried).u64(sequence);
  const MutableByteView text = bytes.subspan(before, plaintext_size);
  const auto associated = additional_data(sequence, type, kVersion12, plaintext_size);
  aead_.seal(nonce_.nonce(sequence, carried), ByteView(associated), text, text.data(), text.data() + text.size());
  return true;
}

RecordOpener::RecordOpener(crypto::AeadAlgorithm algorithm, const crypto::DtlsTrafficKeys::Direction& keys)
    : aead_(algorithm, keys.key), nonce_(algorithm, keys.iv) {}

OpenResult RecordOpener::open(Packet& packet) {
  ByteView rest = packet.bytes();
  const std::optional<Record> record = take_record(rest);
  if (!record || record->epoch != kProtectedEpoch || packet.size() < nonce_.overhead()) return OpenResult::kForged;
  if (!window_.is_fresh(record->sequence)) return OpenResult::kReplayed;
  const std::size_t before = kRecordHeaderSize + nonce_.explicit_size();
  const std::size_t size = packet.size() - nonce_.overhead();
  const MutableByteView bytes = packet.bytes();
  const std::uint64_t sequence = with_epoch(record->sequence);
  const auto associated = additional_data(sequence, record->type, record->version, size);
  const auto nonce = nonce_.nonce(sequence, bytes.subspan(kRecordHeaderSize, nonce_.explicit_size()));
  const MutableByteView text = bytes.subspan(before, size);
  if (!aead_.open(nonce, ByteView(associated), text, bytes.last(crypto::kAeadTagSize), text.data())) {
    return OpenResult::kForged;
  }
  // RFC 6347 §4.1.2.6: the window moves only after the record has been verified.
  window_.accept(record->sequence);
  packet.remove_prefix(before);
  packet.remove_suffix(crypto::kAeadTagSize);
  return OpenResult::kOk;
}

}  // namespace tidewire::dtls
