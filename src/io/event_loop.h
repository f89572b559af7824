// One event loop: sockets, timers and posted work on one thread.
//
// Everything that belongs to a loop (sockets, timers, connections) is made, used and destroyed on the loop's
// thread, or before the loop runs; only post(), stop(), now() and is_in_loop_thread() may be called from any
// thread. Callbacks run on the loop's thread, never inside the call that causes them.
#pragma once

#include <memory>
#include <thread>

#include "base/packet.h"
#include "tidewire/time.h"
#include "tidewire/unique_function.h"

namespace boost::asio {
class io_context;
}

namespace tidewire::io {

struct UdpInbox;

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // The present time of the steady clock. All loops of a process share its origin.
  static Timestamp now();
  // The present moment on both scales.
  static WallClockAnchor wall_clock_anchor();

  // Runs the function on the loop's thread, soon, in the order of posting. Thread-safe. A function that is
  // posted after the loop has stopped is destroyed with the loop, without having run.
  void post(UniqueFunction<void()> function);

  // Serves the loop on the calling thread until stop(). Idle, it waits without using the processor.
  void run();
  // Serves the loop until `done` (asked after each step) says so: true. False when `deadline` passed or the
  // loop was stopped. For tests and for programs with a beginning and an end.
  bool run_until(UniqueFunction<bool()> done, Timestamp deadline);
  // Makes run() return after the callback that is running. Thread-safe; stays stopped.
  void stop();

  // True on the thread that is in run(), and on any thread while none is.
  bool is_in_loop_thread() const;

  // The pool of the packets that live on this loop.
  PacketPool& packet_pool();

  // For the files of src/io, src/signaling and src/server only.
  boost::asio::io_context& context();
  // Made when a socket asks for it the first time.
  UdpInbox& udp_inbox();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Calls back once at a point in time. Destroying it, also from its own callback, means no more callbacks.
class Timer {
 public:
  // The callback gets the present time, which is at or after the deadline.
  Timer(EventLoop& loop, UniqueFunction<void(Timestamp now)> callback);
  ~Timer();
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;

  // Replaces the deadline; kNever means none. One in the past fires in the next turn of the loop. Cheap when
  // the deadline only moves later, which is what retransmission timers do.
  void set(Timestamp deadline);
  void cancel() { set(kNever); }
  // kNever when it is not set.
  Timestamp deadline() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Work that is wanted again and again: it runs once, soon, however often it was asked for before. Unlike post() it
// takes nothing from the heap. Destroying it, also from its own callback, means no more callbacks.
class Task {
 public:
  Task(EventLoop& loop, UniqueFunction<void()> callback);
  ~Task();
  Task(Task&&) noexcept;
  Task& operator=(Task&&) noexcept;

  // From the loop's thread only.
  void schedule();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// A loop with a thread of its own. The destructor stops the loop and waits for the callback that runs; from a
// callback of the same loop it does not wait, and the loop ends after that callback.
class LoopThread {
 public:
  LoopThread();
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  EventLoop& loop() { return *loop_; }

 private:
  std::shared_ptr<EventLoop> loop_;
  std::thread thread_;
};

}  // namespace tidewire::io
