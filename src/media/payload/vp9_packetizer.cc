// Cuts pictures to the packets of the VP9 payload format.
#include <algorithm>
#include <array>

#include "base/layer_pattern.h"
#include "media/payload/vp9.h"
#include "media/payload/vp9_flags.h"

namespace tidewire::media {

namespace {

using namespace vp9;

// A descriptor that is being written.
class Head {
 public:
  // Picture id, layers, and the structure of three layers in a pattern of four pictures.
  static constexpr std::size_t kMaxSize = 1 + 2 + 2 + 1 + 3 * 4 + 1 + 4 * 2;

  void u8(unsigned value) { bytes_[size_++] = static_cast<std::uint8_t>(value); }
  void u16(int value) {
    u8(static_cast<unsigned>(value) >> 8);
    u8(static_cast<unsigned>(value) & 0xffU);
  }
  std::size_t size() const { return size_; }
  void set_flags(unsigned flags) { bytes_[0] = static_cast<std::uint8_t>(bytes_[0] | flags); }
  void clear_flags(unsigned flags) { bytes_[0] = static_cast<std::uint8_t>(bytes_[0] & ~flags); }
  // Without the structure, which follows the first five bytes and stands in a picture's first packet only.
  ByteView view(bool with_structure) const {
    return ByteView(bytes_).first(with_structure ? size_ : std::min<std::size_t>(size_, 5));
  }

 private:
  std::array<std::uint8_t, kMaxSize> bytes_{};
  std::size_t size_ = 0;
};

// RFC 9628 §4.2.1
void write_structure(Head& head, const PictureLayers& layers) {
  const ScalabilityMode mode = layers.mode;
  const bool sizes = layers.frames[0].width > 0;
  constexpr unsigned kSizes = 0x10;
  constexpr unsigned kGroup = 0x08;
  head.u8((mode.spatial_layers - 1U) << 5 | (sizes ? kSizes : 0) | kGroup);
  for (const LayerFrame& layer : layers.spatial()) {
    if (!sizes) break;
    head.u16(layer.width);
    head.u16(layer.height);
  }
  head.u8(static_cast<unsigned>(pattern_length(mode)));
  for (int position = 0; position < pattern_length(mode); ++position) {
    const PatternPicture picture = pattern_picture(mode, position);
    // T, U, and one P_DIFF
    head.u8(static_cast<unsigned>(picture.temporal_layer) << 5 | 0x10U | 1U << 2);
    head.u8(static_cast<unsigned>(picture.distance));
  }
}

// All but B and E.
Head make_head(const EncodedFrame& frame, std::size_t spatial, const PacketizerOptions& options) {
  const PictureLayers& layers = frame.layers;
  const bool inter_layer = frame.key_frame || !layers.mode.key;
  const bool needed_above = spatial + 1 < layers.count && inter_layer;
  const bool structure = frame.key_frame && spatial == 0;
  Head head;
  head.u8(kPictureId | kLayers | (frame.key_frame ? 0U : kInterPredicted) | (structure ? kStructure : 0U) |
          (needed_above ? 0U : kNotForInterLayer));
  head.u16(0x8000 | options.picture_id);  // M
  // The pattern lets receivers switch up with every picture.
  head.u8(static_cast<unsigned>(layers.temporal_layer) << 5 | 0x10U | static_cast<unsigned>(spatial) << 1 |
          (spatial > 0 && inter_layer ? 1U : 0U));
  head.u8(options.tl0_picture_index);
  if (structure) write_structure(head, layers);
  return head;
}

void cut_layer(ByteView bytes, Head head, PayloadSink& sink) {
  const std::size_t room = sink.max_payload() - std::min(head.size(), sink.max_payload() - 1);
  for_equal_parts(bytes.size(), room, [&](std::size_t offset, std::size_t size, bool first, bool last) {
    if (!first) head.clear_flags(kBegins | kStructure);
    head.set_flags((first ? kBegins : 0U) | (last ? kEnds : 0U));
    sink.begin(head.view(first));
    sink.add(bytes.subspan(offset, size));
  });
}

// QUIRK chrome: with a picture id and without layers, it takes each picture to need the one before it: what holds for
// an encoder without layers.
void cut_picture_without_layers(const EncodedFrame& frame, const PacketizerOptions& options, PayloadSink& sink) {
  Head head;
  head.u8(kPictureId | (frame.key_frame ? 0U : kInterPredicted));
  head.u16(0x8000 | options.picture_id);
  cut_layer(frame.payload, head, sink);
}

}  // namespace

Result<> packetize_vp9(const EncodedFrame& frame, const PacketizerOptions& options, PayloadSink& sink) {
  const PictureLayers& layers = frame.layers;
  if (!layers.mode.layered() || layers.count == 0) {
    cut_picture_without_layers(frame, options, sink);
    return sink.result();
  }
  ByteView rest(frame.payload);
  for (std::size_t spatial = 0; spatial < layers.count; ++spatial) {
    const std::size_t size = layers.frames[spatial].size;
    if (size == 0 || size > rest.size()) {
      return Error{ErrorCode::kEncoding, "The layers of a VP9 picture are to have the sizes that it tells."};
    }
    cut_layer(rest.first(size), make_head(frame, spatial, options), sink);
    sink.end_layer();
    rest = rest.subspan(size);
  }
  return sink.result();
}

}  // namespace tidewire::media
