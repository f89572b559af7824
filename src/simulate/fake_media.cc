#include "simulate/fake_media.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tidewire/bytes.h"

namespace tidewire::simulate {
namespace {

constexpr std::size_t kTimeSize = 8;
constexpr std::size_t kKeyFrameHeader = 10;
constexpr std::size_t kDeltaFrameHeader = 3;
constexpr std::size_t kOpusHeader = 2;

// Of the way to a new rate, how much an encoder goes with each picture: two or three pictures until it is there.
constexpr double kReaction = 0.5;
// Sizes of pictures of ordinary camera content vary by about this, relative to their mean.
constexpr double kSizeNoise = 0.15;
// A key frame takes so many times what a picture has at the rate.
constexpr double kLeastKeyFrame = 4;
constexpr double kMostKeyFrame = 6;
// What was too much is made good over about this time, as rate control with a buffer of a second does.
constexpr double kRepaySeconds = 0.5;
constexpr double kLeastShare = 0.5;
constexpr double kMostShare = 1.3;

std::uint8_t low_byte(int value, int shift) { return static_cast<std::uint8_t>(value >> shift); }

void put_time(Bytes& payload, std::size_t at, Timestamp now) {
  const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
  for (std::size_t i = 0; i < kTimeSize; ++i) payload[at + i] = static_cast<std::uint8_t>(time >> (8 * i));
}

// RFC 6386 §9.1: the header of a VP8 frame, which receivers look at.
Bytes video_payload(Resolution size, bool key_frame, std::size_t bytes, Timestamp now) {
  const std::size_t header = key_frame ? kKeyFrameHeader : kDeltaFrameHeader;
  Bytes payload(std::max(bytes, header + kTimeSize));
  payload[0] = key_frame ? 0x10 : 0x11;
  if (key_frame) {
    const std::uint8_t rest[] = {0x9d,
                                 0x01,
                                 0x2a,
                                 low_byte(size.width, 0),
                                 low_byte(size.width, 8),
                                 low_byte(size.height, 0),
                                 low_byte(size.height, 8)};
    std::ranges::copy(rest, payload.begin() + 3);
  }
  put_time(payload, header, now);
  return payload;
}

// The camera's picture in the size that is asked for, in its shape; sides are even.
Resolution scaled(const SendEncoding& encoding) {
  const Resolution whole = FakeCamera::kPicture;
  double scale = std::max(encoding.parameters.scale_resolution_down_by.value_or(1), 1.0);
  if (const auto& most = encoding.scale_resolution_down_to; most && most->width > 0 && most->height > 0) {
    scale = std::max(
        {scale, static_cast<double>(whole.width) / most->width, static_cast<double>(whole.height) / most->height});
  }
  const auto even = [scale](int side) { return std::max(static_cast<int>(std::lround(side / scale / 2)) * 2, 2); };
  return {even(whole.width), even(whole.height)};
}

}  // namespace

void FakeCamera::set(const SendEncoding& encoding) {
  const bool slept = !sends();
  encoding_ = encoding;
  if (!sends()) return;
  const Resolution size = scaled(encoding);
  if (slept || size != size_) {
    // A new encoder, one that has slept, or one of another size begins at the rate that it is given.
    bitrate_ = static_cast<double>(encoding.bitrate);
    debt_ = 0;
    key_frame_wanted_ = true;
  }
  size_ = size;
}

double FakeCamera::mean_size() const { return bitrate_ / 8 * std::chrono::duration<double>(kPeriod).count(); }

// RTP's clock goes on, and what was too much is made good.
void FakeCamera::leave_out() {
  ++number_;
  debt_ = std::max(debt_ - mean_size(), std::min(debt_, 0.0));
}

std::size_t FakeCamera::draw_size(bool key_frame) {
  bitrate_ += (static_cast<double>(encoding_->bitrate) - bitrate_) * kReaction;
  const double mean = mean_size();
  const double repay = debt_ / std::max(bitrate_ / 8 * kRepaySeconds, 1.0);
  double size = mean * std::clamp(1 - repay, kLeastShare, kMostShare);
  size *= key_frame ? noise_.uniform(kLeastKeyFrame, kMostKeyFrame) : std::exp(kSizeNoise * noise_.normal());
  debt_ += size - mean;
  return static_cast<std::size_t>(size);
}

std::optional<EncodedFrame> FakeCamera::take_picture(Timestamp now) {
  // RTP's clock goes on while nothing is sent: 90 kHz, 30 pictures a second.
  const std::uint32_t number = number_++;
  if (!sends()) return std::nullopt;
  const bool key_frame = std::exchange(key_frame_wanted_, false);
  return EncodedFrame{.codec = encoding_->codec,
                      .payload = video_payload(size_, key_frame, draw_size(key_frame), now),
                      .rtp_timestamp = number * 3000,
                      .key_frame = key_frame,
                      .width = size_.width,
                      .height = size_.height,
                      .timestamp = now};
}

std::optional<EncodedFrame> FakeMicrophone::take_sound(Timestamp now) {
  const std::uint32_t number = number_++;
  if (!sends()) return std::nullopt;
  Bytes payload(std::max<std::size_t>(encoding_->bitrate * 20 / 8000, kOpusHeader + kTimeSize));
  // RFC 6716 §3.1: 20 ms in one frame of the hybrid mode; §4.2.3: active voice.
  payload[0] = 0x78;
  payload[1] = 0x80;
  put_time(payload, kOpusHeader, now);
  return EncodedFrame{.codec = encoding_->codec,
                      .payload = std::move(payload),
                      .rtp_timestamp = number * 960,
                      .key_frame = true,
                      .timestamp = now};
}

std::optional<Timestamp> captured(const EncodedFrame& frame) {
  std::size_t at = kOpusHeader;
  if (kind_of(frame.codec) == MediaKind::kVideo) at = frame.key_frame ? kKeyFrameHeader : kDeltaFrameHeader;
  if (frame.payload.size() < at + kTimeSize) return std::nullopt;
  std::uint64_t time = 0;
  for (std::size_t i = 0; i < kTimeSize; ++i) time |= std::uint64_t{frame.payload[at + i]} << (8 * i);
  return Timestamp{Duration{static_cast<std::int64_t>(time)}};
}

}  // namespace tidewire::simulate
