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
#include "tidewire/encoder_load.h"
#include "tidewire/rtp_stats.h"
#include "tidewire/send_encoding.h"
#include "tidewire/video_frame.h"

namespace tidewire::peer {

// What becomes of pictures before they are compressed; said by the loop, read where they come and are encoded.
struct PictureShape {
  std::atomic<double> scale_down_by{1.0};
  std::atomic<int> max_width{0};  // of a lying picture; 0: any size
  std::atomic<int> max_height{0};
  std::atomic<double> max_framerate{0};  // 0: any
  std::atomic<bool> paused{false};
  std::atomic<bool> held{false};
  // The next one is to be a key frame. It takes the place of what waits, so it is not held.
  std::atomic<bool> key_frame_wanted{false};
  // H.264's level; 0: any. See SendEncoding.
  std::atomic<std::uint32_t> max_macroblocks{0};
  std::atomic<std::uint32_t> max_macroblocks_per_second{0};
  // Of the picture that was encoded last.
  std::atomic<Resolution> encoded{};

  // What width and height are to be divided by.
  double factor(int width, int height) const;
  // Pictures of that size, as the source gives them, that may come in a second; 0: any number.
  double most_framerate(int width, int height) const;
};

class EncodingPipe {
 public:
  using MakeVideoEncoder = std::function<Result<std::unique_ptr<codecs::VideoEncoder>>(
      CodecType codec, const codecs::VideoEncoderConfig& config)>;

  // `on_frame` is called on the encoder's thread.
  explicit EncodingPipe(std::function<void(EncodedFrame)> on_frame,
                        MakeVideoEncoder make_video = codecs::make_video_encoder)
      : on_frame_(std::move(on_frame)), make_video_(std::move(make_video)) {}

  // Whether configure() will end one encoder and make another: another codec or layering begins with a key frame.
  bool needs_another(const SendEncoding& wanted) const;
  // All else is changed in the one that runs. An encoding that is not active has none. Not while push() may be called
  // when needs_another().
  void configure(const SendEncoding& wanted);
  // What the pictures show. Not while push() may be called.
  void set_content(codecs::ContentHint content);
  bool shows(codecs::ContentHint content) const { return content_ == content; }
  // More waits to leave than the path takes soon: pictures are left out.
  void hold(bool held) { shape_->held = held; }
  void request_key_frame();

  // On the source's thread. Pictures that come faster than the encoding has them are left out, and so are all while it
  // is paused.
  void push(const VideoFrame& frame);
  void push(const AudioFrame& frame);

  // The other end lost this share of what was sent of late: how redundant sound is follows it.
  void note_loss(double fraction_lost);

  // What only the encoders know: all of them so far, and which one it is now.
  void fill(OutboundRtpStreamStats& stats) const;
  // What the encoder had to do since the last time that this gave something, at least a second before.
  std::optional<EncoderLoad> take_load(Timestamp now);
  // To the encoder that runs now.
  std::uint64_t frames_pushed() const { return video_ ? video_->stats().pushed : 0; }

 private:
  // What the encoder that runs had done at a time.
  struct Work {
    Timestamp at;
    codecs::VideoEncodeWorker::Stats stats;
  };

  void make_encoder();
  void end_encoder();

  std::function<void(EncodedFrame)> on_frame_;
  MakeVideoEncoder make_video_;
  codecs::ContentHint content_ = codecs::ContentHint::kCamera;
  std::optional<SendEncoding> made_;  // what the encoder was made or changed for
  OutboundRtpStreamStats before_;     // of the encoders before it
  ExpectedLoss expected_loss_;
  std::shared_ptr<PictureShape> shape_ = std::make_shared<PictureShape>();
  std::unique_ptr<codecs::VideoEncodeWorker> video_;
  std::unique_ptr<codecs::AudioEncodeWorker> audio_;
  std::optional<Timestamp> next_picture_;
  std::optional<Timestamp> newest_encoded_;
  std::optional<Timestamp> newest_left_out_;  // since then
  std::optional<Work> work_;
};

}  // namespace tidewire::peer
