// G.711 as RFC 3551 §4.5.14 carries it: one channel, 8 kHz, a byte for each sample. There is nothing to tune; what of
// an AudioEncoderConfig it has no use for, it ignores.
#include "codecs/g711_codec.h"

#include <algorithm>
#include <string>

#include "codecs/audio_framer.h"
#include "codecs/g711.h"
#include "codecs/pitch_repeater.h"
#include "codecs/resampler.h"

namespace tidewire::codecs {

namespace {

constexpr int kRate = 8'000;
constexpr int kRatio = kAudioRate / kRate;
// A second in a packet is more than a datagram carries.
constexpr std::size_t kLongest = kRate;

class G711Encoder final : public AudioEncoder {
 public:
  G711Encoder(CodecType codec, int length) : codec_(codec), framer_(1, length) {}

  bool ready() const { return resampler_.ready(); }
  Result<std::vector<EncodedFrame>> encode(const AudioFrame& frame) override;
  void set_bitrate(int) override {}
  void set_expected_loss(int) override {}

 private:
  CodecType codec_;
  AudioFramer framer_;
  Resampler resampler_{kAudioRate, kRate};
};

Result<std::vector<EncodedFrame>> G711Encoder::encode(const AudioFrame& frame) {
  if (auto taken = framer_.push(frame); !taken) return taken.error();
  std::vector<EncodedFrame> frames;
  while (const auto run = framer_.next()) {
    EncodedFrame encoded{.codec = codec_,
                         .rtp_timestamp = static_cast<std::uint32_t>(run->position / kRatio),
                         .key_frame = true,
                         .timestamp = run->timestamp(),
                         .audio_level_dbov = run->level_dbov()};
    for (const std::int16_t sample : resampler_.run(run->samples)) {
      encoded.payload.push_back(codec_ == CodecType::kPcmu ? to_mu_law(sample) : to_a_law(sample));
    }
    frames.push_back(std::move(encoded));
  }
  return frames;
}

class G711Decoder final : public AudioDecoder {
 public:
  explicit G711Decoder(CodecType codec) : codec_(codec) {}

  bool ready() const { return resampler_.ready(); }
  Result<AudioFrame> decode(const EncodedFrame& frame) override;
  Result<AudioFrame> conceal(Duration length) override { return conceal_at(length, next_); }
  // Nothing in a frame tells of the one before.
  Result<AudioFrame> recover(Duration length, const EncodedFrame& next) override {
    return conceal_at(length, next.timestamp - length);
  }

 private:
  AudioFrame conceal_at(Duration length, Timestamp timestamp) {
    return finish(repeater_.conceal(static_cast<std::size_t>(concealed_length(length, kRate))), timestamp);
  }
  AudioFrame finish(const std::vector<std::int16_t>& samples, Timestamp timestamp);

  CodecType codec_;
  Resampler resampler_{kRate, kAudioRate};
  PitchRepeater repeater_{kRate};
  Timestamp next_{};  // where the sound so far ends
};

AudioFrame G711Decoder::finish(const std::vector<std::int16_t>& samples, Timestamp timestamp) {
  AudioFrame frame{
      .samples = resampler_.run(samples), .sample_rate = kAudioRate, .channels = 1, .timestamp = timestamp};
  next_ = timestamp + frame.duration();
  return frame;
}

Result<AudioFrame> G711Decoder::decode(const EncodedFrame& frame) {
  if (frame.payload.empty() || frame.payload.size() > kLongest) {
    return Error{ErrorCode::kEncoding, std::string(to_string(codec_)) + " decoder: " +
                                           std::to_string(frame.payload.size()) + " samples are no frame"};
  }
  std::vector<std::int16_t> samples;
  samples.reserve(frame.payload.size());
  for (const std::uint8_t code : frame.payload) {
    samples.push_back(codec_ == CodecType::kPcmu ? from_mu_law(code) : from_a_law(code));
  }
  repeater_.heard(samples);
  return finish(samples, frame.timestamp);
}

const Error kNoResampler{ErrorCode::kOperation, "there is no memory for a resampler"};

}  // namespace

Result<std::unique_ptr<AudioEncoder>> make_g711_encoder(CodecType codec, const AudioEncoderConfig& config) {
  auto encoder = std::make_unique<G711Encoder>(codec, frame_length(config.packet_time));
  if (!encoder->ready()) return kNoResampler;
  return std::unique_ptr<AudioEncoder>(std::move(encoder));
}

Result<std::unique_ptr<AudioDecoder>> make_g711_decoder(CodecType codec, const AudioDecoderConfig&) {
  auto decoder = std::make_unique<G711Decoder>(codec);
  if (!decoder->ready()) return kNoResampler;
  return std::unique_ptr<AudioDecoder>(std::move(decoder));
}

}  // namespace tidewire::codecs
