// What names the parts of a connection in the API.
#pragma once

#include <cstdint>

#include "tidewire/strong_id.h"

namespace tidewire {

// A transceiver, for its whole life: mids come later and m-lines are reused.
using TransceiverId = StrongId<struct TransceiverIdTag, std::uint32_t>;
// A data channel, from its making on: streams come later and are reused.
using ChannelId = StrongId<struct ChannelIdTag, std::uint32_t>;
// A TCP or TLS connection below a session. The default, 0, is none: UDP.
using StreamId = StrongId<struct TransportStreamIdTag, std::uint32_t>;

}  // namespace tidewire
