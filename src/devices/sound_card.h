// The sound card, when there is one (SDL2): a speaker and a microphone.
#pragma once

#include <memory>

#include "devices/source.h"

namespace tidewire::devices {

class Speaker {
 public:
  virtual ~Speaker() = default;
  // From any thread; never blocks. Drop rule: when more than 200 ms wait to be heard, the new run is dropped.
  // 48 kHz, one or two channels; another rate is dropped.
  virtual void play(const AudioFrame& frame) = 0;
  // What was played and is not heard yet. From any thread.
  virtual Duration waiting() const = 0;
};

// Nothing of SDL is touched before these calls. kNotFound when there is no device, saying what to do.
Result<std::unique_ptr<Speaker>> open_speaker();
// 48 kHz mono in runs of 10 ms.
Result<std::unique_ptr<AudioSource>> open_microphone();

}  // namespace tidewire::devices
