// Where tracks come from and where they can go: sources without hardware, files, a window, the sound card.
#pragma once

#include <memory>
#include <string>

#include "tidewire/media_stream_track.h"
#include "tidewire/result.h"

namespace tidewire {

struct SyntheticCameraOptions {
  int width = 640;
  int height = 480;
  int framerate = 30;
  // Shown in the picture.
  std::string name;
};

// A moving test picture with a frame counter and a clock. Errors: Range for sizes that make no sense.
Result<std::shared_ptr<MediaStreamTrack>> open_synthetic_camera(const SyntheticCameraOptions& options = {});

struct SyntheticMicrophoneOptions {
  double frequency = 440;  // Hz
};

// A steady tone.
Result<std::shared_ptr<MediaStreamTrack>> open_synthetic_microphone(const SyntheticMicrophoneOptions& options = {});

// The pictures, or the sound, of any media file, at its own pace, over and over. Errors: NotFound, NotReadable, with
// a sentence that names the file and what is wrong with it.
Result<std::shared_ptr<MediaStreamTrack>> open_file_video(const std::string& path);
Result<std::shared_ptr<MediaStreamTrack>> open_file_audio(const std::string& path);

// Plays tracks where a person sees and hears them, as long as it lives.
class Player {
 public:
  virtual ~Player() = default;
};

// A window with the track's pictures. NotFound without a display, saying what to do; InvalidState when one is open.
// `on_close` runs on another thread when the person closes it.
Result<std::unique_ptr<Player>> play_in_window(std::shared_ptr<MediaStreamTrack> track, const std::string& title,
                                               UniqueFunction<void()> on_close = nullptr);
// The loudspeaker. NotFound without one.
Result<std::unique_ptr<Player>> play_on_speaker(std::shared_ptr<MediaStreamTrack> track);

// The loudspeaker for any number of tracks at once, as a conference has them. Where their sum is too loud it is turned
// down. Safe from any thread.
class SpeakerMixer : public Player {
 public:
  // Tracks may come and go at any time. Nothing happens for one that is there already, or for one of pictures.
  virtual void add(std::shared_ptr<MediaStreamTrack> track) = 0;
  virtual void remove(const std::shared_ptr<MediaStreamTrack>& track) = 0;
};
// NotFound without a loudspeaker.
Result<std::unique_ptr<SpeakerMixer>> open_speaker_mixer();

}  // namespace tidewire
