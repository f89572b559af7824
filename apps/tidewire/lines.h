// What is typed, as events of a loop.
#pragma once

#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "tidewire/event_loop.h"

namespace tidewire::app {

// Reads standard input line by line on a thread of its own and hands each to `on_line` on the loop for as long
// as this lives. A thread that waits for a terminal cannot be called back; it is left behind.
class Lines {
 public:
  Lines(EventLoop& loop, UniqueFunction<void(const std::string&)> on_line)
      : shared_(std::make_shared<Shared>(std::move(on_line))) {
    std::thread([shared = shared_, &loop] {
      std::string line;
      while (std::getline(std::cin, line)) {
        const std::lock_guard lock(shared->mutex);
        if (shared->over) return;
        loop.post([shared, line] {
          if (!shared->over) shared->on_line(line);
        });
      }
    }).detach();
  }
  // On the loop's thread.
  ~Lines() {
    const std::lock_guard lock(shared_->mutex);
    shared_->over = true;
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

 private:
  struct Shared {
    explicit Shared(UniqueFunction<void(const std::string&)> f) : on_line(std::move(f)) {}
    std::mutex mutex;  // while the thread holds it, the loop is there
    bool over = false;
    UniqueFunction<void(const std::string&)> on_line;
  };
  std::shared_ptr<Shared> shared_;
};

}  // namespace tidewire::app
