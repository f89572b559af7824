// What a DataChannel object knows when its connection does not know it any more.
#pragma once

#include <memory>
#include <string>

#include "tidewire/data_channel.h"
#include "tidewire/ids.h"

namespace tidewire {

class PeerConnectionImpl;

struct DataChannel::Impl {
  std::weak_ptr<PeerConnectionImpl> connection;
  ChannelId id;
  std::string label;
  DataChannelInit init;
  DataChannelState state = DataChannelState::kConnecting;
  std::size_t buffered_amount_low_threshold = 0;
  std::size_t buffered_amount = 0;  // once it is closed
};

}  // namespace tidewire
