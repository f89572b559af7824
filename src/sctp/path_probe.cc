#include "sctp/path_probe.h"

#include <algorithm>
#include <utility>

#include "base/byte_writer.h"

namespace tidewire::sctp {

void PathProbe::start() {
  core_.path_mtu.start();
  progress();
}

void PathProbe::path_changed() {
  core_.path_mtu.path_changed();
  progress();
}

bool PathProbe::handle_answer(std::uint64_t nonce) {
  if (nonce_ == 0 || nonce != nonce_) return false;
  nonce_ = 0;
  core_.path_mtu.on_probe_acked(core_.now);
  progress();
  return true;
}

void PathProbe::handle_timeout() {
  core_.path_mtu.handle_timeout(core_.now);
  progress();
}

void PathProbe::progress() {
  core_.tx.set_mtu(core_.path_mtu.mtu());
  core_.timers.start(Timer::kPathMtu, core_.path_mtu.next_timeout());
}

std::size_t PathProbe::packet_size() {
  // Control chunks alone stay small: they are to arrive on any path.
  if (!core_.sends_data() || !core_.tx.ready(core_.now)) return core_.config.mtu;
  const auto again = core_.tx.next_again();
  if (!again) return core_.path_mtu.mtu();
  core_.path_mtu.on_data_resent(
      {.packet = again->packet, .transmissions = again->transmissions, .rtt = core_.tx.rto().srtt(), .now = core_.now});
  progress();
  // What was lost goes in small packets as far as it can: were it bundled up to the full size, a chunk that is not too
  // large could be lost with one that is, again and again.
  return std::max(again->packet, core_.config.mtu);
}

Fragmentation PathProbe::fragmentation(std::size_t size) const {
  // RFC 8899 §5.2: fragments are the way out when not even the base size passes.
  const bool error = core_.path_mtu.state() == PathMtu::State::kError;
  return error || size > core_.path_mtu.mtu() ? Fragmentation::kAllowed : Fragmentation::kAsUsual;
}

// RFC 8899 §6.2.1: nothing is lost with it that would have to be sent again.
std::optional<Packet> PathProbe::poll_transmit() {
  const auto size = core_.path_mtu.probe_due(core_.now);
  if (!size || !core_.sends_data()) return std::nullopt;
  do nonce_ = core_.random.u64();
  while (nonce_ == 0);
  PacketBuilder builder(core_.pool.make(), *size, core_.config.local_port, core_.config.remote_port);
  builder.begin(core_.peer_tag);
  // QUIRK werift 0.25: it ends on an unknown chunk instead of skipping it (RFC 9260 §3.2). So a peer gets PAD chunks
  // (RFC 4820 §3) when it says that it knows them. Another one gets a long HEARTBEAT, which makes its answer as long
  // (RFC 8899 §6.2.1.1).
  ByteWriter& heartbeat = builder.start_chunk(ChunkType::kHeartbeat, 0);
  const std::size_t info = 4 + sizeof nonce_;
  heartbeat.u16(kHeartbeatInfo);
  heartbeat.u16(core_.peer_pad ? info : info + heartbeat.remaining() - 2 - sizeof nonce_);
  heartbeat.u64(nonce_);
  if (core_.peer_pad) {
    builder.end_chunk();
    builder.start_chunk(ChunkType::kPad, 0);
  }
  while (builder.room() >= 4) heartbeat.u32(0);
  builder.end_chunk();
  Packet packet = std::move(builder).finish(core_.peer_zero_checksum);
  packet.set_fragmentation(Fragmentation::kForbidden);
  core_.path_mtu.on_probe_sent(core_.now, core_.tx.rto().value());
  ++core_.stats.path_probes;
  progress();
  return packet;
}

}  // namespace tidewire::sctp
