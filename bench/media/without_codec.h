// What is left of the latency when nothing is encoded and decoded: two Sessions and their sockets.
#pragma once

#include "report.h"

namespace tidewire::bench {

// From giving a frame to one Session to getting it from the other. The frames are those of the clip, encoded
// beforehand, so that their sizes are a call's. One thread serves both Sessions; the hops between the threads of a
// PeerConnection are not in it, as they are in measure_latency().
void measure_without_codec(const Options& options);

}  // namespace tidewire::bench
