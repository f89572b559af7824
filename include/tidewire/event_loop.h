// The thread that connections live on.
#pragma once

#include <memory>

#include "tidewire/time.h"
#include "tidewire/unique_function.h"

namespace tidewire {

namespace io {
class EventLoop;
}

// Runs sockets, timers and callbacks of any number of connections, one after the other, on the thread that calls
// run(). Objects that were made with a loop are used on that thread (or before run() is called) and no other;
// post() brings work there. To use all cores, run one loop on each and spread the connections over them.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Handles events until stop() is called. Callbacks run in here.
  void run();
  // Makes run() return soon. From any thread; also before run(), which then returns at once.
  void stop();
  // Runs `work` on the loop's thread, soon and never inside this call. From any thread.
  void post(UniqueFunction<void()> work);
  // Runs `work` on the loop's thread after `delay`. From the loop's thread.
  void post_after(Duration delay, UniqueFunction<void()> work);

  // The present on the clock that all Timestamps of this process share. From any thread.
  static Timestamp now();

  // For the library's own use.
  io::EventLoop& impl();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire
