#include "sctp/packet/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace tidewire::sctp {
namespace {

// Slicing by eight: table k gives the remainder of a byte followed by k zero bytes.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  constexpr std::uint32_t kPolynomial = 0x82F63B78;  // RFC 9260 Appendix A, bits reversed
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t remainder = i;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? kPolynomial : 0);
    tables[0][i] = remainder;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t i = 0; i < 256; ++i) {
      tables[k][i] = (tables[k - 1][i] >> 8) ^ tables[0][tables[k - 1][i] & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint32_t little_endian(const std::uint8_t* p) {
  return p[0] | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 | std::uint32_t{p[3]} << 24;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t extend_by_instruction(std::uint32_t start, ByteView bytes) {
  std::uint64_t remainder = start;
  const std::uint8_t* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    remainder = __builtin_ia32_crc32di(remainder, word);
  }
  auto narrow = static_cast<std::uint32_t>(remainder);
  for (; left > 0; --left, ++p) narrow = __builtin_ia32_crc32qi(narrow, *p);
  return narrow;
}
#endif

std::uint32_t extend_by_table(std::uint32_t remainder, ByteView bytes) {
  const std::uint8_t* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, p += 8) {
    const std::uint32_t low = remainder ^ little_endian(p);
    const std::uint32_t high = little_endian(p + 4);
    remainder = kTables[7][low & 0xFF] ^ kTables[6][(low >> 8) & 0xFF] ^ kTables[5][(low >> 16) & 0xFF] ^
                kTables[4][low >> 24] ^ kTables[3][high & 0xFF] ^ kTables[2][(high >> 8) & 0xFF] ^
                kTables[1][(high >> 16) & 0xFF] ^ kTables[0][high >> 24];
  }
  for (; left > 0; --left, ++p) remainder = (remainder >> 8) ^ kTables[0][(remainder ^ *p) & 0xFF];
  return remainder;
}

std::uint32_t extend(std::uint32_t remainder, ByteView bytes) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return extend_by_instruction(remainder, bytes);
#endif
  return extend_by_table(remainder, bytes);
}

constexpr std::uint32_t kStart = 0xFFFFFFFF;

}  // namespace

std::uint32_t crc32c_by_table(ByteView bytes) { return ~extend_by_table(kStart, bytes); }

std::uint32_t crc32c(ByteView bytes) { return ~extend(kStart, bytes); }

std::uint32_t packet_checksum(ByteView packet) {
  constexpr std::size_t kHeader = 12;
  if (packet.size() < kHeader) return 0;
  std::array<std::uint8_t, kHeader> header{};
  std::memcpy(header.data(), packet.data(), 8);
  return ~extend(extend(kStart, header), packet.subspan(kHeader));
}

}  // namespace tidewire::sctp
