// Ctrl-C, SIGTERM and SIGHUP as events of a loop.
#pragma once

#include <atomic>
#include <csignal>
#include <thread>

#include "tidewire/event_loop.h"

namespace tidewire::app {

// Blocks the signals in all threads that are started after it, so make it first. The first Ctrl-C or SIGTERM runs
// `on_end` on the loop; the second one ends the process at once. SIGHUP is left alone unless it is asked for.
class Signals {
 public:
  enum class Hangup { kEnds, kIsAnEvent };

  explicit Signals(Hangup hangup = Hangup::kEnds) {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    if (hangup == Hangup::kIsAnEvent) sigaddset(&set_, SIGHUP);
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

  void run_on(EventLoop& loop, UniqueFunction<void()> on_end, UniqueFunction<void()> on_hangup = {}) {
    on_hangup_ = std::move(on_hangup);
    waiter_ = std::thread([this, &loop, on_end = std::move(on_end)]() mutable {
      int signal = 0;
      while (sigwait(&set_, &signal) == 0 && signal == SIGHUP && !over_) loop.post([this] { on_hangup_(); });
      if (over_) return;
      // On the loop's thread, which stays: this one has nothing more to wait for.
      loop.post([this, on_end = std::move(on_end)]() mutable {
        sigdelset(&set_, SIGHUP);
        pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
        on_end();
      });
    });
  }

 private:
  sigset_t set_{};
  std::atomic<bool> over_ = false;
  UniqueFunction<void()> on_hangup_;
  std::thread waiter_;
};

}  // namespace tidewire::app
