// What the UdpSockets of a loop read into: large slots, one for a train of datagrams each, and the packets that the
// datagrams are handed on in. One for all sockets, since they read one after the other. For the files of src/io.
#pragma once

#include <array>
#include <cstring>

#include "base/datagram.h"
#include "io/udp_hub_receive.h"

namespace tidewire::io {

struct UdpInbox {
  // Reads of one call. When trains come, a few of them are as much as fits the processor's cache.
  static constexpr std::size_t kReads = 32;
  static constexpr std::size_t kReadsOfTrains = 4;
  // Datagrams of one batch. Packets that nobody took stay for the next.
  static constexpr std::size_t kBatch = 64;

  // Copies a datagram, of at most Packet::kMaxPayload bytes, into a packet of its own.
  static void put(Datagram& datagram, ByteView bytes, PacketPool& pool) {
    Packet& packet = datagram.packet;
    // A packet that the owner left may have been shortened at either end.
    if (!packet || packet.headroom() != Packet::kHeadroom) packet = pool.make();
    static_cast<void>(packet.resize(bytes.size()));
    if (!bytes.empty()) std::memcpy(packet.data(), bytes.data(), bytes.size());
  }

  UdpReceiveSlots slots{kReads};
  std::array<Datagram, kBatch> datagrams;
};

}  // namespace tidewire::io
