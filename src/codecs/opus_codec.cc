// Opus (RFC 6716) by libopus, framed for RTP as RFC 7587 has it: 48 kHz clock, 20 ms frames.
#include "codecs/opus_codec.h"

#include <opus.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace tidewire::codecs {

namespace {

constexpr int kRate = 48'000;                 // RFC 7587 §4.1: the RTP clock, whatever the bandwidth
constexpr int kFrame = kRate / 50;            // 20 ms
constexpr int kLongest = kRate * 120 / 1000;  // RFC 6716 §3.2.5: 120 ms in a packet
constexpr int kShortest = kRate / 400;        // 2.5 ms
constexpr int kMinBitrate = 6'000;            // RFC 6716 §2.1.1
constexpr int kMaxBitrate = 510'000;
constexpr int kMaxPacket = 1275;  // RFC 6716 §3.2.1: one frame; plus a byte of header
constexpr int kComplexity = 9;    // of 10; costs about 1 % of a core

struct EncoderDeleter {
  void operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }
};
struct DecoderDeleter {
  void operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
};

Error failure(const char* what, int code) {
  return {ErrorCode::kEncoding, std::string("Opus ") + what + ": " + opus_strerror(code)};
}

// Position of a moment on the 48 kHz clock. Seconds and the rest apart, against overflow.
std::int64_t to_samples(Timestamp t) {
  const auto ns = t.time_since_epoch().count();
  return ns / 1'000'000'000 * kRate + ns % 1'000'000'000 * kRate / 1'000'000'000;
}
Timestamp to_timestamp(std::int64_t samples) {
  return Timestamp{Duration{samples / kRate * 1'000'000'000 + samples % kRate * 1'000'000'000 / kRate}};
}

class Encoder final : public AudioEncoder {
 public:
  Encoder(std::unique_ptr<OpusEncoder, EncoderDeleter> encoder, const AudioEncoderConfig& config)
      : encoder_(std::move(encoder)), channels_(config.channels) {
    opus_encoder_ctl(encoder_.get(), OPUS_SET_COMPLEXITY(kComplexity));
    opus_encoder_ctl(encoder_.get(), OPUS_SET_INBAND_FEC(config.fec ? 1 : 0));
    opus_encoder_ctl(encoder_.get(), OPUS_SET_DTX(config.dtx ? 1 : 0));
    set_bitrate(config.bitrate);
    set_expected_loss(config.expected_loss_percent);
  }

  Result<std::vector<EncodedFrame>> encode(const AudioFrame& frame) override;
  void set_bitrate(int bits_per_second) override {
    opus_encoder_ctl(encoder_.get(), OPUS_SET_BITRATE(std::clamp(bits_per_second, kMinBitrate, kMaxBitrate)));
  }
  void set_expected_loss(int percent) override {
    opus_encoder_ctl(encoder_.get(), OPUS_SET_PACKET_LOSS_PERC(std::clamp(percent, 0, 100)));
  }

 private:
  void follow(Timestamp timestamp);
  void append(const AudioFrame& frame);
  Result<EncodedFrame> encode_one(const std::int16_t* samples);

  std::unique_ptr<OpusEncoder, EncoderDeleter> encoder_;
  int channels_;
  std::vector<std::int16_t> waiting_;     // less than one frame between calls
  std::optional<std::int64_t> position_;  // of the first waiting sample, on the 48 kHz clock
};

// Keeps the position running with the samples: stamps jitter by scheduling, samples do not. A gap (a source that was
// muted or late) moves it, for else sound would lag behind the picture for ever.
void Encoder::follow(Timestamp timestamp) {
  const auto waiting = static_cast<std::int64_t>(waiting_.size()) / channels_;
  const std::int64_t stamped = to_samples(timestamp) - waiting;
  if (!position_ || stamped - *position_ > kFrame || *position_ - stamped > kRate) position_ = stamped;
}

void Encoder::append(const AudioFrame& frame) {
  if (frame.channels == channels_) {
    waiting_.insert(waiting_.end(), frame.samples.begin(), frame.samples.end());
    return;
  }
  for (std::size_t i = 0; i < frame.samples_per_channel(); ++i) {
    if (channels_ == 2) {
      waiting_.insert(waiting_.end(), 2, frame.samples[i]);
    } else {
      waiting_.push_back(static_cast<std::int16_t>((frame.samples[2 * i] + frame.samples[2 * i + 1]) / 2));
    }
  }
}

