#include "codecs/h264_bitstream.h"

#include <algorithm>
#include <array>

#include "codecs/bit_reader.h"

namespace tidewire::codecs {

namespace {

constexpr int kMaxMacroblocks = 4096;  // on a side: 65536 pixels, far beyond every level

// §7.4.1.1: a third byte of 3 after two zeros was put there so that no start code appears; it does not count.
Bytes without_emulation_prevention(ByteView nal) {
  Bytes bytes;
  int zeros = 0;
  for (const std::uint8_t byte : nal) {
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    bytes.push_back(byte);
  }
  return bytes;
}

// §7.3.2.1.1.1: scaling_list(), of which only the length matters.
void skip_scaling_list(BitReader& in, int size) {
  int last = 8;
  int next = 8;
  for (int i = 0; i < size; ++i) {
    if (next != 0) {
      const std::uint32_t code = in.exp_golomb();
      const auto half = static_cast<int>((code + 1) / 2 % 256);
      next = (last + (code % 2 != 0 ? half : -half) + 256) % 256;
    }
    if (next != 0) last = next;
  }
}

// The profiles whose parameter sets begin with chroma_format_idc.
bool has_chroma_format(std::uint32_t profile) {
  constexpr std::array kProfiles = {100U, 110U, 122U, 244U, 44U, 83U, 86U, 118U, 128U, 138U, 139U, 134U, 135U};
  return std::find(kProfiles.begin(), kProfiles.end(), profile) != kProfiles.end();
}

void skip_chroma_format(BitReader& in) {
  const std::uint32_t chroma_format = in.exp_golomb();
  if (chroma_format == 3) in.skip(1);  // separate_colour_plane_flag
  in.exp_golomb();                     // bit_depth_luma_minus8
  in.exp_golomb();                     // bit_depth_chroma_minus8
  in.skip(1);                          // qpprime_y_zero_transform_bypass_flag
  if (!in.flag()) return;              // seq_scaling_matrix_present_flag
  for (int i = 0; i < (chroma_format == 3 ? 12 : 8); ++i) {
    if (in.flag()) skip_scaling_list(in, i < 6 ? 16 : 64);
  }
}

void skip_picture_order(BitReader& in) {
  const std::uint32_t type = in.exp_golomb();
  if (type == 0) in.exp_golomb();  // log2_max_pic_order_cnt_lsb_minus4
  if (type != 1) return;
  in.skip(1);                   // delta_pic_order_always_zero_flag
  in.skip_signed_exp_golomb();  // offset_for_non_ref_pic
  in.skip_signed_exp_golomb();  // offset_for_top_to_bottom_field
  const std::uint32_t frames = in.exp_golomb();
  for (std::uint32_t i = 0; i < frames && in.ok(); ++i) in.skip_signed_exp_golomb();
}

}  // namespace

std::optional<std::vector<ByteView>> split_annex_b(ByteView access_unit) {
  constexpr std::array<std::uint8_t, 3> kStartCode = {0, 0, 1};
  const auto next_start = [&](std::size_t from) {
    const auto at = std::search(access_unit.begin() + static_cast<std::ptrdiff_t>(from), access_unit.end(),
                                kStartCode.begin(), kStartCode.end());
    return static_cast<std::size_t>(at - access_unit.begin());
  };
  std::size_t start = next_start(0);
  if (start == access_unit.size() || start > 1 || (start == 1 && access_unit[0] != 0)) return std::nullopt;
  std::vector<ByteView> nals;
  while (start < access_unit.size()) {
    const std::size_t begin = start + kStartCode.size();
    start = next_start(begin);
    ByteView nal = access_unit.subspan(begin, start - begin);
    while (!nal.empty() && nal.back() == 0) nal = nal.first(nal.size() - 1);  // trailing_zero_8bits, or a longer code
    if (!nal.empty()) nals.push_back(nal);
  }
  return nals;
}

std::optional<Size> coded_size(ByteView sps) {
  const Bytes bytes = without_emulation_prevention(sps);
  BitReader in(bytes);
  in.skip(8);  // the NAL unit's header
  const std::uint32_t profile = in.bits(8);
  in.skip(8 + 8);   // constraint flags, level_idc
  in.exp_golomb();  // seq_parameter_set_id
  if (has_chroma_format(profile)) skip_chroma_format(in);
  in.exp_golomb();  // log2_max_frame_num_minus4
  skip_picture_order(in);
  in.exp_golomb();  // max_num_ref_frames
  in.skip(1);       // gaps_in_frame_num_value_allowed_flag
  const std::uint32_t width = in.exp_golomb() + 1;
  const std::uint32_t height = in.exp_golomb() + 1;
  const bool frames_only = in.flag();
  if (!in.ok() || width > kMaxMacroblocks || height > kMaxMacroblocks) return std::nullopt;
  return Size{static_cast<int>(width) * 16, static_cast<int>(height) * (frames_only ? 16 : 32)};
}

}  // namespace tidewire::codecs
