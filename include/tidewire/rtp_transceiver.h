// Transceivers and their two halves. https://www.w3.org/TR/webrtc/#rtcrtptransceiver-interface
//
// Objects of a connection: used on its loop, valid (and inert) after it is gone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidewire/ids.h"
#include "tidewire/media_stream_track.h"
#include "tidewire/quality_limitation.h"
#include "tidewire/result.h"
#include "tidewire/rtp_capabilities.h"
#include "tidewire/rtp_parameters.h"
#include "tidewire/rtp_types.h"

namespace tidewire {

class PeerConnectionImpl;

class RtpSender {
 public:
  // W3C getCapabilities: what can be sent.
  static RtpCapabilities capabilities(MediaKind kind) { return rtp_capabilities(kind); }

  // What is sent; null when nothing is.
  std::shared_ptr<MediaStreamTrack> track() const { return track_; }
  // Sends another track of the same kind instead, or nothing (null), without renegotiation.
  Result<> replace_track(std::shared_ptr<MediaStreamTrack> track);

  // How it is sent, and what was negotiated. To change something, change what this returns and set it:
  //   auto parameters = sender->parameters();
  //   parameters.encodings[0].max_bitrate = 500'000;
  //   sender->set_parameters(parameters);
  RtpSendParameters parameters() const;
  // Takes effect at once, without renegotiation: bitrate, frame rate and size, which encodings are sent, and by which
  // of the negotiated codecs. The errors are those of Session::set_send_parameters().
  Result<> set_parameters(const RtpSendParameters& parameters);

 private:
  friend class PeerConnectionImpl;
  std::weak_ptr<PeerConnectionImpl> connection_;
  MediaKind kind_ = MediaKind::kAudio;
  TransceiverId transceiver_{};
  std::shared_ptr<MediaStreamTrack> track_;
};

class RtpReceiver {
 public:
  // W3C getCapabilities: what can be received.
  static RtpCapabilities capabilities(MediaKind kind) { return rtp_capabilities(kind); }

  // What arrives. Never null; frames come on the decoder's thread.
  const std::shared_ptr<MediaStreamTrack>& track() const { return track_; }

  // W3C jitterBufferTarget: how long to hold what arrives, at least; 0 to 4000 ms, Type for another value. Nothing: as
  // short as the network lets it.
  Result<> set_jitter_buffer_target(std::optional<Duration> target);

 private:
  friend class PeerConnectionImpl;
  std::weak_ptr<PeerConnectionImpl> connection_;
  TransceiverId transceiver_{};
  std::shared_ptr<MediaStreamTrack> track_;
};

class RtpTransceiver {
 public:
  MediaKind kind() const { return kind_; }
  // The m-line's name; nothing before the first offer or answer that holds it.
  std::optional<std::string> mid() const;
  RtpTransceiverDirection direction() const;
  std::optional<RtpTransceiverDirection> current_direction() const;
  bool stopped() const;
  // Takes effect with the next offer and answer.
  Result<> set_direction(RtpTransceiverDirection direction);
  // Which codecs to offer and accept, in this order, and no others; none: all of them again, in their usual order. What
  // is sent is the first that both sides have. Takes effect with the next offer or answer. InvalidModification, naming
  // it, for a codec that is not one of capabilities(kind()). The parameters of Opus may be others, as wishes about what
  // is received: "useinbandfec=1;stereo=1;usedtx=1".
  Result<> set_codec_preferences(const std::vector<RtpCodec>& codecs);
  // Ends both halves for good, with the next offer and answer.
  Result<> stop();

  const std::shared_ptr<RtpSender>& sender() const { return sender_; }
  const std::shared_ptr<RtpReceiver>& receiver() const { return receiver_; }

 private:
  friend class PeerConnectionImpl;
  std::weak_ptr<PeerConnectionImpl> connection_;
  MediaKind kind_ = MediaKind::kAudio;
  TransceiverId id_{};
  std::shared_ptr<RtpSender> sender_;
  std::shared_ptr<RtpReceiver> receiver_;
};

// What on_track tells: a receiver has something to receive.
struct TrackEvent {
  std::shared_ptr<RtpTransceiver> transceiver;
  std::shared_ptr<MediaStreamTrack> track;
  // The ids of the streams that the other side put it in.
  std::vector<std::string> stream_ids;
};

// What on_quality_limitation_change tells.
struct QualityLimitationEvent {
  std::shared_ptr<RtpSender> sender;
  QualityLimitationReason reason{};
  bool paused = false;  // no pictures are sent for now; they go on by themselves
  std::string text;     // a sentence: "video paused: the network gives 190 kbit/s"
};

}  // namespace tidewire
