// An RTP packet through the parser, the extensions and the VP8 and Opus payload formats; and RTX unwrapped in place.
#include <cstdint>
#include <cstdlib>

#include "media/payload/opus.h"
#include "media/payload/vp8.h"
#include "media/rtx.h"
#include "rtp/demux.h"
#include "rtp/extensions.h"

namespace {

using namespace tidewire;

rtp::ExtensionMap full_map() {
  rtp::ExtensionMap map;
  for (std::size_t i = 0; i < rtp::kExtensionTypes; ++i) {
    map.add(static_cast<rtp::ExtensionType>(i), static_cast<std::uint8_t>(i + 1));
  }
  return map;
}

// What was read is written, and reads the same.
void round_trip(const rtp::Header& header, const rtp::ExtensionMap& map, PacketPool& pool) {
  const rtp::Extensions extensions = rtp::read_extensions(header, map);
  Packet packet = pool.make();
  if (!rtp::write_header(packet, {header.marker, header.payload_type, 1, 2, header.ssrc}, extensions, map)) return;
  const auto written = rtp::Header::parse(packet.bytes());
  if (!written || rtp::read_extensions(*written, map) != extensions) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  (void)rtp::is_rtcp(bytes);
  const auto view = rtp::PacketView::parse(bytes);
  if (!view) return 0;
  if (view->header.size + view->payload.size() + view->padding_size != size) std::abort();
  static PacketPool pool;
  static const rtp::ExtensionMap kMap = full_map();
  round_trip(view->header, kMap, pool);
  for (std::size_t i = 0; i < view->header.csrc_count(); ++i) (void)view->header.csrc(i);
  const auto descriptor = media::Vp8Descriptor::parse(view->payload);
  if (descriptor && descriptor->size > view->payload.size()) std::abort();
  if (descriptor) (void)media::Vp8FrameHeader::parse(view->payload.subspan(descriptor->size));
  (void)media::opus_duration(view->payload);
  Packet packet = pool.copy_of(bytes);
  if (!packet) return 0;
  rtp::patch_transport_sequence_number(packet, kMap, 7);
  rtp::patch_absolute_send_time(packet, kMap, Timestamp{});
  const auto patched = rtp::PacketView::parse(packet.bytes());
  if (!patched || patched->payload.size() != view->payload.size()) std::abort();
  (void)media::unwrap_rtx(packet, *patched, rtp::Ssrc(1), rtp::PayloadType(96));
  return 0;
}
