// A script of packets, commands and timeouts against an association that is connected to an honest one. The packets get
// a right checksum and tag, or nothing behind them would be reached.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/byte_reader.h"
#include "sctp/association.h"
#include "sctp/packet/crc32c.h"

namespace {

using namespace tidewire;
using namespace tidewire::sctp;

struct Fuzzed {
  PacketPool pool{64};
  Timestamp now = Timestamp{} + std::chrono::seconds(1);
  Association target;
  Association honest;
  std::uint32_t tag = 0;  // of packets to the target

  static Config config() {
    Config config;
    config.a_rwnd = 64 * 1024;
    config.max_message_size = 16 * 1024;
    config.send_buffer_limit = 128 * 1024;
    config.initial_tsn = 0xfffffffa;
    return config;
  }
  Fuzzed()
      : target(config(), pool, crypto::Random::from_test_seed(1)),
        honest(config(), pool, crypto::Random::from_test_seed(2)) {}

  // Passes packets to and fro; at most `rounds`, for two machines may have much to say.
  void settle(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      const auto out = target.poll_transmit();
      const auto in = honest.poll_transmit();
      if (in && in->size() >= 8) {
        const std::uint32_t seen = ByteReader(in->bytes().subspan(4)).u32();
        if (seen != 0) tag = seen;
      }
      if (out) honest.handle_input(out->bytes(), now);
      if (in) target.handle_input(in->bytes(), now);
      while (target.poll_event()) {
      }
      while (honest.poll_event()) {
      }
      if (!out && !in) return;
    }
  }

  void inject(ByteView chunks) {
    Bytes packet{0x13, 0x88, 0x13, 0x88};
    for (int shift = 24; shift >= 0; shift -= 8) packet.push_back(static_cast<std::uint8_t>(tag >> shift));
    packet.resize(12);
    packet.insert(packet.end(), chunks.begin(), chunks.end());
    if (!chunks.empty() && chunks[0] == 1) std::fill(packet.begin() + 4, packet.begin() + 8, std::uint8_t{0});
    const std::uint32_t checksum = packet_checksum(packet);
    for (std::size_t i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(checksum >> (8 * i));
    target.handle_input(packet, now);
  }
};

void step(Fuzzed& fuzzed, ByteReader& script) {
  switch (script.u8() % 8) {
    case 0:
    case 1:
    case 2: fuzzed.inject(script.take(std::min<std::size_t>(script.u8() * std::size_t{4}, script.remaining()))); break;
    case 3: {
      SendOptions options{.ordered = (script.u8() & 1) != 0};
      if (script.u8() & 1) options.max_retransmits = 0;
      static_cast<void>(
          fuzzed.target.send({StreamId(script.u8()), Ppid(53), Bytes(script.u16() % 5000U), options}, fuzzed.now));
      break;
    }
    case 4: {
      const StreamId stream(script.u8());
      static_cast<void>(fuzzed.target.reset_outgoing_streams({&stream, 1}, fuzzed.now));
      break;
    }
    case 5:
      fuzzed.now += std::chrono::milliseconds(script.u8() * 16);
      fuzzed.target.handle_timeout(fuzzed.now);
      fuzzed.honest.handle_timeout(fuzzed.now);
      break;
    case 6: fuzzed.settle(script.u8() % 16); break;
    case 7:
      if (script.u8() == 7) fuzzed.target.shutdown(fuzzed.now);
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fuzzed fuzzed;
  ByteReader script({data, size});
  fuzzed.target.connect(fuzzed.now);
  if (script.u8() & 1) fuzzed.honest.connect(fuzzed.now);
  fuzzed.settle(script.u8() % 12);
  for (int i = 0; i < 300 && !script.empty(); ++i) step(fuzzed, script);
  fuzzed.settle(100);
  // Window, reserve and bookkeeping: memory stays bounded whatever came in.
  if (fuzzed.target.stats().receive_buffered > 256 * 1024) std::abort();
  return 0;
}
