// With which quantizer an H.264 picture was coded: the library does not tell, its headers do (ITU-T H.264).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "codecs/h264_bitstream.h"
#include "tidewire/bytes.h"

namespace tidewire::codecs {

// Follows the parameter sets of a stream.
class H264QuantizerReader {
 public:
  static constexpr std::size_t kMaxSequences = 32;  // §7.4.2.1.1: ids of sequence parameter sets
  static constexpr std::size_t kMaxPictures = 256;  // §7.4.2.2: ids of picture parameter sets
  // A longer header of a slice is not read.
  static constexpr std::size_t kMaxSliceHeader = 256;

  // SliceQPY, 0 to 51, of the last slice of an access unit, as browsers count it. -1 when it cannot be told: a
  // parameter set is missing or malformed, or has slice groups, which no encoder of conversation uses.
  int read(std::span<const ByteView> nals);

 private:
  struct PictureParameters {
    std::uint32_t sequence = 0;
    bool cabac = false;
    bool bottom_field_order = false;
    std::array<std::uint32_t, 2> references{};  // in each list, where a slice does not say
    bool weighted = false;                      // P slices
    bool weighted_bidirectional = false;        // B slices, explicitly
    std::int64_t quantizer = 26;
    bool redundant_pictures = false;
  };
  struct Slice;  // how far the header of one is read

  void note_sequence(ByteView nal);
  void note_picture(ByteView nal);
  std::optional<int> read_slice(ByteView nal) const;

  std::array<std::optional<SequenceParameters>, kMaxSequences> sequences_;
  std::array<std::optional<PictureParameters>, kMaxPictures> pictures_;
};

}  // namespace tidewire::codecs
