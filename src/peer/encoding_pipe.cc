#include "peer/encoding_pipe.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "codecs/picture_transform.h"

namespace tidewire::peer {
namespace {

// Makes the pictures smaller before they are compressed, on the encoder's thread.
class ScalingEncoder final : public codecs::VideoEncoder {
 public:
  ScalingEncoder(std::unique_ptr<codecs::VideoEncoder> encoder, std::shared_ptr<PictureShape> shape)
      : encoder_(std::move(encoder)), shape_(std::move(shape)) {}

  Result<std::optional<EncodedFrame>> encode(const VideoFrame& frame) override {
    // Turned here, once, so that it is upright also for those who do not turn it themselves.
    VideoFrame picture =
        codecs::rotated(codecs::scaled_down(frame, shape_->factor(frame.width(), frame.height())), frame.rotation);
    picture.rotation = 0;
    shape_->encoded = Resolution{picture.width(), picture.height()};
    return encoder_->encode(picture);
  }
  void set_rates(const codecs::VideoRates& rates) override { encoder_->set_rates(rates); }
  void request_key_frame() override { encoder_->request_key_frame(); }
  void leave_out(Duration time) override { encoder_->leave_out(time); }

 private:
  std::unique_ptr<codecs::VideoEncoder> encoder_;
  std::shared_ptr<PictureShape> shape_;
};

codecs::AudioEncoderConfig audio_config(const SendEncoding& wanted, int expected_loss) {
  return {.channels = wanted.audio.stereo ? 2 : 1,
          .bitrate = static_cast<int>(wanted.bitrate),
          .fec = wanted.audio.fec,
          .expected_loss_percent = expected_loss,
          .dtx = wanted.audio.dtx,
          .packet_time = wanted.audio.packet_time};
}

codecs::VideoRates rates(const SendEncoding& wanted) {
  codecs::VideoRates rates{.bitrate = static_cast<int>(wanted.bitrate)};
  if (const auto most = wanted.parameters.max_framerate) {
    rates.max_framerate = static_cast<int>(std::ceil(std::min(*most, 240.0)));
  }
  return rates;
}

codecs::VideoEncoderConfig video_config(const SendEncoding& wanted, codecs::ContentHint content) {
  const codecs::VideoRates its = rates(wanted);
  return {.bitrate = its.bitrate,
          .max_framerate = its.max_framerate,
          .max_slice_size = static_cast<int>(wanted.max_nal_unit_size),
          .scalability_mode = wanted.parameters.scalability_mode,
          .content_hint = content};
}

// Loads are told this often.
constexpr Duration kLoadInterval = std::chrono::seconds{1};

// A picture may come a little before its time: sources jitter.
constexpr double kEarly = 0.1;

Duration interval(double framerate) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / framerate));
}

// Of 16 x 16 pixels, in a picture whose sides are divided by `factor`.
std::uint32_t macroblocks(int width, int height, double factor) {
  const auto in_side = [factor](int side) { return (codecs::scaled_side(side, factor) + 15) / 16; };
  return static_cast<std::uint32_t>(in_side(width) * in_side(height));
}

}  // namespace

double PictureShape::factor(int width, int height) const {
  double factor = scale_down_by;
  const int long_side = max_width;
  const int short_side = max_height;
  if (long_side != 0 && short_side != 0) {
    factor = std::max({factor, static_cast<double>(std::max(width, height)) / long_side,
                       static_cast<double>(std::min(width, height)) / short_side});
  }
  const std::uint32_t most = max_macroblocks;
  if (most == 0) return factor;
  // ITU-T H.264 §A.3.1: no side is longer than that of a picture eight times as long as high.
  factor = std::max(factor, std::max(width, height) / (16 * std::floor(std::sqrt(8.0 * most))));
  const std::uint32_t present = macroblocks(width, height, factor);
  if (present <= most) return factor;
  // Nearly so much, and then as little more as the rounding of the sides takes.
  constexpr double kBelow = 0.99;
  constexpr double kStep = 1.0005;
  factor *= std::max(1.0, kBelow * std::sqrt(static_cast<double>(present) / most));
  while (macroblocks(width, height, factor) > most && factor < width + height) factor *= kStep;
  return factor;
}

double PictureShape::most_framerate(int width, int height) const {
  const double most = max_framerate;
  const std::uint32_t macroblock_rate = max_macroblocks_per_second;
  if (macroblock_rate == 0 || width == 0 || height == 0) return most;
  const double allowed = static_cast<double>(macroblock_rate) / macroblocks(width, height, factor(width, height));
  return most > 0 ? std::min(most, allowed) : allowed;
}

bool EncodingPipe::needs_another(const SendEncoding& wanted) const {
  const bool missing = wanted.parameters.active && !wanted.paused && !video_ && !audio_;
  return !made_ || missing || made_->codec != wanted.codec || made_->max_nal_unit_size != wanted.max_nal_unit_size ||
         made_->parameters.scalability_mode != wanted.parameters.scalability_mode || made_->audio != wanted.audio ||
         made_->parameters.active != wanted.parameters.active;
}

