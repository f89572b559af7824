// Where pictures and sound come from.
//
// A source delivers on a thread of its own, stamped with devices/clock.h. After stop() the sink is not called:
// called from outside it waits for the call that is running; from inside the sink it returns at once. The destructor
// stops; destroying a source from its own sink is legal. Otherwise start() and stop() belong to one thread. Sinks
// should not block: a source that is late skips.
#pragma once

#include "tidewire/audio_frame.h"
#include "tidewire/result.h"
#include "tidewire/video_frame.h"

namespace tidewire::devices {

class VideoSource {
 public:
  virtual ~VideoSource() = default;
  // kInvalidState when it runs already. May be started again after a stop().
  virtual Result<> start(VideoSink sink) = 0;
  virtual void stop() = 0;
};

class AudioSource {
 public:
  virtual ~AudioSource() = default;
  // kInvalidState when it runs already. May be started again after a stop().
  virtual Result<> start(AudioSink sink) = 0;
  virtual void stop() = 0;
};

}  // namespace tidewire::devices
