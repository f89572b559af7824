// The contents of each chunk type as values and views, parsed from a ChunkView. Nothing when malformed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "sctp/packet/chunk.h"

namespace tidewire::sctp {

// DATA (RFC 9260 §3.3.1) and I-DATA (RFC 8260 §2.1)
struct DataChunk {
  std::uint32_t tsn = 0;
  StreamId stream;
  std::uint32_t number = 0;  // which message of the stream: SSN (16 bits, ordered messages only) or MID
  Ppid ppid;                 // of I-DATA: on the first fragment only
  std::uint32_t fsn = 0;     // I-DATA only: which fragment of the message
  std::uint8_t flags = 0;
  bool interleaved = false;  // I-DATA
  ByteView payload;

  bool begin() const { return (flags & kFlagBegin) != 0; }
  bool end() const { return (flags & kFlagEnd) != 0; }
  bool unordered() const { return (flags & kFlagUnordered) != 0; }

  // A chunk without payload parses; §3.3.1 and §6.2 want it answered with an ABORT.
  static std::optional<DataChunk> parse(const ChunkView& chunk);
};

// Parameter types of INIT and INIT ACK.
inline constexpr std::uint16_t kParamStateCookie = 7;               // RFC 9260 §3.3.3.1
inline constexpr std::uint16_t kParamUnrecognized = 8;              // RFC 9260 §3.3.3.1
inline constexpr std::uint16_t kParamZeroChecksum = 0x8001;         // RFC 9653 §4
inline constexpr std::uint16_t kParamSupportedExtensions = 0x8008;  // RFC 5061 §4.2.7
inline constexpr std::uint16_t kParamForwardTsnSupported = 0xC000;  // RFC 3758 §3.1

// RFC 9653 §4: what detects errors in place of the checksum, an Error Detection Method Identifier.
inline constexpr std::uint32_t kErrorDetectionByDtls = 1;

// INIT and INIT ACK (RFC 9260 §3.3.2, §3.3.3)
struct InitChunk {
  std::uint32_t initiate_tag = 0;
  std::uint32_t a_rwnd = 0;
  std::uint16_t outbound_streams = 0;
  std::uint16_t inbound_streams = 0;
  std::uint32_t initial_tsn = 0;
  bool forward_tsn = false;                           // RFC 3758
  bool re_config = false;                             // RFC 6525
  bool interleaving = false;                          // RFC 8260
  bool pad = false;                                   // RFC 4820
  std::optional<std::uint32_t> zero_checksum_method;  // RFC 9653: a zero checksum is taken when this detects errors
  ByteView state_cookie;                              // INIT ACK only; else empty

  static std::optional<InitChunk> parse(const ChunkView& chunk);
};

// RFC 9260 §3.3.4
struct SackChunk {
  // First and last TSN of a run that arrived, as distances from cumulative_tsn_ack.
  using GapAckBlock = std::pair<std::uint16_t, std::uint16_t>;

  std::uint32_t cumulative_tsn_ack = 0;
  std::uint32_t a_rwnd = 0;
  std::size_t gap_ack_blocks = 0;
  std::size_t duplicate_tsns = 0;
  ByteView blocks;
  ByteView duplicates;

  GapAckBlock gap_ack_block(std::size_t i) const;
  std::uint32_t duplicate_tsn(std::size_t i) const { return ByteReader(duplicates.subspan(i * 4, 4)).u32(); }

  static std::optional<SackChunk> parse(const ChunkView& chunk);
};

// A message that will not come, and all before it of its stream and kind.
struct SkippedMessage {
  StreamId stream;
  bool unordered = false;
  std::uint32_t number = 0;  // as in DataChunk
};

// FORWARD TSN (RFC 3758 §3.2) and I-FORWARD-TSN (RFC 8260 §2.3.1)
struct ForwardTsnChunk {
  std::uint32_t new_cumulative_tsn = 0;
  bool interleaved = false;
  ByteView list;

  static std::size_t entry_size(bool interleaved) { return interleaved ? 8 : 4; }
  std::size_t skipped_messages() const { return list.size() / entry_size(interleaved); }
  SkippedMessage skipped_message(std::size_t i) const;

  static std::optional<ForwardTsnChunk> parse(const ChunkView& chunk);
};

// RFC 6525 §4: parameters of RE-CONFIG.
inline constexpr std::uint16_t kParamOutgoingReset = 13;
inline constexpr std::uint16_t kParamIncomingReset = 14;
inline constexpr std::uint16_t kParamSsnTsnReset = 15;
inline constexpr std::uint16_t kParamReConfigResponse = 16;
inline constexpr std::uint16_t kParamAddOutgoingStreams = 17;
inline constexpr std::uint16_t kParamAddIncomingStreams = 18;

// RFC 6525 §4.1
struct OutgoingResetRequest {
  std::uint32_t request_sequence = 0;
  std::uint32_t response_sequence = 0;
  std::uint32_t last_assigned_tsn = 0;
  ByteView streams;  // two bytes each; none: all streams

  std::size_t count() const { return streams.size() / 2; }
  StreamId stream(std::size_t i) const;

  static std::optional<OutgoingResetRequest> parse(const ParameterView& parameter);
};

// RFC 6525 §4.4
enum class ReConfigResult : std::uint32_t {
  kNothingToDo = 0,
  kPerformed = 1,
  kDenied = 2,
  kWrongSsn = 3,
  kRequestAlreadyInProgress = 4,
  kBadSequenceNumber = 5,
  kInProgress = 6,
};

struct ReConfigResponse {
  std::uint32_t response_sequence = 0;
  ReConfigResult result = ReConfigResult::kNothingToDo;

  static std::optional<ReConfigResponse> parse(const ParameterView& parameter);
};

// RFC 9260 §3.3.10: cause codes of ERROR and ABORT.
enum class Cause : std::uint16_t {
  kInvalidStreamIdentifier = 1,
  kMissingMandatoryParameter = 2,
  kStaleCookie = 3,
  kOutOfResource = 4,
  kUnresolvableAddress = 5,
  kUnrecognizedChunkType = 6,
  kInvalidMandatoryParameter = 7,
  kUnrecognizedParameters = 8,
  kNoUserData = 9,
  kCookieReceivedWhileShuttingDown = 10,
  kRestartWithNewAddresses = 11,
  kUserInitiatedAbort = 12,
  kProtocolViolation = 13,
};

// The causes in the value of an ERROR or ABORT as one line for a person; text in them is shown when it is printable.
std::string describe_causes(ByteView causes);
// True when one of the causes is `cause`.
bool has_cause(ByteView causes, Cause cause);

}  // namespace tidewire::sctp