void EncodingPipe::configure(const SendEncoding& wanted) {
  const bool another = needs_another(wanted);
  const bool another_rate =
      !made_ || made_->bitrate != wanted.bitrate || made_->parameters.max_framerate != wanted.parameters.max_framerate;
  made_ = wanted;
  shape_->scale_down_by = wanted.parameters.scale_resolution_down_by.value_or(1.0);
  const Resolution most = wanted.scale_resolution_down_to.value_or(Resolution{});
  shape_->max_width = most.width;
  shape_->max_height = most.height;
  shape_->max_framerate = wanted.parameters.max_framerate.value_or(0);
  shape_->paused = wanted.paused;
  shape_->max_macroblocks = wanted.max_macroblocks;
  shape_->max_macroblocks_per_second = wanted.max_macroblocks_per_second;
  if (another) {
    end_encoder();
    // No rate is known for one that is paused before it began.
    if (wanted.parameters.active && !wanted.paused) make_encoder();
  } else if (another_rate && !wanted.paused) {
    if (video_) video_->set_rates(rates(wanted));
    if (audio_) audio_->set_bitrate(static_cast<int>(wanted.bitrate));
  }
}

void EncodingPipe::set_content(codecs::ContentHint content) {
  if (std::exchange(content_, content) == content || !video_) return;
  end_encoder();
  if (!made_->paused) make_encoder();
}

void EncodingPipe::end_encoder() {
  fill(before_);
  video_.reset();
  audio_.reset();
  next_picture_.reset();
  newest_encoded_.reset();
  newest_left_out_.reset();
  work_.reset();
}

// Only codecs that the negotiator offers are asked for, and each of those has an encoder.
void EncodingPipe::make_encoder() {
  if (kind_of(made_->codec) == MediaKind::kAudio) {
    auto encoder = codecs::make_audio_encoder(made_->codec, audio_config(*made_, expected_loss_.percent()));
    if (!encoder) return;
    audio_ = std::make_unique<codecs::AudioEncodeWorker>(std::move(*encoder),
                                                         codecs::AudioEncodeWorker::Callbacks{.on_frame = on_frame_});
  } else {
    auto encoder = make_video_(made_->codec, video_config(*made_, content_));
    if (!encoder) return;
    video_ = std::make_unique<codecs::VideoEncodeWorker>(std::make_unique<ScalingEncoder>(std::move(*encoder), shape_),
                                                         codecs::VideoEncodeWorker::Callbacks{.on_frame = on_frame_},
                                                         rates(*made_));
  }
}

void EncodingPipe::request_key_frame() {
  if (!video_) return;
  video_->request_key_frame();
  shape_->key_frame_wanted = true;
}

void EncodingPipe::push(const VideoFrame& frame) {
  if (!video_) return;
  if (shape_->paused || (shape_->held && !shape_->key_frame_wanted)) {
    newest_left_out_ = frame.timestamp;
    return;
  }
  if (const double most = shape_->most_framerate(frame.width(), frame.height()); most > 0) {
    const Duration between = interval(most);
    const Timestamp due = next_picture_.value_or(frame.timestamp);
    if (frame.timestamp + std::chrono::duration_cast<Duration>(kEarly * between) < due) return;
    // From when it was due, so that the rate is kept also when the source's is no multiple of it.
    next_picture_ = std::max(due + between, frame.timestamp);
  }
  // The time for which pictures were left out earns no bits.
  if (newest_left_out_ && newest_encoded_) video_->leave_out(*newest_left_out_ - *newest_encoded_);
  newest_left_out_.reset();
  newest_encoded_ = frame.timestamp;
  shape_->key_frame_wanted = false;
  video_->push(frame);
}

void EncodingPipe::push(const AudioFrame& frame) {
  if (audio_) audio_->push(frame);
}

void EncodingPipe::note_loss(double fraction_lost) {
  expected_loss_.note(fraction_lost);
  if (audio_) audio_->set_expected_loss(expected_loss_.percent());
}

void EncodingPipe::fill(OutboundRtpStreamStats& stats) const {
  stats.frames_encoded = before_.frames_encoded + (audio_ ? audio_->stats().done : 0);
  stats.key_frames_encoded = before_.key_frames_encoded;
  stats.total_encode_time = before_.total_encode_time;
  stats.total_encoded_bytes_target = before_.total_encoded_bytes_target;
  if (video_) {
    const codecs::VideoEncodeWorker::Stats video = video_->stats();
    stats.frames_encoded += video.encoded;
    stats.key_frames_encoded += video.key_frames_encoded;
    stats.total_encode_time += video.encode_time;
    stats.total_encoded_bytes_target += video.bytes_target;
  }
  if (made_) stats.encoder_implementation = codecs::encoder_implementation(made_->codec);
}

std::optional<EncoderLoad> EncodingPipe::take_load(Timestamp now) {
  if (!video_ || (work_ && now - work_->at < kLoadInterval)) return std::nullopt;
  const Work present{now, video_->stats()};
  const std::optional<Work> before = std::exchange(work_, present);
  if (!before) return std::nullopt;
  return EncoderLoad{.elapsed = now - before->at,
                     .busy = present.stats.busy_time - before->stats.busy_time,
                     .pictures = present.stats.pushed - before->stats.pushed,
                     .dropped = present.stats.dropped - before->stats.dropped,
                     .size = shape_->encoded};
}

}  // namespace tidewire::peer
