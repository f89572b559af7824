// A MediaStreamTrack: one flow of pictures or sound from a source to any number of sinks.
//
// https://www.w3.org/TR/mediacapture-streams/#mediastreamtrack
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tidewire/audio_frame.h"
#include "tidewire/audio_playout.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/unique_function.h"
#include "tidewire/video_frame.h"

namespace tidewire {

// Keeps a sink attached to a track for as long as it lives. May outlive the track.
class Subscription {
 public:
  Subscription() = default;
  explicit Subscription(UniqueFunction<void()> cancel) : cancel_(std::move(cancel)) {}
  Subscription(Subscription&&) = default;
  Subscription& operator=(Subscription&& other) noexcept;
  ~Subscription();

 private:
  UniqueFunction<void()> cancel_;
};

// Thread-safe: sources push from their own threads. A sink runs on the thread that pushes, so it is quick, and it
// does not add or drop sinks of the same track. Once a Subscription is destroyed its sink is not running and does
// not run again.
class MediaStreamTrack {
 public:
  enum class ReadyState { kLive, kEnded };

  // A track for a source of your own: feed it with push(). `label` is for people.
  MediaStreamTrack(MediaKind kind, std::string id, std::string label);
  ~MediaStreamTrack();
  MediaStreamTrack(const MediaStreamTrack&) = delete;
  MediaStreamTrack& operator=(const MediaStreamTrack&) = delete;

  MediaKind kind() const;
  const std::string& id() const;
  const std::string& label() const;
  ReadyState ready_state() const;

  // A disabled track gives black pictures or silence.
  bool enabled() const;
  void set_enabled(bool enabled);

  // True while its source gives nothing: a received track before its first frame, and when the peer sends no more.
  bool muted() const;
  // For whoever owns the source.
  void set_muted(bool muted);
  // W3C mute and unmute: called with each change, on the thread of whoever owns the source; for a received track that
  // is its connection's loop.
  void set_on_muted_change(UniqueFunction<void(bool muted)> on_change);

  // What the pictures show (https://www.w3.org/TR/mst-content-hint/): "" or "motion" for a camera, "detail" or "text"
  // for a screen. Set it before the track is sent; encoders choose their tools by it.
  std::string content_hint() const;
  void set_content_hint(std::string hint);

  // Who plays a received track to people, for the statistics of its connection; SpeakerMixer sets itself. Null: nobody,
  // or somebody who does not tell.
  void set_playout(const std::shared_ptr<const AudioPlayout>& playout);
  std::shared_ptr<const AudioPlayout> playout() const;

  // Hands a frame to all sinks. Does nothing on a track that has ended or is of the other kind.
  void push(const VideoFrame& frame);
  void push(const AudioFrame& frame);

  // What was pushed last, as sinks were shown it; nothing before the first picture and after stop().
  std::optional<VideoFrame> newest_picture() const;

  // Attaches a sink; frames of the other kind never reach it.
  [[nodiscard]] Subscription add_video_sink(VideoSink sink);
  [[nodiscard]] Subscription add_audio_sink(AudioSink sink);

  // Ends the track for good and lets go of its source.
  void stop();
  // Called once by stop(); whoever owns the source behind the track sets it, before the track is shared.
  void set_on_stop(UniqueFunction<void()> on_stop);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tidewire
