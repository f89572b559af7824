// Writes one SCTP packet: the common header, bundled chunks, and at last the checksum (RFC 9260 §6.8, §6.10).
#pragma once

#include <cstdint>
#include <optional>

#include "base/byte_writer.h"
#include "base/packet.h"
#include "sctp/packet/chunk.h"

namespace tidewire::sctp {

class PacketBuilder {
 public:
  // `packet` is empty and fresh from the pool; `mtu` is the most that may be put into it (rounded down to four bytes,
  // so that padding never exceeds it).
  PacketBuilder(Packet packet, std::size_t mtu, std::uint16_t source_port, std::uint16_t destination_port);

  // Starts the packet over, empty, with `verification_tag` in the header.
  void begin(std::uint32_t verification_tag);

  // True while no chunk is in it.
  bool empty() const { return writer_.size() <= kCommonHeaderSize; }
  // Bytes that one more chunk may have, header included.
  std::size_t room() const { return writer_.remaining(); }

  // Appends a chunk that is already encoded (unpadded). False, nothing written, when there is no room.
  [[nodiscard]] bool append(ByteView chunk);

  // A chunk of unknown length: the caller writes its value between the two calls, never more than room().
  ByteWriter& start_chunk(ChunkType type, std::uint8_t flags);
  void end_chunk();

  // The packet, ready to send. `zero_checksum`: the peer takes one (RFC 9653); chunks that need a real one get it
  // anyway.
  Packet finish(bool zero_checksum) &&;

 private:
  Packet packet_;
  ByteWriter writer_;
  std::uint16_t source_port_;
  std::uint16_t destination_port_;
  std::size_t chunk_start_ = 0;
  bool needs_checksum_ = false;
};

}  // namespace tidewire::sctp
