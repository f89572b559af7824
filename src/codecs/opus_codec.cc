// Opus (RFC 6716) by libopus, framed for RTP as RFC 7587 has it: 48 kHz clock, 20 ms frames.
#include "codecs/opus_codec.h"

#include <opus.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "codecs/audio_framer.h"

namespace tidewire::codecs {

namespace {

constexpr int kLongest = kAudioRate * 120 / 1000;  // RFC 6716 §3.2.5: 120 ms in a packet
constexpr int kMinBitrate = 6'000;                 // RFC 6716 §2.1.1
constexpr int kMaxBitrate = 510'000;
constexpr int kMaxPacket =
    3 * 1275 + 7;  // RFC 6716 §3.2.1, §3.2.5: 60 ms are three frames, with their lengths before them
// opus_encode(3): what is this short needs not be sent, for the decoder makes the same of its absence.
constexpr std::size_t kNotToBeSent = 2;
constexpr int kComplexity = 9;  // of 10; costs about 1 % of a core

struct EncoderDeleter {
  void operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }
};
struct DecoderDeleter {
  void operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
};

Error failure(const char* what, int code) {
  return {ErrorCode::kEncoding, std::string("Opus ") + what + ": " + opus_strerror(code)};
}

class Encoder final : public AudioEncoder {
 public:
  Encoder(std::unique_ptr<OpusEncoder, EncoderDeleter> encoder, const AudioEncoderConfig& config)
      : encoder_(std::move(encoder)), framer_(config.channels, frame_length(config.packet_time)), dtx_(config.dtx) {
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
  Result<EncodedFrame> encode_one(const AudioFramer::Run& run);

  std::unique_ptr<OpusEncoder, EncoderDeleter> encoder_;
  AudioFramer framer_;
  bool dtx_;
};

Result<std::vector<EncodedFrame>> Encoder::encode(const AudioFrame& frame) {
  if (auto taken = framer_.push(frame); !taken) return taken.error();
  std::vector<EncodedFrame> frames;
  std::optional<Error> error;
  while (const auto run = framer_.next()) {
    auto encoded = encode_one(*run);
    if (encoded && dtx_ && encoded->payload.size() <= kNotToBeSent) continue;
    if (encoded) {
      frames.push_back(std::move(*encoded));
    } else {
      error = encoded.error();
    }
  }
  if (error) return *error;
  return frames;
}

Result<EncodedFrame> Encoder::encode_one(const AudioFramer::Run& run) {
  std::array<std::uint8_t, kMaxPacket> packet;
  const int size = opus_encode(encoder_.get(), run.samples.data(), framer_.length(), packet.data(),
                               static_cast<opus_int32>(packet.size()));
  if (size < 0) return failure("encoder", size);
  return EncodedFrame{.codec = CodecType::kOpus,
                      .payload = Bytes(packet.begin(), packet.begin() + size),
                      .rtp_timestamp = static_cast<std::uint32_t>(run.position),
                      .key_frame = true,
                      .timestamp = run.timestamp(),
                      .audio_level_dbov = run.level_dbov()};
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
  static int to_length(Duration length) { return concealed_length(length, kAudioRate); }

  Result<AudioFrame> run(ByteView bytes, int room, bool fec, Timestamp timestamp) {
    AudioFrame frame{.sample_rate = kAudioRate, .channels = channels_, .timestamp = timestamp};
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
      opus_encoder_create(kAudioRate, config.channels, application, &error));
  if (!encoder) return failure("encoder", error);
  return std::unique_ptr<AudioEncoder>(std::make_unique<Encoder>(std::move(encoder), config));
}

Result<std::unique_ptr<AudioDecoder>> make_opus_decoder(const AudioDecoderConfig& config) {
  int error = OPUS_OK;
  std::unique_ptr<OpusDecoder, DecoderDeleter> decoder(opus_decoder_create(kAudioRate, config.channels, &error));
  if (!decoder) return failure("decoder", error);
  return std::unique_ptr<AudioDecoder>(std::make_unique<Decoder>(std::move(decoder), config));
}

}  // namespace tidewire::codecs
