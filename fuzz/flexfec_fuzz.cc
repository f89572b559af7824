// A stream of pictures with repair packets: each record is a media packet, a repair packet, or one that was repeated.
// Memory stays bounded, what is recovered is RTP, and a header that was understood can be written and says the same.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "base/byte_reader.h"
#include "media/flexfec_receiver.h"
#include "rtp/flexfec_header.h"

namespace {

using namespace tidewire;

constexpr rtp::Ssrc kSource{0x11};

void check(bool holds) {
  if (!holds) std::abort();
}

void check_header(const rtp::PacketView& view) {
  const auto header = rtp::FlexfecHeader::parse(view.header, view.payload);
  if (!header) return;
  check(header->size <= view.payload.size());
  std::array<std::uint8_t, 512> room{};
  const std::size_t written = rtp::write_flexfec_header(*header, room);
  check(written > 0 && written <= header->size);  // masks may have come longer than they need to be
  const auto again = rtp::FlexfecHeader::parse(view.header, ByteView(room).first(written));
  check(again && again->recovery == header->recovery && again->protections == header->protections);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  PacketPool pool(0);
  media::FlexfecReceiver receiver;
  std::int64_t number = 1 << 16;
  ByteReader in({data, size});
  while (!in.empty()) {
    const unsigned what = in.u8();
    const std::size_t length = in.u16() % 1500U;
    const ByteView bytes = in.take(std::min(length, in.remaining()));
    const auto view = rtp::PacketView::parse(bytes);
    if (!view) continue;
    number += static_cast<std::int8_t>(what & 0xfcU) / 4;
    if ((what & 3U) == 0) {
      receiver.handle_repair(*view, kSource);
      check_header(*view);
    } else if ((what & 3U) == 1) {
      receiver.handle_elsewhere(number);
    } else {
      receiver.handle_media(number, bytes);
    }
    while (const auto recovered = receiver.poll_recovered(pool)) {
      check(rtp::PacketView::parse(recovered->packet.bytes()).has_value());
    }
    check(receiver.packets_kept() <= media::FlexfecReceiver::kMaxPackets);
    check(receiver.repairs_kept() <= media::FlexfecReceiver::kMaxRepairs);
  }
  return 0;
}
