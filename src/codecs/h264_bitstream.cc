#include "codecs/h264_bitstream.h"

#include <algorithm>
#include <array>

#include "codecs/bit_reader.h"

namespace tidewire::codecs {

namespace {

constexpr int kMaxMacroblocks = 4096;  // on a side: 65536 pixels, far beyond every level

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

void read_chroma_format(BitReader& in, SequenceParameters& sps) {
  const std::uint32_t chroma_format = in.exp_golomb();
  if (chroma_format == 3) sps.separate_colour_planes = in.flag();
  sps.has_chroma = chroma_format != 0 && !sps.separate_colour_planes;
  in.exp_golomb();         // bit_depth_luma_minus8
  in.exp_golomb();         // bit_depth_chroma_minus8
  in.skip(1);              // qpprime_y_zero_transform_bypass_flag
  if (!in.flag()) return;  // seq_scaling_matrix_present_flag
  for (int i = 0; i < (chroma_format == 3 ? 12 : 8); ++i) {
    if (in.flag()) skip_scaling_list(in, i < 6 ? 16 : 64);
  }
}

// §7.4.2.1.1: the numbers of log2_max_…_minus4 go to 12. Zero for more.
int log2_bits(BitReader& in) {
  const std::uint32_t minus4 = in.exp_golomb();
  return minus4 <= 12 ? static_cast<int>(minus4) + 4 : 0;
}

void read_picture_order(BitReader& in, SequenceParameters& sps) {
  sps.picture_order_type = in.exp_golomb();
  if (sps.picture_order_type == 0) sps.picture_order_bits = log2_bits(in);
  if (sps.picture_order_type != 1) return;
  sps.picture_order_delta_always_zero = in.flag();
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

Bytes without_emulation_prevention(ByteView nal, std::size_t most) {
  Bytes bytes;
  int zeros = 0;
  for (const std::uint8_t byte : nal) {
    if (bytes.size() == most) break;
    // A third byte of 3 after two zeros does not count.
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    bytes.push_back(byte);
  }
  return bytes;
}

std::optional<SequenceParameters> parse_sequence_parameters(ByteView nal) {
  const Bytes bytes = without_emulation_prevention(nal, nal.size());
  BitReader in(bytes);
  SequenceParameters sps;
  in.skip(8);  // the NAL unit's header
  const std::uint32_t profile = in.bits(8);
  in.skip(8 + 8);  // constraint flags, level_idc
  sps.id = in.exp_golomb();
  if (has_chroma_format(profile)) read_chroma_format(in, sps);
  sps.frame_num_bits = log2_bits(in);
  read_picture_order(in, sps);
  in.exp_golomb();  // max_num_ref_frames
  in.skip(1);       // gaps_in_frame_num_value_allowed_flag
  const std::uint32_t width = in.exp_golomb() + 1;
  const std::uint32_t height = in.exp_golomb() + 1;
  sps.frames_only = in.flag();
  if (!in.ok() || width > kMaxMacroblocks || height > kMaxMacroblocks) return std::nullopt;
  sps.size = Size{static_cast<int>(width) * 16, static_cast<int>(height) * (sps.frames_only ? 16 : 32)};
  return sps;
}

}  // namespace tidewire::codecs
