// What /proc knows of the server.
//
// How the CPU time of a datagram is counted: on loopback the system call that sends does the receiving half of the
// destination too, up to its socket's queue (softirq in the sender's context). So the server's time holds all of its
// sending and the taking from the queue of what it receives, but not the way of the datagram that comes to it: that is
// the generator's. A kernel with CONFIG_IRQ_TIME_ACCOUNTING would leave the softirq part out of a process's time;
// turn/run looks whether it does. Waking a sleeper is the sender's cost as well, hence the generator never sleeps.
#pragma once

#include <cstdint>

namespace tidewire::bench {

struct ProcessStats {
  double cpu_seconds = 0;  // user and system, of all threads
  std::int64_t resident_bytes = 0;
  std::int64_t descriptors = 0;
};

// Zeroes for pid 0; ends the program when there is no such process.
ProcessStats process_stats(int pid);
double cpu_seconds(int pid);

}  // namespace tidewire::bench
