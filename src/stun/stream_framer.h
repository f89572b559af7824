// Messages on a byte stream: cuts what arrives, and frames what leaves (RFC 8489 §6.2.2, RFC 8656 §12.5, RFC 4571 §2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/packet.h"
#include "tidewire/bytes.h"
#include "tidewire/stream.h"

namespace tidewire::stun {

// Bytes go in as they were read, in pieces of any size; each message comes out as one packet, with standard headroom,
// into which it has been copied once.
//
//   while (auto packet = framer.next(bytes)) …
//   if (framer.failed()) … close the connection
//
// Holds one unfinished message of at most Packet::kMaxPayload. A longer one is skipped, not an error: on a relay's
// connection any peer with a permission could otherwise end the connection with one big datagram.
class StreamFramer {
 public:
  StreamFramer(StreamFraming framing, PacketPool& pool) : framing_(framing), pool_(pool) {}

  // Takes bytes from the front of `bytes` until a message is whole. Nothing: all of them have been taken, or failed().
  std::optional<Packet> next(ByteView& bytes);
  // The bytes were no message of this framing, and no border can be found again. For good.
  bool failed() const { return failed_; }
  // How many messages were skipped.
  std::uint64_t skipped() const { return skipped_; }

 private:
  static constexpr std::size_t kMaxHeaderSize = 4;

  std::size_t header_size() const { return framing_ == StreamFraming::kStun ? 4 : 2; }
  bool read_header(ByteView& bytes);
  void begin_message();
  void begin_length_framed();
  std::optional<Packet> finish_message();

  StreamFraming framing_;
  PacketPool& pool_;
  std::array<std::uint8_t, kMaxHeaderSize> header_{};
  std::size_t header_read_ = 0;
  Packet message_;             // while one is being gathered
  std::size_t remaining_ = 0;  // of the message
  std::size_t skip_ = 0;       // padding, or a message that is too long
  bool failed_ = false;
  std::uint64_t skipped_ = 0;
};

// Makes a message ready for the stream, in place: pads ChannelData, or puts the length before it. False, unchanged,
// when the packet has no room. Must not be done twice with kLength.
[[nodiscard]] bool add_stream_framing(Packet& packet, StreamFraming framing);

}  // namespace tidewire::stun
