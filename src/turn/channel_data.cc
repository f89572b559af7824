#include "turn/channel_data.h"

#include "base/byte_reader.h"
#include "base/byte_writer.h"

namespace tidewire::turn {

std::optional<ChannelDataView> parse_channel_data(ByteView datagram) {
  if (!looks_like_channel_data(datagram)) return std::nullopt;
  ByteReader reader(datagram);
  const ChannelNumber channel{reader.u16()};
  const ByteView data = reader.take(reader.u16());
  // RFC 8656 §12.6, §12.7: a length beyond the end of the datagram: silently discarded.
  if (!reader.ok()) return std::nullopt;
  return ChannelDataView{channel, data};
}

bool prepend_channel_header(Packet& packet, ChannelNumber channel) {
  const std::size_t size = packet.size();
  if (size > 0xffff || !packet.prepend(kChannelHeaderSize)) return false;
  ByteWriter writer(packet.bytes().first(kChannelHeaderSize));
  writer.u16(channel.value());
  writer.u16(size);
  return true;
}

void strip_channel_header(Packet& packet, std::size_t data_size) {
  packet.remove_prefix(kChannelHeaderSize);
  packet.remove_suffix(packet.size() - data_size);
}

}  // namespace tidewire::turn
