#include "media/payload/h264_sps.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "media/payload/bit_reader.h"

namespace tidewire::media {

namespace {

// H.264 §7.3.2.1.1: the profiles whose parameters tell about colour.
constexpr std::array<std::uint32_t, 13> kHighProfiles{100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};

// H.264 §7.3.2.1.1.1
void skip_scaling_list(BitReader& reader, int size) {
  std::int64_t last = 8;
  std::int64_t next = 8;
  for (int i = 0; i < size && reader.ok(); ++i) {
    if (next != 0) next = ((last + reader.signed_golomb()) % 256 + 256) % 256;
    if (next != 0) last = next;
  }
}

// What §6.2, table 6-1, says about a chroma_format_idc: 4:0:0, 4:2:0, 4:2:2, 4:4:4.
struct ChromaFormat {
  std::uint32_t idc = 1;
  bool separate_planes = false;

  std::uint32_t crop_unit_x() const { return idc == 1 || idc == 2 ? 2 : 1; }
  std::uint32_t crop_unit_y() const { return idc == 1 ? 2 : 1; }
};

// Nothing when the format is none.
std::optional<ChromaFormat> read_chroma_format(BitReader& reader) {
  ChromaFormat format{reader.unsigned_golomb(), false};
  if (format.idc > 3) return std::nullopt;
  if (format.idc == 3) format.separate_planes = reader.flag();
  reader.unsigned_golomb();  // bit_depth_luma_minus8
  reader.unsigned_golomb();  // bit_depth_chroma_minus8
  reader.skip(1);            // qpprime_y_zero_transform_bypass_flag
  if (reader.flag()) {       // seq_scaling_matrix_present_flag
    const int lists = format.idc == 3 ? 12 : 8;
    for (int i = 0; i < lists; ++i) {
      if (reader.flag()) skip_scaling_list(reader, i < 6 ? 16 : 64);
    }
  }
  return format;
}

// False when there are more reference frames than can be.
bool skip_picture_order(BitReader& reader) {
  const std::uint32_t type = reader.unsigned_golomb();
  if (type == 0) {
    reader.unsigned_golomb();  // log2_max_pic_order_cnt_lsb_minus4
  } else if (type == 1) {
    reader.skip(1);          // delta_pic_order_always_zero_flag
    reader.signed_golomb();  // offset_for_non_ref_pic
    reader.signed_golomb();  // offset_for_top_to_bottom_field
    const std::uint32_t count = reader.unsigned_golomb();
    if (count > 255) return false;  // §7.4.2.1.1
    for (std::uint32_t i = 0; i < count && reader.ok(); ++i) reader.signed_golomb();
  }
  return type <= 2;
}

std::optional<PictureSize> read_size(BitReader& reader, const ChromaFormat& chroma) {
  constexpr std::uint32_t kMaxSide = kMaxPictureSide;
  const std::uint32_t columns = reader.unsigned_golomb();  // pic_width_in_mbs_minus1
  const std::uint32_t rows = reader.unsigned_golomb();     // pic_height_in_map_units_minus1
  if (columns >= kMaxSide / 16 || rows >= kMaxSide / 16) return std::nullopt;
  const bool frames_only = reader.flag();
  const std::uint32_t fields = frames_only ? 1 : 2;
  if (!frames_only) reader.skip(1);     // mb_adaptive_frame_field_flag
  reader.skip(1);                       // direct_8x8_inference_flag
  std::array<std::uint32_t, 4> crop{};  // left, right, top, bottom
  if (reader.flag()) std::generate(crop.begin(), crop.end(), [&] { return reader.unsigned_golomb(); });
  if (!reader.ok() || std::any_of(crop.begin(), crop.end(), [](auto c) { return c > kMaxSide; })) return std::nullopt;
  const std::uint32_t width = (columns + 1) * 16;
  const std::uint32_t height = (rows + 1) * 16 * fields;
  const std::uint32_t cut_x = (crop[0] + crop[1]) * chroma.crop_unit_x();
  const std::uint32_t cut_y = (crop[2] + crop[3]) * chroma.crop_unit_y() * fields;
  if (cut_x >= width || cut_y >= height || height > kMaxSide) return std::nullopt;
  return PictureSize{static_cast<int>(width - cut_x), static_cast<int>(height - cut_y)};
}

}  // namespace

std::optional<PictureSize> h264_picture_size(ByteView nal_unit) {
  if (nal_unit.empty()) return std::nullopt;
  BitReader reader(nal_unit.subspan(1), BitReader::Escapes::kEmulationPrevention);
  const std::uint32_t profile = reader.bits(8);
  reader.skip(16);                                         // constraints and level
  if (reader.unsigned_golomb() > 31) return std::nullopt;  // seq_parameter_set_id
  ChromaFormat chroma;
  if (std::find(kHighProfiles.begin(), kHighProfiles.end(), profile) != kHighProfiles.end()) {
    const auto read = read_chroma_format(reader);
    if (!read) return std::nullopt;
    chroma = *read;
  }
  reader.unsigned_golomb();  // log2_max_frame_num_minus4
  if (!skip_picture_order(reader)) return std::nullopt;
  reader.unsigned_golomb();  // max_num_ref_frames
  reader.skip(1);            // gaps_in_frame_num_value_allowed_flag
  return read_size(reader, chroma);
}

}  // namespace tidewire::media
