#include "sctp/heartbeat.h"

#include "base/byte_reader.h"
#include "base/byte_writer.h"

namespace tidewire::sctp {

void Heartbeat::start() {
  nonce_ = 0;
  restart();
}

// RFC 9260 §8.3: HB.interval plus the RTO, with jitter of half an RTO either way so that many associations drift apart.
void Heartbeat::restart() {
  const Duration rto = core_.tx.rto().value();
  const Duration jitter = rto * static_cast<int>(core_.random.below(1000)) / 1000;
  core_.timers.start(Timer::kHeartbeat, core_.now + core_.config.heartbeat_interval + rto / 2 + jitter);
}

// RFC 9260 §8.3: the answer is the same bytes.
void Heartbeat::handle_heartbeat(const ChunkView& chunk) {
  if (core_.rx) core_.send_control(ChunkType::kHeartbeatAck, chunk.value);
}

void Heartbeat::handle_heartbeat_ack(const ChunkView& chunk) {
  ParameterReader parameters(chunk.value);
  const auto info = parameters.next();
  ByteReader reader(info ? info->value : ByteView{});
  const std::uint64_t nonce = reader.u64();
  if (reader.ok() && probe_.handle_answer(nonce)) return core_.clear_errors();
  if (!reader.ok() || nonce_ == 0 || nonce != nonce_) {
    ++core_.stats.chunks_dropped;
    return;
  }
  nonce_ = 0;
  core_.clear_errors();
  core_.path_mtu.on_acked(0, core_.now);
  core_.tx.measure(core_.now - sent_, core_.now);
}

void Heartbeat::handle_timeout() {
  if (!core_.receives_data()) return;
  // Data on its way does the same job, and the timer of its own counts its failures.
  if (core_.tx.waiting()) return restart();
  if (core_.tx.idle()) {
    core_.tx.trim();
    core_.pool.messages().trim();
  }
  if (nonce_ != 0) {
    core_.tx.rto().back_off();
    if (!core_.count_error("HEARTBEAT")) return;
  }
  do nonce_ = core_.random.u64();
  while (nonce_ == 0);
  sent_ = core_.now;
  Bytes nonce(8);
  ByteWriter(nonce).u64(nonce_);
  Bytes info;
  append_parameter(info, kHeartbeatInfo, nonce);
  core_.send_control(ChunkType::kHeartbeat, info);
  restart();
}

}  // namespace tidewire::sctp
