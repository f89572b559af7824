// A camera, a microphone and their encoders, of which only sizes and times are true: what they make follows
// event::SendingChanged as a real encoder would, with noise and a little late.
#pragma once

#include <cstdint>
#include <optional>

#include "simulate/noise.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/send_encoding.h"
#include "tidewire/time.h"

namespace tidewire::simulate {

// An encoder of VP8 whose pictures come from a camera of 1920 x 1080 pixels, 30 a second.
class FakeCamera {
 public:
  static constexpr Duration kPeriod{33'333'333};
  static constexpr Resolution kPicture{1920, 1080};

  explicit FakeCamera(std::uint64_t seed) : noise_(seed) {}

  // What is wanted from now on. Another size begins with a key frame.
  void set(const SendEncoding& encoding);
  void want_key_frame() { key_frame_wanted_ = true; }
  bool sends() const { return encoding_ && encoding_->parameters.active && !encoding_->paused; }
  Resolution size() const { return size_; }

  // The picture that is due; nothing when none is to be sent.
  std::optional<EncodedFrame> take_picture(Timestamp now);
  // The picture that is due is not encoded.
  void leave_out();

 private:
  std::size_t draw_size(bool key_frame);
  double mean_size() const;

  Noise noise_;
  std::optional<SendEncoding> encoding_;
  Resolution size_{};
  double bitrate_ = 0;  // what it makes now, on its way to what is wanted
  double debt_ = 0;     // bytes that were more than the rate allows, to be made good
  bool key_frame_wanted_ = true;
  std::uint32_t number_ = 0;
};

// An encoder of Opus: 20 ms a frame, of even size.
class FakeMicrophone {
 public:
  static constexpr Duration kPeriod = std::chrono::milliseconds(20);

  void set(const SendEncoding& encoding) { encoding_ = encoding; }
  bool sends() const { return encoding_ && encoding_->parameters.active && !encoding_->paused; }
  std::uint64_t bitrate() const { return sends() ? encoding_->bitrate : 0; }

  std::optional<EncodedFrame> take_sound(Timestamp now);

 private:
  std::optional<SendEncoding> encoding_;
  std::uint32_t number_ = 0;
};

// When a frame of the two was captured, from what arrived of it.
std::optional<Timestamp> captured(const EncodedFrame& frame);

}  // namespace tidewire::simulate
