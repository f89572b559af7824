// A peer that breaks the rules: it knows tags and numbers, and puts its own packets among those of an honest one.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "sctp/packet/crc32c.h"
#include "sctp/packet/messages.h"
#include "sctp/wire_for_test.h"

namespace tidewire::sctp {

inline std::uint32_t tag_of(ByteView packet) { return ByteReader(packet.subspan(4)).u32(); }

// A connected pair whose packets from a to b are also forged by the test.
struct Forge {
  explicit Forge(const WireOptions& options = defaults()) : wire(options) {
    wire.tap = [this](bool from_a, ByteView packet) {
      if (from_a && tag_of(packet) != 0) tag = tag_of(packet);
      if (quiet) return true;
      seen.emplace_back(from_a, Bytes(packet.begin(), packet.end()));
      return false;
    };
    wire.connect();
    wire.run_for(std::chrono::milliseconds(200));
  }
  static WireOptions defaults() {
    WireOptions options;
    options.a.initial_tsn = kTsn;
    options.b.initial_tsn = kTargetTsn;
    options.b.a_rwnd = 100 * 1024;
    options.b.max_message_size = 16 * 1024;
    options.a.interleaving = false;  // data() makes DATA chunks
    return options;
  }
  // Those take interleaved_data().
  static WireOptions interleaved() {
    WireOptions options = defaults();
    options.a.interleaving = true;
    return options;
  }

  static Bytes chunk(ChunkType type, std::uint8_t flags, const std::function<void(ByteWriter&)>& write,
                     std::size_t longest = 4096) {
    Bytes bytes(longest);
    ByteWriter writer(bytes);
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u8(flags);
    writer.u16(0);
    write(writer);
    writer.patch_u16(2, writer.size());
    writer.pad_to(4);
    bytes.resize(writer.size());
    return bytes;
  }
  static Bytes words(ChunkType type, std::initializer_list<std::uint32_t> list) {
    return chunk(type, 0, [&](ByteWriter& w) {
      for (const std::uint32_t word : list) w.u32(word);
    });
  }
  static Bytes data(std::uint32_t tsn, std::uint8_t flags, std::uint16_t ssn, std::size_t size,
                    std::uint16_t stream = 0) {
    return chunk(ChunkType::kData, flags, [&](ByteWriter& w) {
      w.u32(tsn);
      w.u16(stream);
      w.u16(ssn);
      w.u32(53);
      w.zeroes(size);
    });
  }
  static Bytes interleaved_data(std::uint32_t tsn, std::uint8_t flags, std::uint32_t mid, std::uint32_t fsn,
                                std::size_t size, std::uint16_t stream = 0) {
    return chunk(ChunkType::kInterleavedData, flags, [&](ByteWriter& w) {
      w.u32(tsn);
      w.u16(stream);
      w.u16(0);
      w.u32(mid);
      w.u32((flags & kFlagBegin) != 0 ? 53 : fsn);
      w.zeroes(size);
    });
  }
  static Bytes init(std::uint32_t initiate_tag = 77) {
    return words(ChunkType::kInit, {initiate_tag, 65536, 0x000a000a, 1});
  }
  // First and last of each block as distances from `cumulative`.
  static Bytes sack(std::uint32_t cumulative, std::uint32_t a_rwnd,
                    const std::vector<std::pair<std::uint16_t, std::uint16_t>>& blocks = {}) {
    const auto write = [&](ByteWriter& w) {
      w.u32(cumulative);
      w.u32(a_rwnd);
      w.u16(blocks.size());
      w.u16(0);
      for (const auto& [first, last] : blocks) w.u16(first), w.u16(last);
    };
    return chunk(ChunkType::kSack, 0, write, 16 + 4 * blocks.size());
  }
  static Bytes reset(std::uint32_t sequence, std::uint32_t last_tsn, const std::vector<std::uint16_t>& streams) {
    const auto write = [&](ByteWriter& w) {
      w.u16(kParamOutgoingReset);
      w.u16(16 + 2 * streams.size());
      w.u32(sequence);
      w.u32(0);
      w.u32(last_tsn);
      for (const std::uint16_t stream : streams) w.u16(stream);
    };
    return chunk(ChunkType::kReConfig, 0, write, 24 + 2 * streams.size());
  }
  static Bytes packet(ByteView chunks, std::uint32_t with_tag) {
    Bytes packet(kCommonHeaderSize);
    ByteWriter writer(packet);
    writer.u16(5000);
    writer.u16(5000);
    writer.u32(with_tag);
    packet.insert(packet.end(), chunks.begin(), chunks.end());
    seal(packet);
    return packet;
  }
  static void seal(Bytes& packet) {
    const std::uint32_t checksum = packet_checksum(packet);
    for (std::size_t i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(checksum >> (8 * i));
  }

  void inject(ByteView chunks) { inject(chunks, tag); }
  void inject(ByteView chunks, std::uint32_t with_tag) {
    wire.b.association.handle_input(packet(chunks, with_tag), wire.now);
    wire.settle();
  }
  // The same without anyone looking at what came of it.
  void inject_unpolled(ByteView chunks) { wire.b.association.handle_input(packet(chunks, tag), wire.now); }
  const Stats& stats() { return wire.b.association.stats(); }
  // Both sides still talk, on a stream that the test did not use; the honest side's numbers may have been used up.
  bool target_still_delivers() {
    quiet = false;
    wire.a.messages.clear();
    if (!wire.b.association.send(message(7, pattern(5000, 1)), wire.now).has_value()) return false;
    return wire.run_while([&] { return wire.a.messages.empty(); }) && wire.a.messages[0].payload == pattern(5000, 1);
  }

  static constexpr std::uint32_t kTsn = 0xfffffff0;
  static constexpr std::uint32_t kTargetTsn = 0xfffffffa;
  Wire wire;
  std::uint32_t tag = 0;
  bool quiet = false;  // what is sent vanishes, for the storms whose answers nobody wants
  std::vector<std::pair<bool, Bytes>> seen;
};

}  // namespace tidewire::sctp
