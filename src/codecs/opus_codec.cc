// Opus (RFC 6716) by libopus, framed for RTP as RFC 7587 has it: 48 kHz clock, 20 ms frames.
#include "codecs/opus_codec.h"

#include <opus.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

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
// Steady sound that is lost goes on for so many packets; then it fades out.
constexpr int kMostRepeats = 2;
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

using OpusDecoderPtr = std::unique_ptr<OpusDecoder, DecoderDeleter>;

// RFC 6716 §3.1: the s bit.
bool is_stereo(ByteView packet) { return (packet[0] & 0x04U) != 0; }

constexpr unsigned kFirstHybrid = 12;
constexpr unsigned kFirstCelt = 16;

unsigned configuration(ByteView packet) { return packet[0] >> 3; }

// RFC 6716 §4.2.3: a SILK or hybrid frame begins with a bit of voice activity for each 20 ms, then one that tells of
// redundancy; in stereo those of the other channel follow. How many the first are, where that is easily told: in
// packets of one frame (§3.2.2), as nearly all are.
std::optional<unsigned> activity_bits(ByteView packet) {
  const bool one_frame = (packet[0] & 0x03U) == 0;
  if (packet.size() < 3 || !one_frame || configuration(packet) >= kFirstCelt) return std::nullopt;
  // RFC 6716 §3.1, table 2: SILK 10, 20, 40, 60 ms; hybrid 10, 20 ms.
  if (configuration(packet) >= kFirstHybrid) return 1;
  return std::max(configuration(packet) % 4, 1U);
}

// Whether the encoder took the packet's sound for background: noise, but a steady tone as well.
bool is_steady(ByteView packet) {
  const auto activity = activity_bits(packet);
  return activity && packet[1] >> (8 - *activity) == 0;
}

// Whether the packet surely tells nothing of the one before.
bool has_no_redundancy(ByteView packet) {
  if (configuration(packet) >= kFirstCelt) return true;
  const auto activity = activity_bits(packet);
  if (!activity) return false;
  const bool first = (packet[1] >> (7 - *activity) & 1U) != 0;
  const bool second = is_stereo(packet) && (packet[1] >> (6 - 2 * *activity) & 1U) != 0;
  return !first && !second;
}

class Decoder final : public AudioDecoder {
 public:
  Decoder(OpusDecoderPtr decoder, const AudioDecoderConfig& config)
      : decoder_(std::move(decoder)), most_channels_(config.channels) {}

  Result<AudioFrame> decode(const EncodedFrame& frame) override;
  Result<AudioFrame> conceal(Duration length) override;
  Result<AudioFrame> recover(Duration length, const EncodedFrame& next) override;

 private:
  static int to_length(Duration length) { return concealed_length(length, kAudioRate); }
  void widen(ByteView packet);
  void repeat();
  Result<AudioFrame> run(ByteView bytes, int room, bool fec, Timestamp timestamp);

  OpusDecoderPtr decoder_;
  int most_channels_;
  int channels_ = 1;
  Timestamp next_{};                 // where the sound so far ends
  Bytes last_;                       // the packet that was decoded last, when its sound is steady
  int repeats_ = 0;                  // of it
  std::vector<std::int16_t> spare_;  // of the newest repeat, what was not called for yet
};

Result<AudioFrame> Decoder::decode(const EncodedFrame& frame) {
  // To libopus "no bytes" means "lost"; from the network it is garbage.
  if (frame.payload.empty()) return failure("decoder", OPUS_INVALID_PACKET);
  widen(frame.payload);
  auto decoded = run(frame.payload, kLongest, false, frame.timestamp);
  last_.clear();
  if (decoded && is_steady(frame.payload)) last_.assign(frame.payload.begin(), frame.payload.end());
  repeats_ = 0;
  spare_.clear();
  return decoded;
}

// Of what the encoder took for background it sends no redundancy, and SILK makes noise of it that has next to nothing
// of a tone; worse, the frames after it are too soft as well, for SILK's filters have to swing up again. Steady sound
// goes on best with more of the same: its last packet is decoded once more. (That a tone is no background is a matter
// of the encoder; browsers have the same one.)
Result<AudioFrame> Decoder::conceal(Duration length) {
  const auto wanted = static_cast<std::size_t>(to_length(length) * channels_);
  while (spare_.size() < wanted && repeats_ < kMostRepeats && !last_.empty()) repeat();
  if (spare_.size() < wanted) {
    spare_.clear();
    return run({}, to_length(length), false, next_);
  }
  AudioFrame frame{.sample_rate = kAudioRate, .channels = channels_, .timestamp = next_};
  const auto end = spare_.begin() + static_cast<std::ptrdiff_t>(wanted);
  frame.samples.assign(spare_.begin(), end);
  spare_.erase(spare_.begin(), end);
  next_ += frame.duration();
  return frame;
}

void Decoder::repeat() {
  ++repeats_;
  const Timestamp end = next_;
  if (auto again = run(last_, kLongest, false, next_)) {
    spare_.insert(spare_.end(), again->samples.begin(), again->samples.end());
  }
  next_ = end;
}

Result<AudioFrame> Decoder::recover(Duration length, const EncodedFrame& next) {
  const Timestamp timestamp = next.timestamp - length;
  next_ = timestamp;
  if (next.payload.empty() || has_no_redundancy(next.payload)) return conceal(length);
  widen(next.payload);
  last_.clear();
  spare_.clear();
  // With decode_fec libopus conceals by itself what the packet tells nothing of.
  auto frame = run(next.payload, to_length(length), true, timestamp);
  return frame ? frame : conceal(length);
}

// From the first packet in stereo on, all sound has two channels: an encoder that is short of bits goes back to one for
// a while, and nobody is served by frames that change their shape all the time.
void Decoder::widen(ByteView packet) {
  if (channels_ == most_channels_ || !is_stereo(packet)) return;
  int error = OPUS_OK;
  OpusDecoderPtr wide(opus_decoder_create(kAudioRate, most_channels_, &error));
  if (!wide) return;
  decoder_ = std::move(wide);
  channels_ = most_channels_;
  last_.clear();
  spare_.clear();
}

Result<AudioFrame> Decoder::run(ByteView bytes, int room, bool fec, Timestamp timestamp) {
  AudioFrame frame{.sample_rate = kAudioRate, .channels = channels_, .timestamp = timestamp};
  frame.samples.resize(static_cast<std::size_t>(room * channels_));
  const std::uint8_t* data = bytes.empty() ? nullptr : bytes.data();
  const int samples =
      opus_decode(decoder_.get(), data, static_cast<opus_int32>(bytes.size()), frame.samples.data(), room, fec ? 1 : 0);
  if (samples < 0) return failure("decoder", samples);
  frame.samples.resize(static_cast<std::size_t>(samples * channels_));
  next_ = timestamp + frame.duration();
  return frame;
}

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
  OpusDecoderPtr decoder(opus_decoder_create(kAudioRate, 1, &error));
  if (!decoder) return failure("decoder", error);
  return std::unique_ptr<AudioDecoder>(std::make_unique<Decoder>(std::move(decoder), config));
}

}  // namespace tidewire::codecs
