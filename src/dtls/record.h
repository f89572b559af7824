// DTLS 1.2 records as they lie on the wire (RFC 6347 §4.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tidewire/bytes.h"

namespace tidewire::dtls {

enum class ContentType : std::uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23,
};

inline constexpr std::size_t kRecordHeaderSize = 13;
inline constexpr std::uint16_t kVersion12 = 0xfefd;
inline constexpr std::uint64_t kMaxSequence = (std::uint64_t{1} << 48) - 1;

struct Record {
  ContentType type{};
  std::uint16_t version = 0;
  std::uint16_t epoch = 0;
  std::uint64_t sequence = 0;
  ByteView fragment;
  ByteView whole;  // header and fragment
};

// Takes the first record off a datagram. Nothing when it is malformed: then the rest of the datagram is, too.
std::optional<Record> take_record(ByteView& datagram);

// Writes a header to the first kRecordHeaderSize bytes of `out`.
void write_record_header(MutableByteView out, ContentType type, std::uint16_t epoch, std::uint64_t sequence,
                         std::size_t fragment_size);

// RFC 6347 §4.2.2: message_seq of the handshake fragment that a plaintext record begins with.
std::optional<std::uint16_t> message_sequence(const Record& record);

}  // namespace tidewire::dtls
