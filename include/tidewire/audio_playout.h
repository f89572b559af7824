// Whoever plays received sound to people, as getStats sees it (W3C media-playout).
#pragma once

#include "tidewire/media_stats.h"

namespace tidewire {

class AudioPlayout {
 public:
  virtual ~AudioPlayout() = default;
  // From any thread.
  virtual AudioPlayoutStats stats() const = 0;
};

}  // namespace tidewire
