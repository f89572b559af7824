// A thin network path that is not there: a tool for tests and demonstrations of how a call fares on one (no W3C name).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "tidewire/result.h"
#include "tidewire/time.h"

namespace tidewire {

namespace peer {
class PathEmulation;
}

// Given to connections in Configuration::emulated_path. What they send and receive in UDP datagrams waits before a
// narrow place, one in each direction, and then takes its time, as if the network between this side and all others were
// like that. Connections that share it wait in the same two queues, as those of one household do. TCP goes around it.
// Used on the thread of its connections' loop.
class EmulatedPath {
 public:
  struct Step {
    Duration from{};                    // since start()
    std::uint64_t bits_per_second = 0;  // in each direction, headers of IP and UDP included; 0: nothing passes
  };
  struct Options {
    // In the order of time, the first one from zero, with a rate above it. It holds before start() as well, and the
    // last one lasts …
    std::vector<Step> steps;
    // … or until all begins again, after this time.
    Duration period{};
    Duration delay = std::chrono::milliseconds(25);  // one way
    // A queue holds what leaves it in this time; what comes when it is full is dropped.
    Duration queue = std::chrono::milliseconds(250);
  };

  // Type or Range for steps that are no such list; Range for times that make no sense.
  static Result<std::shared_ptr<EmulatedPath>> make(const Options& options);
  ~EmulatedPath();
  EmulatedPath(const EmulatedPath&) = delete;
  EmulatedPath& operator=(const EmulatedPath&) = delete;

  // Time begins to count. The second time, it begins anew.
  void start(Timestamp now);
  std::uint64_t bits_per_second(Timestamp now) const;

 private:
  friend class peer::PathEmulation;
  struct Impl;
  explicit EmulatedPath(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire
