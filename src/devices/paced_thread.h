// A thread that does one step after another, each at its time: what all sources are made of.
//
// start() and stop() belong to one owner; stop() and the destructor may besides be called from a step.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "tidewire/time.h"

namespace tidewire::devices {

class PacedThread {
 public:
  // One step, on the thread. Gives the time of the next one, which may lie in the past; kNever ends the thread.
  // It owns what it needs: when the source is destroyed from its own sink, the step that called the sink still runs
  // to its end.
  using Step = std::function<Timestamp()>;

  PacedThread() = default;
  PacedThread(const PacedThread&) = delete;
  PacedThread& operator=(const PacedThread&) = delete;
  ~PacedThread();

  // Does the first step at once. False, and nothing happens, when it runs already. `name`: at most 15 characters.
  bool start(const char* name, Step step);
  // From outside: waits for the step that runs. From inside it: returns at once. No step begins afterwards.
  void stop();

 private:
  struct State;
  void release();

  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace tidewire::devices