Result<std::vector<EncodedFrame>> Encoder::encode(const AudioFrame& frame) {
  if (frame.sample_rate != kRate) return Error{ErrorCode::kNotSupported, "the Opus encoder takes 48 kHz sound only"};
  if (frame.channels != 1 && frame.channels != 2) {
    return Error{ErrorCode::kNotSupported, "the Opus encoder takes one or two channels"};
  }
  follow(frame.timestamp);
  append(frame);
  std::vector<EncodedFrame> frames;
  const auto step = static_cast<std::size_t>(kFrame * channels_);
  std::size_t used = 0;
  std::optional<Error> error;
  for (; waiting_.size() - used >= step; used += step) {
    auto encoded = encode_one(waiting_.data() + used);
    if (encoded) {
      frames.push_back(std::move(*encoded));
    } else {
      error = encoded.error();
    }
    *position_ += kFrame;
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(used));
  if (error) return *error;
  return frames;
}

Result<EncodedFrame> Encoder::encode_one(const std::int16_t* samples) {
  std::array<std::uint8_t, kMaxPacket + 1> packet;
  const int size = opus_encode(encoder_.get(), samples, kFrame, packet.data(), static_cast<opus_int32>(packet.size()));
  if (size < 0) return failure("encoder", size);
  return EncodedFrame{.codec = CodecType::kOpus,
                      .payload = Bytes(packet.begin(), packet.begin() + size),
                      .rtp_timestamp = static_cast<std::uint32_t>(*position_),
                      .key_frame = true,
                      .timestamp = to_timestamp(*position_)};
}

class Decoder final : public AudioDecoder {
 public:
  Decoder(std::unique_ptr<OpusDecoder, DecoderDeleter> decoder, const AudioDecoderConfig& config)
      : decoder_(std::move(decoder)), channels_(config.channels) {}

  Result<AudioFrame> decode(const EncodedFrame& frame) override {
    // To libopus "no bytes" means "lost"; from the network it is garbage.
    if (frame.payload.empty()) return failure("decoder", OPUS_INVALID_PACKET);
    return run(frame.payload, kLongest, false, frame.timestamp);
  }

  Result<AudioFrame> conceal(Duration length) override { return run({}, to_length(length), false, next_); }

  Result<AudioFrame> recover(Duration length, const EncodedFrame& next) override {
    if (next.payload.empty()) return conceal(length);
    const Timestamp timestamp = next.timestamp - length;
    // With decode_fec libopus conceals by itself when the packet carries no redundancy.
    auto frame = run(next.payload, to_length(length), true, timestamp);
    return frame ? frame : conceal(length);
  }

 private:
  static int to_length(Duration length) {
    const std::int64_t samples = std::clamp<std::int64_t>(length.count(), 0, 1'000'000'000) * kRate / 1'000'000'000;
    return std::clamp(static_cast<int>(samples) / kShortest * kShortest, kShortest, kLongest);
  }

  Result<AudioFrame> run(ByteView bytes, int room, bool fec, Timestamp timestamp) {
    AudioFrame frame{.sample_rate = kRate, .channels = channels_, .timestamp = timestamp};
    frame.samples.resize(static_cast<std::size_t>(room * channels_));
    const std::uint8_t* data = bytes.empty() ? nullptr : bytes.data();
    const int samples = opus_decode(decoder_.get(), data, static_cast<opus_int32>(bytes.size()), frame.samples.data(),
                                    room, fec ? 1 : 0);
    if (samples < 0) return failure("decoder", samples);
    frame.samples.resize(static_cast<std::size_t>(samples * channels_));
    next_ = timestamp + frame.duration();
    return frame;
  }

  std::unique_ptr<OpusDecoder, DecoderDeleter> decoder_;
  int channels_;
  Timestamp next_{};  // where the sound so far ends
};

}  // namespace

Result<std::unique_ptr<AudioEncoder>> make_opus_encoder(const AudioEncoderConfig& config) {
  int error = OPUS_OK;
  const int application = config.voice ? OPUS_APPLICATION_VOIP : OPUS_APPLICATION_AUDIO;
  std::unique_ptr<OpusEncoder, EncoderDeleter> encoder(
      opus_encoder_create(kRate, config.channels, application, &error));
  if (!encoder) return failure("encoder", error);
  return std::unique_ptr<AudioEncoder>(std::make_unique<Encoder>(std::move(encoder), config));
}

Result<std::unique_ptr<AudioDecoder>> make_opus_decoder(const AudioDecoderConfig& config) {
  int error = OPUS_OK;
  std::unique_ptr<OpusDecoder, DecoderDeleter> decoder(opus_decoder_create(kRate, config.channels, &error));
  if (!decoder) return failure("decoder", error);
  return std::unique_ptr<AudioDecoder>(std::make_unique<Decoder>(std::move(decoder), config));
}

}  // namespace tidewire::codecs
