// A stream of any bytes, in pieces of any size: what comes out does not depend on the pieces.
#include <cstdlib>
#include <vector>

#include "stun/stream_framer.h"

using namespace tidewire;
using namespace tidewire::stun;

namespace {

void cut(StreamFramer& framer, ByteView bytes, std::vector<Bytes>& out) {
  while (const auto packet = framer.next(bytes)) {
    if (packet->size() > Packet::kMaxPayload) std::abort();
    out.emplace_back(packet->bytes().begin(), packet->bytes().end());
  }
  if (!bytes.empty() && !framer.failed()) std::abort();
}

}  // namespace

// The first byte chooses the framing and the size of the pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  PacketPool pool(4);
  const StreamFraming framing = data[0] & 1 ? StreamFraming::kStun : StreamFraming::kLength;
  const std::size_t piece = std::size_t{1} + (data[0] >> 1);
  const ByteView stream(data + 1, size - 1);

  StreamFramer whole(framing, pool);
  std::vector<Bytes> expected;
  cut(whole, stream, expected);
  StreamFramer pieces(framing, pool);
  std::vector<Bytes> messages;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    cut(pieces, stream.subspan(at, std::min(piece, stream.size() - at)), messages);
  }
  if (messages != expected || whole.failed() != pieces.failed() || whole.skipped() != pieces.skipped()) std::abort();

  // What was cut can be framed and cut again.
  StreamFramer again(framing, pool);
  for (const Bytes& message : expected) {
    Packet packet = pool.copy_of(message);
    if (!add_stream_framing(packet, framing)) return 0;  // no room for the padding
    std::vector<Bytes> out;
    cut(again, packet.bytes(), out);
    if (out != std::vector<Bytes>{message}) std::abort();
  }
  return 0;
}
