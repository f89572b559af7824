// Chunks of an SCTP peer that breaks the rules, chosen by the bytes of a script: any type, with numbers near the true
// ones.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "sctp/packet/chunk.h"
#include "tidewire/bytes.h"

namespace fuzz {

using tidewire::ByteReader;
using tidewire::Bytes;
using tidewire::ByteWriter;
using tidewire::sctp::ChunkType;

// What somebody on the way knows of one side.
struct Known {
  std::uint32_t first_tsn = 0;
  std::uint32_t next_tsn = 0;  // after the highest that it sent
  std::uint32_t peer_tag = 0;  // that its packets carry
  Bytes cookie_echo;           // the chunk that it sent
};

class Forger {
 public:
  // `own` is whom it plays, `other` whom it talks to. `interleaved`: both take I-DATA (RFC 8260).
  Forger(ByteReader& script, const Known& own, const Known& other, bool interleaved)
      : script_(script), own_(own), other_(other), interleaved_(interleaved) {}

  Bytes chunk() {
    constexpr ChunkType kTypes[] = {
        ChunkType::kData,  ChunkType::kData,       ChunkType::kData,      ChunkType::kSack,
        ChunkType::kSack,  ChunkType::kForwardTsn, ChunkType::kReConfig,  ChunkType::kReConfig,
        ChunkType::kInit,  ChunkType::kInitAck,    ChunkType::kHeartbeat, ChunkType::kHeartbeatAck,
        ChunkType::kError, ChunkType::kCookieAck,  ChunkType::kShutdown,  ChunkType::kAbort};
    const std::uint8_t kind = script_.u8();
    if (kind == 0xFF && !own_.cookie_echo.empty()) return own_.cookie_echo;
    ChunkType type = kTypes[kind & 15];
    // An end is rare, or there would be nothing else.
    if (kind >> 4 != 15 && (type == ChunkType::kAbort || type == ChunkType::kShutdown)) type = ChunkType::kSack;
    if (interleaved_ && type == ChunkType::kData) type = ChunkType::kInterleavedData;
    if (interleaved_ && type == ChunkType::kForwardTsn) type = ChunkType::kInterleavedForwardTsn;
    if (kind == 0xEE) type = ChunkType{script_.u8()};
    Bytes bytes(4096);
    ByteWriter writer(bytes);
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u8(script_.u8());
    writer.u16(0);
    write_value(writer, type);
    const std::uint8_t lie = script_.u8();
    writer.patch_u16(2, lie > 250 ? lie - 251U : writer.size());
    writer.pad_to(4);
    bytes.resize(writer.size());
    return bytes;
  }

 private:
  // Near `base`, or anywhere.
  std::uint32_t near(std::uint32_t base) {
    const std::uint8_t how = script_.u8();
    if (how < 200) return base + static_cast<std::uint32_t>(how % 40) - 20U;
    return base + (static_cast<std::uint32_t>(how) << (how % 28));
  }

  void write_value(ByteWriter& writer, ChunkType type) {
    switch (type) {
      case ChunkType::kData:
        writer.u32(near(own_.next_tsn));
        writer.u16(script_.u8() & 7);
        writer.u16(near(0));
        writer.u32(53);
        writer.zeroes(script_.u8() * 8U);
        return;
      case ChunkType::kInterleavedData:
        writer.u32(near(own_.next_tsn));
        writer.u16(script_.u8() & 7);
        writer.u16(0);
        writer.u32(near(0));
        writer.u32(near(0));
        writer.zeroes(script_.u8() * 8U);
        return;
      case ChunkType::kSack: {
        writer.u32(near(other_.next_tsn));
        writer.u32(script_.u8() * 1024U);
        const std::size_t blocks = script_.u8() % 32;
        writer.u16(blocks);
        writer.u16(0);
        for (std::size_t i = 0; i < blocks; ++i) {
          const std::uint8_t first = script_.u8();
          writer.u16(first & 63);
          writer.u16((first & 63) + (first >> 6));
        }
        return;
      }
      case ChunkType::kForwardTsn:
        writer.u32(near(own_.next_tsn));
        for (int i = script_.u8() % 8; i > 0; --i) writer.u16(script_.u8() & 7), writer.u16(near(0));
        return;
      case ChunkType::kInterleavedForwardTsn:
        writer.u32(near(own_.next_tsn));
        for (int i = script_.u8() % 8; i > 0; --i) {
          writer.u16(script_.u8() & 7);
          writer.u16(script_.u8() & 1);
          writer.u32(near(0));
        }
        return;
      case ChunkType::kReConfig: return write_re_config(writer);
      case ChunkType::kInit:
      case ChunkType::kInitAck:
        writer.u32(near(own_.peer_tag));
        writer.u32(script_.u8() * 1024U);
        writer.u16(script_.u8());
        writer.u16(script_.u8());
        writer.u32(near(own_.next_tsn));
        break;
      case ChunkType::kShutdown: writer.u32(near(other_.next_tsn)); return;
      case ChunkType::kHeartbeat: writer.zeroes(script_.u8() * std::size_t{8} + script_.u8()); return;
      default: break;
    }
    // Parameters or causes.
    for (int i = script_.u8() % 4; i > 0; --i) {
      const std::uint32_t kind = (script_.u8() & 0xC0U) << 8;  // what is to be done when it is unknown
      writer.u16(kind | script_.u8());
      const std::uint8_t size = script_.u8();
      writer.u16(4U + size % 16);
      writer.zeroes(size % 16);
      writer.pad_to(4);
    }
  }

  void write_re_config(ByteWriter& writer) {
    for (int i = 1 + script_.u8() % 2; i > 0; --i) {
      const std::uint8_t kind = script_.u8();
      writer.u16(13U + kind % 6);
      const std::size_t streams = kind >> 5;
      if (kind % 6 == 3) {
        writer.u16(12);
        writer.u32(near(other_.first_tsn));
        writer.u32(script_.u8() % 8);
      } else {
        writer.u16(16 + 2 * streams);
        writer.u32(near(own_.first_tsn));
        writer.u32(0);
        writer.u32(near(own_.next_tsn));
        for (std::size_t s = 0; s < streams; ++s) writer.u16(script_.u8() & 7);
        writer.pad_to(4);
      }
    }
  }

  ByteReader& script_;
  const Known& own_;
  const Known& other_;
  bool interleaved_;
};

}  // namespace fuzz
