#include "sctp/core.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/byte_writer.h"

namespace tidewire::sctp {
namespace {

// RFC 9260 §3.3.2: the Initiate Tag is never 0.
std::uint32_t draw_tag(crypto::Random& random) {
  std::uint32_t tag = 0;
  while (tag == 0) tag = random.u32();
  return tag;
}

}  // namespace

Core::Core(const Config& config_, PacketPool& pool_, crypto::Random random_)
    : config(config_),
      pool(pool_),
      random(std::move(random_)),
      local_tag(draw_tag(random)),
      initial_tsn(config.initial_tsn ? *config.initial_tsn : random.u32()),
      path_mtu(config.mtu, config.max_mtu),
      tx(config, Tsn{initial_tsn}, pool.messages()) {}

ControlChunk ControlChunk::make(ChunkType type, ByteView value, std::uint32_t verification_tag, std::uint8_t flags) {
  Bytes chunk(kChunkHeaderSize + value.size());
  ByteWriter writer(chunk);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u8(flags);
  writer.u16(chunk.size());
  writer.bytes(value);
  return {.chunk = std::move(chunk), .verification_tag = verification_tag};
}

void Core::send_control(ChunkType type, ByteView value, std::uint8_t flags) {
  send_control(ControlChunk::make(type, value, peer_tag, flags));
}

void Core::send_control(ControlChunk chunk) {
  constexpr std::size_t kMaxQueued = 32;
  // The answer to a long HEARTBEAT, with which a peer looks for its path's MTU, is as long.
  const std::size_t packet = chunk.chunk[0] == static_cast<std::uint8_t>(ChunkType::kHeartbeatAck)
                                 ? std::max(config.mtu, config.max_mtu)
                                 : config.mtu;
  const std::size_t largest = (packet & ~std::size_t{3}) - kCommonHeaderSize;
  if (outbox.size() >= kMaxQueued || chunk.chunk.size() > largest) {
    ++stats.chunks_dropped;
    return;
  }
  outbox.push_back(std::move(chunk));
}

void Core::deliver_received() {
  while (auto message = rx->pop()) {
    ++stats.messages_received;
    undelivered += undelivered_size(*message);
    emit(std::move(*message));
  }
}

void Core::close(CloseReason reason, std::string text, std::optional<std::uint16_t> cause_code) {
  if (state == State::kClosed) return;
  state = State::kClosed;
  timers.stop_all();
  emit(Closed{reason, std::move(text), cause_code});
}

void Core::abort(CloseReason reason, Cause cause, std::string text) {
  if (state == State::kClosed) return;
  outbox.clear();
  if (peer_tag != 0) {
    constexpr std::size_t kLongest = 512;
    Bytes causes;
    append_parameter(causes, static_cast<std::uint16_t>(cause), as_bytes(std::string_view(text).substr(0, kLongest)));
    send_control(ChunkType::kAbort, causes);
  }
  close(reason, std::move(text), static_cast<std::uint16_t>(cause));
}

void Core::send_error(Cause cause, ByteView value, std::uint32_t verification_tag) {
  Bytes causes;
  append_parameter(causes, static_cast<std::uint16_t>(cause), value);
  send_control(ControlChunk::make(ChunkType::kError, causes, verification_tag));
}

bool Core::count_error(const char* what) {
  if (++errors <= config.association_max_retrans) return true;
  // RFC 9260 §8.1
  abort(CloseReason::kTimedOut, Cause::kUserInitiatedAbort,
        std::string("the peer stopped answering (") + what + " unanswered " + std::to_string(errors) + " times)");
  return false;
}

bool Core::receives_data() const {
  return state == State::kEstablished || state == State::kShutdownPending || state == State::kShutdownSent ||
         state == State::kShutdownReceived;
}

bool Core::sends_data() const {
  return state == State::kEstablished || state == State::kShutdownPending || state == State::kShutdownReceived;
}

void append_parameter(Bytes& out, std::uint16_t type, ByteView value) {
  const std::size_t length = 4 + value.size();
  const std::array<std::uint8_t, 4> header{static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type & 0xFF),
                                           static_cast<std::uint8_t>(length >> 8),
                                           static_cast<std::uint8_t>(length & 0xFF)};
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), value.begin(), value.end());
  out.resize((out.size() + 3) & ~std::size_t{3});
}

}  // namespace tidewire::sctp
