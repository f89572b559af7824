#include "turn/channel_data.h"

namespace tidewire::turn {

bool prepend_channel_header(Packet& packet, ChannelNumber channel) {
  const std::size_t size = packet.size();
  if (size > 0xffff || !packet.prepend(kChannelHeaderSize)) return false;
  write_channel_header(packet.bytes().first<kChannelHeaderSize>(), channel, size);
  return true;
}

void strip_channel_header(Packet& packet, std::size_t data_size) {
  packet.remove_prefix(kChannelHeaderSize);
  packet.remove_suffix(packet.size() - data_size);
}

}  // namespace tidewire::turn
