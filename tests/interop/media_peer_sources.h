// What media_peer sends besides the test picture and a tone: pictures that cost as much as one gives, and sounds that
// tell sides and codecs' tools apart.
#pragma once

#include <memory>

#include "tidewire/media_stream_track.h"
#include "tidewire/result.h"

namespace tidewire::interop {

struct CameraOptions {
  int width = 320;
  int height = 240;
  int framerate = 15;
  bool grain = false;  // with a sensor's noise, so that an encoder has use for any rate
};

// The test picture.
Result<std::shared_ptr<MediaStreamTrack>> open_camera(const CameraOptions& options);

// One tone on the left, another on the right.
std::shared_ptr<MediaStreamTrack> open_two_tones(double left, double right);

// As loud as a voice, and with what makes one: a pitch that wanders, formants, syllables and breath. Opus takes it for
// speech, and only for that it makes redundancy.
std::shared_ptr<MediaStreamTrack> open_voice();

}  // namespace tidewire::interop
