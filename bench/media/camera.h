// A camera whose pictures are the clip's, and a watch for how long each of them takes to where it is shown.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "clip.h"
#include "tidewire/event_loop.h"

namespace tidewire::bench {

// Opens its shutter thirty times a second on a thread of its own, as long as it lives.
class Camera {
 public:
  using Shutter = std::function<void(int number, const VideoFrame& frame)>;

  Camera(const std::vector<Picture>& clip, Shutter shutter)
      : thread_([this, &clip, shutter = std::move(shutter)] { run(clip, shutter); }) {}
  ~Camera() {
    ended_ = true;
    thread_.join();
  }
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

 private:
  void run(const std::vector<Picture>& clip, const Shutter& shutter) {
    auto due = std::chrono::steady_clock::now();
    for (std::size_t count = 0; !ended_; ++count) {
      const std::size_t number = count % clip.size();
      shutter(static_cast<int>(number), {.buffer = clip[number], .timestamp = EventLoop::now()});
      due += kFrameTime;
      std::this_thread::sleep_until(due);
    }
  }

  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

// From any thread.
class Stopwatch {
 public:
  void captured(int number) {
    const std::lock_guard lock(mutex_);
    captured_.at(static_cast<std::size_t>(number)) = EventLoop::now();
  }
  void shown(int number) {
    const Timestamp now = EventLoop::now();
    const std::lock_guard lock(mutex_);
    if (!measuring_) return;
    const Duration taken = now - captured_.at(static_cast<std::size_t>(number));
    milliseconds_.push_back(std::chrono::duration<double, std::milli>(taken).count());
  }
  // What is shown before is not counted.
  void start() {
    const std::lock_guard lock(mutex_);
    measuring_ = true;
  }
  // Ends the measurement.
  std::vector<double> take() {
    const std::lock_guard lock(mutex_);
    measuring_ = false;
    return std::move(milliseconds_);
  }

 private:
  std::mutex mutex_;
  std::array<Timestamp, kPictures> captured_{};
  bool measuring_ = false;
  std::vector<double> milliseconds_;
};

}  // namespace tidewire::bench
