// The RTX payload format (RFC 4588 §4): a packet that is sent again travels in a stream of its own, its sequence number
// in front of its payload.
#pragma once

#include "media/types.h"
#include "rtp/extensions.h"
#include "rtp/header.h"
#include "tidewire/packet.h"

namespace tidewire::media {

// The packet with its original sequence number before its payload, under the header of the RTX stream. Empty when there
// is no room.
Packet wrap_rtx(const Packet& original, const RtxConfig& rtx, std::uint16_t rtx_sequence_number,
                const rtp::Extensions& extensions, const rtp::ExtensionMap& map, PacketPool& pool);

// Turns an RTX packet into the one that it repeats, in place. False for one without content (padding that probes the
// path) or without the original's number.
bool unwrap_rtx(Packet& packet, const rtp::PacketView& view, rtp::Ssrc ssrc, rtp::PayloadType payload_type);

}  // namespace tidewire::media
