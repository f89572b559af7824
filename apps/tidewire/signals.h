// Ctrl-C and SIGTERM as an event of a loop.
#pragma once

#include <atomic>
#include <csignal>
#include <thread>

#include "tidewire/event_loop.h"

namespace tidewire::app {

// Blocks both signals in all threads that are started after it, so make it first. The first signal runs the function on
// the loop; the second one ends the process at once.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  ~Signals() {
    if (!waiter_.joinable()) return;
    over_ = true;
    pthread_kill(waiter_.native_handle(), SIGTERM);
    waiter_.join();
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  void run_on(EventLoop& loop, UniqueFunction<void()> function) {
    waiter_ = std::thread([this, &loop, function = std::move(function)]() mutable {
      int signal = 0;
      sigwait(&set_, &signal);
      if (over_) return;
      pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
      loop.post(std::move(function));
    });
  }

 private:
  sigset_t set_{};
  std::atomic<bool> over_ = false;
  std::thread waiter_;
};

}  // namespace tidewire::app
