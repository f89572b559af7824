// AV1 by dav1d, a picture out for each one in. What comes in is hostile: the library refuses pictures beyond the limit
// by itself, and a decoder that has failed once refuses everything up to the next key frame, so that damage is never
// shown.
#include "codecs/av1_decoder.h"

#include <dav1d/dav1d.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "codecs/av1_obu.h"
#include "codecs/picture.h"

namespace tidewire::codecs {

namespace {

class Av1Decoder final : public VideoDecoder {
 public:
  explicit Av1Decoder(const VideoDecoderConfig& config) : options_(config) {}
  Av1Decoder(const Av1Decoder&) = delete;
  Av1Decoder& operator=(const Av1Decoder&) = delete;
  ~Av1Decoder() override { close(); }

  Result<std::optional<VideoFrame>> decode(const EncodedFrame& frame) override;
  int quantizer() const override { return quantizer_; }

 private:
  bool open();
  void close();
  Error refuse(std::string why);
  Result<> push(ByteView temporal_unit);
  Result<> pull(const EncodedFrame& frame, std::optional<VideoFrame>& shown);

  VideoDecoderConfig options_;
  int quantizer_ = -1;
  Dav1dContext* context_ = nullptr;  // and has every reference that the next frame may need
};

bool Av1Decoder::open() {
  if (context_ != nullptr) return true;
  Dav1dSettings settings;
  dav1d_default_settings(&settings);
  settings.n_threads = options_.threads;
  settings.max_frame_delay = 1;
  // All spatial layers come out, the highest that is there last: libraries that wait for the highest one would wait for
  // ever where it is not sent.
  settings.all_layers = 1;
  settings.frame_size_limit = static_cast<unsigned>(options_.max_pixels);
  settings.logger = {nullptr, nullptr};
  return dav1d_open(&context_, &settings) == 0;
}

void Av1Decoder::close() {
  if (context_ != nullptr) dav1d_close(&context_);
  context_ = nullptr;
}

// Gives up all state: only a key frame helps now.
Error Av1Decoder::refuse(std::string why) {
  close();
  return {ErrorCode::kEncoding, "AV1 decoder: " + std::move(why)};
}

Result<> Av1Decoder::push(ByteView temporal_unit) {
  Dav1dData data{};
  std::uint8_t* room = dav1d_data_create(&data, temporal_unit.size());
  if (room == nullptr) return refuse("no memory");
  std::copy(temporal_unit.begin(), temporal_unit.end(), room);
  const int code = dav1d_send_data(context_, &data);
  if (data.sz > 0) dav1d_data_unref(&data);
  if (code < 0) return refuse(code == DAV1D_ERR(ERANGE) ? "a picture exceeds the limit" : "the frame is damaged");
  return {};
}

// The last picture that the temporal unit shows.
Result<> Av1Decoder::pull(const EncodedFrame& frame, std::optional<VideoFrame>& shown) {
  while (true) {
    Dav1dPicture picture{};
    const int code = dav1d_get_picture(context_, &picture);
    if (code == DAV1D_ERR(EAGAIN)) return {};
    if (code < 0) return refuse(code == DAV1D_ERR(ERANGE) ? "a picture exceeds the limit" : "the frame is damaged");
    const bool usable = picture.p.layout == DAV1D_PIXEL_LAYOUT_I420 && picture.p.bpc == 8;
    if (usable) {
      const auto plane = [&](int i) { return static_cast<const std::uint8_t*>(picture.data[i]); };
      shown = VideoFrame{
          copy_of({plane(0), plane(1), plane(2), picture.stride[0], picture.stride[1]}, {picture.p.w, picture.p.h}),
          frame.timestamp, frame.rtp_timestamp};
      quantizer_ = static_cast<int>(picture.frame_hdr->quant.yac);  // §5.9.12: base_q_idx
    }
    dav1d_picture_unref(&picture);
    if (!usable) return refuse("not a 4:2:0 picture with 8 bits");
  }
}

Result<std::optional<VideoFrame>> Av1Decoder::decode(const EncodedFrame& frame) {
  const auto obus = split_obus(frame.payload);
  const auto has = [&](ObuType type) {
    return std::ranges::any_of(*obus, [&](const Obu& o) { return o.type == type; });
  };
  if (!obus || (!has(ObuType::kFrame) && !has(ObuType::kFrameHeader))) return refuse("no AV1 temporal unit");
  // §7.5: a coded video sequence begins with a sequence header. That a key frame follows is seen by the library, which
  // has no reference for another.
  if (context_ == nullptr && !has(ObuType::kSequenceHeader)) return refuse("a key frame must come first");
  if (!open()) return refuse("cannot start");
  std::optional<VideoFrame> shown;
  if (auto pushed = push(frame.payload); !pushed) return pushed.error();
  if (auto pulled = pull(frame, shown); !pulled) return pulled.error();
  return shown;
}

}  // namespace

std::unique_ptr<VideoDecoder> make_av1_decoder(const VideoDecoderConfig& config) {
  return std::make_unique<Av1Decoder>(config);
}

}  // namespace tidewire::codecs
