// Views of the parts of an SCTP packet as they lie in its bytes (RFC 9260 §3): the common header, chunks, and the
// type-length-value fields inside chunks. Nothing is copied; a view is valid as long as the packet is.
#pragma once

#include <cstdint>
#include <optional>

#include "base/byte_reader.h"
#include "sctp/types.h"
#include "tidewire/bytes.h"

namespace tidewire::sctp {

// RFC 9260 §3.2
enum class ChunkType : std::uint8_t {
  kData = 0,
  kInit = 1,
  kInitAck = 2,
  kSack = 3,
  kHeartbeat = 4,
  kHeartbeatAck = 5,
  kAbort = 6,
  kShutdown = 7,
  kShutdownAck = 8,
  kError = 9,
  kCookieEcho = 10,
  kCookieAck = 11,
  kShutdownComplete = 14,
  kInterleavedData = 64,         // I-DATA, RFC 8260 §2.1
  kReConfig = 130,               // RFC 6525 §3.1
  kPad = 132,                    // RFC 4820 §3
  kForwardTsn = 192,             // RFC 3758 §3.2
  kInterleavedForwardTsn = 194,  // I-FORWARD-TSN, RFC 8260 §2.3.1
};

// RFC 9260 §3.3.1, RFC 8260 §2.1: flags of DATA and I-DATA chunks. Bit U is unordered, B and E the first and last
// fragment, I asks for a SACK.
inline constexpr std::uint8_t kFlagEnd = 0x01;
inline constexpr std::uint8_t kFlagBegin = 0x02;
inline constexpr std::uint8_t kFlagUnordered = 0x04;
inline constexpr std::uint8_t kFlagImmediate = 0x08;
// RFC 9260 §3.3.7: flag T of ABORT and SHUTDOWN COMPLETE: the tag is the sender's own, reflected.
inline constexpr std::uint8_t kFlagTagReflected = 0x01;

inline constexpr std::size_t kCommonHeaderSize = 12;           // RFC 9260 §3.1
inline constexpr std::size_t kChunkHeaderSize = 4;             // RFC 9260 §3.2
inline constexpr std::size_t kDataHeaderSize = 16;             // RFC 9260 §3.3.1, chunk header included
inline constexpr std::size_t kInterleavedDataHeaderSize = 20;  // RFC 8260 §2.1, the same

struct CommonHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t verification_tag = 0;
};

// The common header when the packet has one and its checksum is right. `takes_zero`: a checksum of zero will do, where
// RFC 9653 §5.3 allows it.
std::optional<CommonHeader> parse_common_header(ByteView packet, bool takes_zero);

// RFC 9653 §5.2: packets with these carry a real checksum, whatever the peer takes: it may have no association yet.
constexpr bool needs_checksum(ChunkType type) { return type == ChunkType::kInit || type == ChunkType::kCookieEcho; }

// One type-length-value field: a chunk, a parameter or an error cause.
template <typename Type>
struct Tlv {
  Type type{};
  std::uint8_t flags = 0;  // chunks only
  ByteView value;          // without header and padding
  ByteView whole;          // header and value, without padding
};
using ChunkView = Tlv<ChunkType>;
using ParameterView = Tlv<std::uint16_t>;  // RFC 9260 §3.2.1; error causes (§3.3.10) have the same form

// Goes through the chunks of a packet (its bytes after the common header). Ends at the end or at the first length that
// lies; ok() tells which.
class ChunkReader {
 public:
  explicit ChunkReader(ByteView bytes) : rest_(bytes) {}
  std::optional<ChunkView> next();
  bool ok() const { return ok_; }

 private:
  ByteView rest_;
  bool ok_ = true;
};

// The same for parameters and error causes.
class ParameterReader {
 public:
  explicit ParameterReader(ByteView bytes) : rest_(bytes) {}
  std::optional<ParameterView> next();
  bool ok() const { return ok_; }

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace tidewire::sctp
