#include "media/payload/av1_obu.h"

#include "media/payload/bit_reader.h"

namespace tidewire::media {

namespace {

// §5.5.3, §5.5.4
struct DecoderModel {
  bool present = false;
  int delay_bits = 0;
};

DecoderModel read_timing(BitReader& reader) {
  DecoderModel model;
  if (!reader.flag()) return model;             // timing_info_present_flag
  reader.skip(64);                              // num_units_in_display_tick, time_scale
  if (reader.flag()) reader.unsigned_golomb();  // equal_picture_interval, num_ticks_per_picture_minus_1
  model.present = reader.flag();                // decoder_model_info_present_flag
  if (!model.present) return model;
  model.delay_bits = static_cast<int>(reader.bits(5)) + 1;
  reader.skip(32 + 5 + 5);  // num_units_in_decoding_tick, lengths of removal and presentation time
  return model;
}

void skip_operating_points(BitReader& reader, const DecoderModel& model) {
  const bool initial_display_delay = reader.flag();
  const std::uint32_t count = reader.bits(5) + 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    reader.skip(12);                         // operating_point_idc
    if (reader.bits(5) > 7) reader.skip(1);  // seq_level_idx, seq_tier
    if (model.present && reader.flag()) reader.skip(2 * model.delay_bits + 1);
    if (initial_display_delay && reader.flag()) reader.skip(4);
  }
}

}  // namespace

std::optional<std::size_t> read_leb128(ByteReader& reader) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) {
    const std::uint8_t byte = reader.u8();
    value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    if (!reader.ok() || value > 0xffff'ffffU) return std::nullopt;
    return static_cast<std::size_t>(value);
  }
  return std::nullopt;
}

Leb128::Leb128(std::size_t value) {
  for (auto rest = static_cast<std::uint32_t>(value);;) {
    const bool more = rest > 0x7f;
    bytes[size++] = static_cast<std::uint8_t>((rest & 0x7fU) | (more ? 0x80U : 0U));
    rest >>= 7;
    if (!more) return;
  }
}

std::optional<Obu> Obu::take(ByteReader& reader) {
  const std::uint8_t first = reader.u8();
  if (!reader.ok() || (first & 0x80U) != 0) return std::nullopt;
  Obu obu;
  obu.header[0] = static_cast<std::uint8_t>(first & ~kObuHasSize);
  if ((first & kObuHasExtension) != 0) {
    obu.header[1] = reader.u8();
    obu.header_size = 2;
  }
  std::size_t size = reader.remaining();
  if ((first & kObuHasSize) != 0) {
    const auto told = read_leb128(reader);
    if (!told || *told > reader.remaining()) return std::nullopt;
    size = *told;
  }
  obu.payload = reader.take(size);
  return reader.ok() ? std::optional(obu) : std::nullopt;
}

std::optional<PictureSize> av1_picture_size(ByteView sequence_header) {
  BitReader reader(sequence_header);
  reader.skip(3 + 1);   // seq_profile, still_picture
  if (reader.flag()) {  // reduced_still_picture_header
    reader.skip(5);     // seq_level_idx
  } else {
    const DecoderModel model = read_timing(reader);
    skip_operating_points(reader, model);
  }
  const int width_bits = static_cast<int>(reader.bits(4)) + 1;
  const int height_bits = static_cast<int>(reader.bits(4)) + 1;
  const PictureSize size{static_cast<int>(reader.bits(width_bits)) + 1, static_cast<int>(reader.bits(height_bits)) + 1};
  if (!reader.ok() || size.width > kMaxPictureSide || size.height > kMaxPictureSide) return std::nullopt;
  return size;
}

}  // namespace tidewire::media
