// One end of a call between two processes.
//
// Lines of JSON come on standard input and go to standard output; whoever starts the two processes hands them over:
//   {"description": {"type", "sdp"}}, {"candidate": {"candidate", "sdpMid", "sdpMLineIndex"}}   to the other end
//   {"ask": "figures"}  is answered with {"figures": {"bytes", "frames", "width", "height"}}: payload bytes and
//                       pictures that have arrived (receiver) or were sent (sender) so far
//   {"ask": "quality"}  is answered by the receiver with {"quality": {"psnr_y", "pictures", "unreadable"}}, of the
//                       pictures that arrive from then on
// The sender offers when it is told {"ask": "offer"}. The end of standard input ends the process.
#pragma once

#include "report.h"

namespace tidewire::bench {

enum class Role { kSender, kReceiver };

void run_call_end(Role role, const Options& options);

}  // namespace tidewire::bench
