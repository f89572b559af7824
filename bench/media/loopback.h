// Two PeerConnections of one process on one loop, and one way of 720p30 VP8 between them.
#pragma once

#include "report.h"

namespace tidewire::bench {

// From the camera's callback to the callback that shows the picture.
void measure_latency(const Options& options);
// From asking for the offer to the first picture that is shown, once for each of a number of calls. The camera runs
// before.
void measure_start(const Options& options);

}  // namespace tidewire::bench
