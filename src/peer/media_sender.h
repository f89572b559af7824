// From a track to encoded frames: one for each transceiver that sends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "peer/encoding_pipe.h"
#include "peer/source_meter.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/media_stream_track.h"
#include "tidewire/send_encoding.h"

namespace tidewire::peer {

class MediaSender {
 public:
  // Called on an encoder's thread with each frame, and the index of the encoding that it is of.
  using OnFrame = std::function<void(std::size_t encoding, EncodedFrame)>;

  MediaSender(MediaKind kind, OnFrame on_frame) : kind_(kind), on_frame_(std::move(on_frame)) {}

  // By its content hint (https://www.w3.org/TR/mst-content-hint/): sharpness is worth more than motion.
  static bool shows_details(const MediaStreamTrack& track);

  // What to make from now on; none: nothing. An encoder whose codec stays goes on with the new rates.
  void set_encodings(const std::vector<SendEncoding>& encodings);
  // Encodes what this track gives from now on; null: nothing. The next pictures are key frames.
  void set_track(const std::shared_ptr<MediaStreamTrack>& track);
  // More waits to leave than the path takes soon: pictures are left out.
  void hold(bool held);
  void request_key_frame(std::size_t encoding);
  // See EncodingPipe.
  void note_loss(std::size_t encoding, double fraction_lost);
  void fill(std::size_t encoding, OutboundRtpStreamStats& stats) const;
  // Of a single encoding; see EncodingPipe.
  std::optional<EncoderLoad> take_load(Timestamp now);
  // Of the track; nothing without one.
  std::optional<MediaSourceStats> source_stats(Timestamp now) const;

 private:
  // A picture that the source gave before is begun with, unless it is older than this.
  static constexpr Duration kNewPicture = std::chrono::milliseconds{100};

  void subscribe();
  void begin_with_newest_picture();
  void encode(const VideoFrame& frame);

  MediaKind kind_;
  OnFrame on_frame_;
  std::shared_ptr<MediaStreamTrack> track_;
  std::vector<EncodingPipe> pipes_;
  SourceMeter meter_;
  Timestamp newest_picture_{};  // of those that were encoded
  // While it lives the source's thread uses the pipes and the meter; so it ends first.
  Subscription subscription_;
};

}  // namespace tidewire::peer
