// A program for two associations and the network between them: what they send, reset and close, what becomes of each
// packet, what a forger adds who knows tags and numbers, and how the time passes. After each step memory is bounded and
// no timer spins; and when nobody forged anything, every reliable message arrives once, in order and intact.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "sctp/association.h"
#include "sctp/packet/crc32c.h"
#include "sctp/packet/messages.h"
#include "sctp_forger.h"

namespace {

using namespace tidewire;
using namespace tidewire::sctp;

constexpr std::size_t kMaxMessage = 16 * 1024;
constexpr std::size_t kSendLimit = 128 * 1024;
constexpr std::size_t kWindow = 64 * 1024;
constexpr std::size_t kSlack = 64 * 1024;  // what ReceiveWindow leaves beside the largest message
constexpr std::size_t kMaxInFlight = 512;  // packets on each way

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}
void check(bool condition, const char* what) {
  if (!condition) fail(what);
}

struct Sent {
  StreamId stream;
  bool ordered = true;
  bool reliable = true;
  std::size_t size = 0;
  bool arrived = false;
};

// A message tells its number, and the rest of it follows from that.
Bytes payload_of(std::uint32_t number, std::size_t size) {
  Bytes bytes(size);
  ByteWriter(bytes).u32(number);
  for (std::size_t i = 4; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(number * 31 + i * (number | 1));
  return bytes;
}

struct Side {
  Side(const Config& config, PacketPool& pool, std::uint64_t seed)
      : association(config, pool, crypto::Random::from_test_seed(seed)),
        known{.first_tsn = *config.initial_tsn, .next_tsn = *config.initial_tsn} {}

  Association association;
  std::vector<Sent> sent;
  std::map<StreamId, std::uint32_t> ordered;  // that came in last on each stream: its number
  std::deque<Bytes> outgoing;                 // on the way to the other side
  std::optional<CloseReason> closed;
  fuzz::Known known;
};

class Run {
 public:
  explicit Run(ByteReader& script)
      : script_(script), flags_(script.u8()), sides_{Side(config(0), pool_, 1), Side(config(1), pool_, 2)} {}

  void go() {
    sides_[0].association.connect(now_);
    if (flags_ & 1) sides_[1].association.connect(now_);
    for (int i = 0; i < 500 && !script_.empty(); ++i) {
      step();
      check_bounds();
    }
    finish();
  }

 private:
  Config config(std::size_t side) const {
    Config config;
    config.a_rwnd = kWindow;
    config.max_message_size = kMaxMessage;
    config.send_buffer_limit = kSendLimit;
    config.initial_tsn = kTsns[side];
    if (flags_ & 2) config.congestion = CongestionAlgorithm::kReno;
    config.pacing = (flags_ & 4) == 0;
    if (flags_ & 8) config.mtu = 301;
    config.zero_checksum = (flags_ & (side == 0 ? 16 : 32)) == 0;
    if (flags_ & 64) config.initial_a_rwnd = 4096;
    config.interleaving = interleaved();
    return config;
  }

  bool interleaved() const { return (flags_ & 128) == 0; }

  void step() {
    const std::uint8_t op = script_.u8();
    Side& side = sides_[op >> 7];
    switch (op & 15) {
      case 0:
      case 1: send(side); break;
      case 2: reset(side); break;
      case 3: deliver(side, 1U + script_.u8() % 16); break;
      case 4:
        if (!side.outgoing.empty()) side.outgoing.pop_front();
        break;
      case 5:
        if (!side.outgoing.empty()) put(side, Bytes(side.outgoing.front()));
        break;
      case 6:
        if (side.outgoing.size() > 1)
          std::swap(side.outgoing.front(), side.outgoing[script_.u8() % side.outgoing.size()]);
        break;
      case 7: corrupt(side); break;
      case 8:
      case 9: inject(side); break;
      case 10: pass(earliest()); break;
      case 11: pass(now_ + std::chrono::milliseconds(script_.u8() * (op & 16 ? 50 : 1))); break;
      case 12: poll_events(side, script_.u8() % 8); break;
      case 13: transmit(side, 1 + script_.u8() % 8); break;
      case 14: settle(1 + script_.u8() % 8); break;
      case 15: end(side); break;
    }
  }

  void send(Side& side) {
    constexpr std::size_t kSizes[] = {4, 5, 100, 270, 1159, 1161, 4000, kMaxMessage};
    const std::uint8_t how = script_.u8();
    Sent sent{.stream = StreamId(how & 3), .ordered = (how & 4) == 0, .size = kSizes[(how >> 3) & 7]};
    SendOptions options{.ordered = sent.ordered};
    if ((how & 0xC0) == 0x40) options.max_retransmits = 0;
    if ((how & 0xC0) == 0x80) options.lifetime = std::chrono::milliseconds(50);
    if ((how & 0xC0) == 0xC0) options.max_retransmits = 2;
    sent.reliable = !options.max_retransmits && !options.lifetime;
    const auto number = static_cast<std::uint32_t>(side.sent.size());
    if (side.association.send({sent.stream, Ppid(53), payload_of(number, sent.size), options}, now_)) {
      side.sent.push_back(sent);
    }
  }

  void reset(Side& side) {
    std::vector<StreamId> streams;
    const std::uint8_t which = script_.u8();
    for (std::uint16_t i = 0; i < 4; ++i) {
      if (which & (1 << i)) streams.emplace_back(i);
    }
    static_cast<void>(side.association.reset_outgoing_streams(streams, now_));
  }

  // Rarely: everything else ends with it.
  void end(Side& side) {
    const std::uint8_t how = script_.u8();
    if (how == 0xA0) {
      aborted_ |= !side.association.connected();
      side.association.shutdown(now_);
    } else if (how == 0xA1) {
      aborted_ = true;
      side.association.abort("enough", now_);
    }
  }

  // -- The network --

  Side& other(Side& side) { return sides_[&side == &sides_[0] ? 1 : 0]; }

  void put(Side& from, Bytes packet) {
    if (from.outgoing.size() < kMaxInFlight) from.outgoing.push_back(std::move(packet));
  }

  void deliver(Side& from, std::size_t count) {
    for (; count > 0 && !from.outgoing.empty(); --count) {
      const Bytes packet = std::move(from.outgoing.front());
      from.outgoing.pop_front();
      other(from).association.handle_input(packet, now_);
    }
  }

  void transmit(Side& side, std::size_t count) {
    for (; count > 0; --count) {
      const auto packet = side.association.poll_transmit();
      if (!packet) return;
      learn(side, packet->bytes());
      put(side, Bytes(packet->bytes().begin(), packet->bytes().end()));
    }
  }
  void transmit_all(Side& side) {
    constexpr std::size_t kMost = 5000;
    const std::uint64_t before = side.association.stats().packets_sent;
    transmit(side, kMost);
    check(side.association.stats().packets_sent - before < kMost, "poll_transmit() has no end");
  }

  // What a forger on the way would know.
  void learn(Side& side, ByteView packet) {
    check(packet.size() >= kCommonHeaderSize + kChunkHeaderSize, "a packet without a chunk");
    const std::uint32_t tag = ByteReader(packet.subspan(4)).u32();
    if (tag != 0) side.known.peer_tag = tag;
    ChunkReader chunks(packet.subspan(kCommonHeaderSize));
    while (const auto chunk = chunks.next()) {
      if (chunk->type == ChunkType::kCookieEcho)
        side.known.cookie_echo.assign(chunk->whole.begin(), chunk->whole.end());
      if (chunk->type == ChunkType::kData) {
        const std::uint32_t tsn = DataChunk::parse(*chunk)->tsn;
        if (static_cast<std::int32_t>(tsn - side.known.next_tsn) >= 0) side.known.next_tsn = tsn + 1;
      }
    }
    check(chunks.ok(), "a packet that is malformed");
  }

  // True when there was nothing left to do.
  bool settle(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      for (Side& side : sides_) {
        poll_events(side, SIZE_MAX);
        transmit_all(side);
      }
      if (sides_[0].outgoing.empty() && sides_[1].outgoing.empty()) return true;
      for (Side& side : sides_) deliver(side, SIZE_MAX);
    }
    return false;
  }

  // -- Time --

  Timestamp earliest() const {
    return std::min(sides_[0].association.next_timeout(), sides_[1].association.next_timeout());
  }
  void pass(Timestamp to) {
    if (to == kNever) return;
    now_ = std::max(now_, to);
    for (Side& side : sides_) {
      int spins = 0;
      do side.association.handle_timeout(now_);
      while (side.association.next_timeout() <= now_ && ++spins < 10);
      check(spins < 10, "a timer spins");
    }
  }

  // -- What is promised --

  void poll_events(Side& side, std::size_t count) {
    for (; count > 0; --count) {
      auto event = side.association.poll_event();
      if (!event) return;
      check(!side.closed, "an event after the last one");
      if (auto* message = std::get_if<MessageReceived>(&*event)) receive(side, *message);
      if (const auto* closed = std::get_if<Closed>(&*event)) side.closed = closed->reason;
      if (tampered_) continue;
      check(!std::holds_alternative<OutgoingResetFailed>(*event), "a reset that failed");
      if (side.closed) check(*side.closed != CloseReason::kProtocolError, "an honest peer broke the protocol");
      if (side.closed) check(*side.closed != CloseReason::kResourceLimit, "an honest peer used up the resources");
    }
  }

  void receive(Side& side, const MessageReceived& message) {
    check(message.payload.size() <= kMaxMessage, "a message over the limit");
    if (tampered_) return;
    ByteReader reader(message.payload);
    const std::uint32_t number = reader.u32();
    std::vector<Sent>& sent = other(side).sent;
    check(number < sent.size(), "a message that was never sent");
    Sent& expected = sent[number];
    check(!expected.arrived, "a message that came twice");
    expected.arrived = true;
    check(message.stream == expected.stream && message.ordered == expected.ordered, "a message on another stream");
    check(message.payload == payload_of(number, expected.size), "a message that changed");
    if (!message.ordered) return;
    const auto [last, first] = side.ordered.emplace(message.stream, number);
    check(first || last->second < number, "a message out of order");
    last->second = number;
  }

  void check_bounds() {
    for (Side& side : sides_) {
      const Stats& stats = side.association.stats();
      check(stats.receive_buffered <= kWindow + kSlack + 2 * kMaxMessage, "too much is held for the application");
      check(side.association.buffered_amount() <= kSendLimit, "too much waits for transmission");
      check(stats.flight_size <= 4 * 1024 * 1024, "too much is in flight");
    }
  }

  bool all_arrived() const {
    for (const Side& side : sides_) {
      for (const Sent& sent : side.sent) {
        if (sent.reliable && !sent.arrived) return false;
      }
    }
    return true;
  }
  bool quiet() const {
    for (const Side& side : sides_) {
      if (side.association.stats().flight_size > 0 || side.association.stats().receive_buffered > 0) return false;
      if (side.association.buffered_amount() > 0 || !side.outgoing.empty()) return false;
    }
    return true;
  }

  // From now on nothing is lost.
  void finish() {
    const Timestamp end = now_ + std::chrono::minutes(10);
    for (int i = 0; i < 20'000; ++i) {
      check(settle(2000), "two that never stop talking");
      check_bounds();
      if (all_arrived() && quiet() && (sides_[0].closed.has_value() == sides_[1].closed.has_value())) break;
      if (earliest() == kNever || earliest() > end) break;
      pass(earliest());
    }
    if (tampered_ || aborted_) return;
    const bool open = sides_[0].association.connected() && sides_[1].association.connected();
    const bool shut = sides_[0].closed == CloseReason::kShutdown && sides_[1].closed == CloseReason::kShutdown;
    if (open || shut) check(all_arrived(), "a reliable message that never came");
    if (open) check(quiet(), "something that never ends");
  }

  // -- The forger --

  void corrupt(Side& from) {
    if (from.outgoing.empty()) return;
    tampered_ = true;
    Bytes& packet = from.outgoing.front();
    const std::size_t at = (script_.u8() * 5U) % packet.size();
    packet[at] ^= static_cast<std::uint8_t>(script_.u8() | 1);
    if (script_.u8() & 1) seal(packet);
  }
  static void seal(Bytes& packet) {
    const std::uint32_t checksum = packet_checksum(packet);
    for (std::size_t i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(checksum >> (8 * i));
  }

  // A packet as if from `from`, with up to three chunks.
  void inject(Side& from) {
    tampered_ = true;
    Bytes packet{0x13, 0x88, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0};
    const int count = 1 + script_.u8() % 3;
    for (int i = 0; i < count; ++i) {
      const Bytes chunk = fuzz::Forger(script_, from.known, other(from).known, interleaved()).chunk();
      packet.insert(packet.end(), chunk.begin(), chunk.end());
    }
    if (ChunkType{packet[kCommonHeaderSize]} != ChunkType::kInit) {
      ByteWriter(MutableByteView(packet).subspan(4)).u32(from.known.peer_tag);
    }
    seal(packet);
    other(from).association.handle_input(packet, now_);
  }

  static constexpr std::uint32_t kTsns[] = {0xfffffffaU, 0x7ffffff0U};  // with which the numbers of both begin

  ByteReader& script_;
  std::uint8_t flags_;
  PacketPool pool_{64};
  Timestamp now_ = Timestamp{} + std::chrono::seconds(1);
  Side sides_[2];
  bool tampered_ = false;  // somebody forged something: nothing is promised but to hold out
  bool aborted_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader script({data, size});
  Run(script).go();
  return 0;
}
