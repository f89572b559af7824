// From raw media to the frames of one encoding: an encoder on its thread, and what comes before it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "codecs/audio_worker.h"
#include "codecs/video_worker.h"
#include "peer/expected_loss.h"
#include "tidewire/audio_frame.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/rtp_stats.h"
#include "tidewire/send_encoding.h"
#include "tidewire/video_frame.h"

namespace tidewire::peer {

class EncodingPipe {
 public:
  // `on_frame` is called on the encoder's thread.
  explicit EncodingPipe(std::function<void(EncodedFrame)> on_frame) : on_frame_(std::move(on_frame)) {}

  // Not while push() may be called. Another codec takes another encoder, which begins with a key frame; all else is
  // changed in the one that runs. An encoding that is not active has none.
  void configure(const SendEncoding& wanted);
  // What the pictures show. Not while push() may be called.
  void set_content(codecs::ContentHint content);
  void request_key_frame();

  // On the source's thread. Pictures that come faster than the encoding has them are left out.
  void push(const VideoFrame& frame);
  void push(const AudioFrame& frame);

  // The other end lost this share of what was sent of late: how redundant sound is follows it.
  void note_loss(double fraction_lost);

  // What only the encoders know: all of them so far, and which one it is now.
  void fill(OutboundRtpStreamStats& stats) const;
  // To the encoder that runs now.
  std::uint64_t frames_pushed() const { return video_ ? video_->stats().pushed : 0; }

 private:
  bool needs_another(const SendEncoding& wanted) const;
  void make_encoder();
  void end_encoder();

  std::function<void(EncodedFrame)> on_frame_;
  codecs::ContentHint content_ = codecs::ContentHint::kCamera;
  std::optional<SendEncoding> made_;  // what the encoder was made or changed for
  OutboundRtpStreamStats before_;     // of the encoders before it
  ExpectedLoss expected_loss_;
  std::shared_ptr<std::atomic<double>> scale_ = std::make_shared<std::atomic<double>>(1.0);
  std::unique_ptr<codecs::VideoEncodeWorker> video_;
  std::unique_ptr<codecs::AudioEncodeWorker> audio_;
  std::optional<Timestamp> next_picture_;
};

}  // namespace tidewire::peer
