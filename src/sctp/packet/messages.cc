#include "sctp/packet/messages.h"

#include <algorithm>
#include <string_view>

namespace tidewire::sctp {

std::optional<DataChunk> DataChunk::parse(const ChunkView& chunk) {
  ByteReader reader(chunk.value);
  DataChunk data;
  data.tsn = reader.u32();
  data.stream = StreamId(reader.u16());
  data.flags = chunk.flags;
  data.interleaved = chunk.type == ChunkType::kInterleavedData;
  if (data.interleaved) {
    reader.u16();  // reserved
    data.number = reader.u32();
    // RFC 8260 §2.1: the first fragment, which has FSN 0, has the PPID in its place.
    const std::uint32_t ppid_or_fsn = reader.u32();
    if (data.begin())
      data.ppid = Ppid(ppid_or_fsn);
    else
      data.fsn = ppid_or_fsn;
  } else {
    data.number = reader.u16();
    data.ppid = Ppid(reader.u32());
  }
  if (!reader.ok()) return std::nullopt;
  data.payload = reader.rest();
  return data;
}

std::optional<InitChunk> InitChunk::parse(const ChunkView& chunk) {
  ByteReader reader(chunk.value);
  InitChunk init;
  init.initiate_tag = reader.u32();
  init.a_rwnd = reader.u32();
  init.outbound_streams = reader.u16();
  init.inbound_streams = reader.u16();
  init.initial_tsn = reader.u32();
  if (!reader.ok()) return std::nullopt;
  ParameterReader parameters(reader.rest());
  while (const auto parameter = parameters.next()) {
    if (parameter->type == kParamStateCookie) init.state_cookie = parameter->value;
    if (parameter->type == kParamForwardTsnSupported) init.forward_tsn = true;
    // RFC 9653 §4: the first one counts.
    if (parameter->type == kParamZeroChecksum && parameter->value.size() == 4 && !init.zero_checksum_method) {
      init.zero_checksum_method = ByteReader(parameter->value).u32();
    }
    if (parameter->type != kParamSupportedExtensions) continue;
    for (const std::uint8_t type : parameter->value) {
      if (static_cast<ChunkType>(type) == ChunkType::kForwardTsn) init.forward_tsn = true;
      if (static_cast<ChunkType>(type) == ChunkType::kReConfig) init.re_config = true;
      if (static_cast<ChunkType>(type) == ChunkType::kInterleavedData) init.interleaving = true;
      if (static_cast<ChunkType>(type) == ChunkType::kPad) init.pad = true;
    }
  }
  if (!parameters.ok()) return std::nullopt;
  return init;
}

std::optional<SackChunk> SackChunk::parse(const ChunkView& chunk) {
  ByteReader reader(chunk.value);
  SackChunk sack;
  sack.cumulative_tsn_ack = reader.u32();
  sack.a_rwnd = reader.u32();
  sack.gap_ack_blocks = reader.u16();
  sack.duplicate_tsns = reader.u16();
  sack.blocks = reader.take(sack.gap_ack_blocks * 4);
  sack.duplicates = reader.take(sack.duplicate_tsns * 4);
  if (!reader.ok()) return std::nullopt;
  return sack;
}

SackChunk::GapAckBlock SackChunk::gap_ack_block(std::size_t i) const {
  ByteReader reader(blocks.subspan(i * 4, 4));
  const std::uint16_t first = reader.u16();
  return {first, reader.u16()};
}

std::optional<ForwardTsnChunk> ForwardTsnChunk::parse(const ChunkView& chunk) {
  ByteReader reader(chunk.value);
  ForwardTsnChunk forward;
  forward.interleaved = chunk.type == ChunkType::kInterleavedForwardTsn;
  forward.new_cumulative_tsn = reader.u32();
  if (!reader.ok() || reader.remaining() % entry_size(forward.interleaved) != 0) return std::nullopt;
  forward.list = reader.rest();
  return forward;
}

SkippedMessage ForwardTsnChunk::skipped_message(std::size_t i) const {
  ByteReader reader(list.subspan(i * entry_size(interleaved), entry_size(interleaved)));
  SkippedMessage skipped;
  skipped.stream = StreamId(reader.u16());
  const std::uint16_t ssn_or_flags = reader.u16();
  skipped.number = interleaved ? reader.u32() : ssn_or_flags;
  skipped.unordered = interleaved && (ssn_or_flags & 1) != 0;
  return skipped;
}

std::optional<OutgoingResetRequest> OutgoingResetRequest::parse(const ParameterView& parameter) {
  ByteReader reader(parameter.value);
  OutgoingResetRequest request;
  request.request_sequence = reader.u32();
  request.response_sequence = reader.u32();
  request.last_assigned_tsn = reader.u32();
  if (!reader.ok() || reader.remaining() % 2 != 0) return std::nullopt;
  request.streams = reader.rest();
  return request;
}

StreamId OutgoingResetRequest::stream(std::size_t i) const {
  return StreamId(ByteReader(streams.subspan(i * 2, 2)).u16());
}

std::optional<ReConfigResponse> ReConfigResponse::parse(const ParameterView& parameter) {
  ByteReader reader(parameter.value);
  ReConfigResponse response;
  response.response_sequence = reader.u32();
  response.result = static_cast<ReConfigResult>(reader.u32());
  if (!reader.ok()) return std::nullopt;
  return response;
}

namespace {

std::string_view cause_name(std::uint16_t code) {
  switch (static_cast<Cause>(code)) {
    case Cause::kInvalidStreamIdentifier: return "Invalid Stream Identifier";
    case Cause::kMissingMandatoryParameter: return "Missing Mandatory Parameter";
    case Cause::kStaleCookie: return "Stale Cookie";
    case Cause::kOutOfResource: return "Out of Resource";
    case Cause::kUnresolvableAddress: return "Unresolvable Address";
    case Cause::kUnrecognizedChunkType: return "Unrecognized Chunk Type";
    case Cause::kInvalidMandatoryParameter: return "Invalid Mandatory Parameter";
    case Cause::kUnrecognizedParameters: return "Unrecognized Parameters";
    case Cause::kNoUserData: return "No User Data";
    case Cause::kCookieReceivedWhileShuttingDown: return "Cookie Received While Shutting Down";
    case Cause::kRestartWithNewAddresses: return "Restart with New Addresses";
    case Cause::kUserInitiatedAbort: return "User-Initiated Abort";
    case Cause::kProtocolViolation: return "Protocol Violation";
  }
  return "unknown cause";
}

bool printable(ByteView bytes) {
  return !bytes.empty() &&
         std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

std::string describe_causes(ByteView causes) {
  constexpr std::size_t kLongest = 200;  // what the peer wrote must not flood a log
  std::string text;
  ParameterReader reader(causes);
  while (const auto cause = reader.next()) {
    if (text.size() > kLongest) break;
    if (!text.empty()) text += "; ";
    text += cause_name(cause->type);
    const ByteView shown = cause->value.first(std::min(cause->value.size(), kLongest));
    const auto code = static_cast<Cause>(cause->type);
    if (code != Cause::kUserInitiatedAbort && code != Cause::kProtocolViolation) continue;
    if (printable(shown)) text.append(": ").append(as_text(shown));
  }
  return text.empty() ? "no cause given" : text;
}

bool has_cause(ByteView causes, Cause cause) {
  ParameterReader reader(causes);
  while (const auto found = reader.next()) {
    if (static_cast<Cause>(found->type) == cause) return true;
  }
  return false;
}

}  // namespace tidewire::sctp
