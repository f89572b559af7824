#include "codecs/h264_quantizer.h"

#include <algorithm>

#include "codecs/bit_reader.h"

namespace tidewire::codecs {

namespace {

constexpr std::uint32_t kMaxReferences = 32;  // §7.4.3: num_ref_idx_l0_active_minus1 goes to 31
constexpr int kMaxQuantizer = 51;

// Table 7-6, modulo 5.
enum class SliceType : std::uint8_t { kP, kB, kI, kSwitchingP, kSwitchingI };

// §7.3.3.1: ref_pic_list_modification(), of one list.
void skip_list_modification(BitReader& in) {
  if (!in.flag()) return;
  while (in.ok() && in.exp_golomb() != 3) in.exp_golomb();
}

// §7.3.3.2: pred_weight_table(), of one list.
void skip_weights(BitReader& in, std::uint32_t references, bool has_chroma) {
  for (std::uint32_t i = 0; i < references && in.ok(); ++i) {
    if (in.flag()) {
      for (int value = 0; value < 2; ++value) in.skip_signed_exp_golomb();
    }
    if (has_chroma && in.flag()) {
      for (int value = 0; value < 4; ++value) in.skip_signed_exp_golomb();
    }
  }
}

// §7.3.3.3: dec_ref_pic_marking().
void skip_reference_marking(BitReader& in, bool idr) {
  if (idr) return in.skip(2);
  if (!in.flag()) return;
  while (in.ok()) {
    const std::uint32_t operation = in.exp_golomb();
    if (operation == 0) return;
    if (operation != 5) in.exp_golomb();
    if (operation == 3) in.exp_golomb();
  }
}

}  // namespace

struct H264QuantizerReader::Slice {
  BitReader in;
  const SequenceParameters& sps;
  const PictureParameters& pps;
  SliceType type;
  bool idr;

  bool bidirectional() const { return type == SliceType::kB; }
  bool predicted() const { return type != SliceType::kI && type != SliceType::kSwitchingI; }

  // §7.3.3, from frame_num to redundant_pic_cnt.
  void skip_order() {
    if (sps.separate_colour_planes) in.skip(2);
    in.skip(sps.frame_num_bits);
    const bool field = !sps.frames_only && in.flag();
    if (field) in.skip(1);     // bottom_field_flag
    if (idr) in.exp_golomb();  // idr_pic_id
    const bool both_fields = pps.bottom_field_order && !field;
    if (sps.picture_order_type == 0) {
      in.skip(sps.picture_order_bits);
      if (both_fields) in.skip_signed_exp_golomb();
    } else if (sps.picture_order_type == 1 && !sps.picture_order_delta_always_zero) {
      in.skip_signed_exp_golomb();
      if (both_fields) in.skip_signed_exp_golomb();
    }
    if (pps.redundant_pictures) in.exp_golomb();
  }

  // From there to pred_weight_table().
  void skip_references() {
    std::array<std::uint32_t, 2> references = pps.references;
    if (bidirectional()) in.skip(1);  // direct_spatial_mv_pred_flag
    if (in.flag()) {                  // num_ref_idx_active_override_flag
      references[0] = in.exp_golomb() + 1;
      if (bidirectional()) references[1] = in.exp_golomb() + 1;
    }
    skip_list_modification(in);
    if (bidirectional()) skip_list_modification(in);
    if (bidirectional() ? !pps.weighted_bidirectional : !pps.weighted) return;
    in.exp_golomb();                      // luma_log2_weight_denom
    if (sps.has_chroma) in.exp_golomb();  // chroma_log2_weight_denom
    skip_weights(in, std::min(references[0], kMaxReferences), sps.has_chroma);
    if (bidirectional()) skip_weights(in, std::min(references[1], kMaxReferences), sps.has_chroma);
  }
};

int H264QuantizerReader::read(std::span<const ByteView> nals) {
  ByteView last;
  for (const ByteView nal : nals) {
    switch (nal_type(nal)) {
      case NalType::kSps: note_sequence(nal); break;
      case NalType::kPps: note_picture(nal); break;
      case NalType::kSlice:
      case NalType::kIdrSlice: last = nal; break;
    }
  }
  return last.empty() ? -1 : read_slice(last).value_or(-1);
}

void H264QuantizerReader::note_sequence(ByteView nal) {
  const auto sps = parse_sequence_parameters(nal);
  if (sps && sps->id < kMaxSequences) sequences_[sps->id] = sps;
}

// §7.3.2.2
void H264QuantizerReader::note_picture(ByteView nal) {
  const Bytes bytes = without_emulation_prevention(nal, kMaxSliceHeader);
  BitReader in(bytes);
  in.skip(8);  // the NAL unit's header
  const std::uint32_t id = in.exp_golomb();
  if (!in.ok() || id >= kMaxPictures) return;
  PictureParameters pps;
  pps.sequence = in.exp_golomb();
  pps.cabac = in.flag();
  pps.bottom_field_order = in.flag();
  const bool one_group = in.exp_golomb() == 0;  // num_slice_groups_minus1
  for (std::uint32_t& count : pps.references) count = in.exp_golomb() + 1;
  pps.weighted = in.flag();
  pps.weighted_bidirectional = in.bits(2) == 1;
  pps.quantizer = 26 + in.signed_exp_golomb();
  in.skip_signed_exp_golomb();  // pic_init_qs_minus26
  in.skip_signed_exp_golomb();  // chroma_qp_index_offset
  in.skip(2);                   // deblocking_filter_control_present_flag, constrained_intra_pred_flag
  pps.redundant_pictures = in.flag();
  pictures_[id] = in.ok() && one_group && pps.sequence < kMaxSequences ? std::optional(pps) : std::nullopt;
}

// §7.3.3, as far as slice_qp_delta.
std::optional<int> H264QuantizerReader::read_slice(ByteView nal) const {
  const Bytes bytes = without_emulation_prevention(nal, kMaxSliceHeader);
  BitReader in(bytes);
  in.skip(8);       // the NAL unit's header
  in.exp_golomb();  // first_mb_in_slice
  const auto type = static_cast<SliceType>(in.exp_golomb() % 5);
  const std::uint32_t id = in.exp_golomb();
  const PictureParameters* pps = id < kMaxPictures && pictures_[id] ? &*pictures_[id] : nullptr;
  if (!in.ok() || !pps || !sequences_[pps->sequence]) return std::nullopt;
  Slice slice{in, *sequences_[pps->sequence], *pps, type, nal_type(nal) == NalType::kIdrSlice};
  slice.skip_order();
  if (slice.predicted()) slice.skip_references();
  const bool is_reference = (nal[0] & 0x60) != 0;  // nal_ref_idc
  if (is_reference) skip_reference_marking(slice.in, slice.idr);
  if (pps->cabac && slice.predicted()) slice.in.exp_golomb();  // cabac_init_idc
  const std::int64_t quantizer = pps->quantizer + slice.in.signed_exp_golomb();
  if (!slice.in.ok() || quantizer < 0 || quantizer > kMaxQuantizer) return std::nullopt;
  return static_cast<int>(quantizer);
}

}  // namespace tidewire::codecs
