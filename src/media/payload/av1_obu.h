// The headers of AV1's open bitstream units (AV1 bitstream specification §5.3, §5.5).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/byte_reader.h"
#include "media/payload/types.h"
#include "tidewire/bytes.h"

namespace tidewire::media {

// AV1 §6.2.2, those that matter here.
enum class ObuType : std::uint8_t {
  kSequenceHeader = 1,
  kTemporalDelimiter = 2,
  kFrameHeader = 3,
  kFrame = 6,
  kTileList = 8,
};

inline constexpr std::uint8_t kObuHasExtension = 0x04;
inline constexpr std::uint8_t kObuHasSize = 0x02;

constexpr ObuType obu_type(std::uint8_t header) { return static_cast<ObuType>(header >> 3 & 0x0fU); }
// Neither travels in RTP (payload format §5).
constexpr bool is_left_out(ObuType type) { return type == ObuType::kTemporalDelimiter || type == ObuType::kTileList; }

// AV1 §4.10.5: at most eight bytes, and below 2^32. Nothing when it is cut short or larger.
std::optional<std::size_t> read_leb128(ByteReader& reader);

struct Leb128 {
  std::array<std::uint8_t, 5> bytes{};
  std::size_t size = 0;

  explicit Leb128(std::size_t value);
  ByteView view() const { return ByteView(bytes).first(size); }
};

// An OBU in a run of them, each with its size; the last one may do without.
struct Obu {
  std::array<std::uint8_t, 2> header{};  // without the bit that announces a size
  std::size_t header_size = 1;
  ByteView payload;

  ObuType type() const { return obu_type(header[0]); }
  bool has_extension() const { return header_size == 2; }
  ByteView header_bytes() const { return ByteView(header).first(header_size); }
  std::size_t size() const { return header_size + payload.size(); }

  // Nothing when it is cut short or its forbidden bit is set.
  static std::optional<Obu> take(ByteReader& reader);
};

// The size of the pictures of a sequence, from the payload of a sequence header (§5.5.1). Nothing when it is cut short
// or says what cannot be.
std::optional<PictureSize> av1_picture_size(ByteView sequence_header);

}  // namespace tidewire::media
