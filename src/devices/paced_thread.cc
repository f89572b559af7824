#include "devices/paced_thread.h"

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "devices/clock.h"

namespace tidewire::devices {

struct PacedThread::State {
  explicit State(Step s) : step(std::move(s)) {}

  Step step;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopped = false;

  bool is_over() {
    const std::lock_guard lock(mutex);
    return stopped;
  }
  void end() {
    {
      const std::lock_guard lock(mutex);
      stopped = true;
    }
    wake.notify_one();
  }
  void run() {
    std::unique_lock lock(mutex);
    while (!stopped) {
      lock.unlock();
      const Timestamp next = step();
      lock.lock();
      if (next == kNever) stopped = true;
      if (stopped) return;
      wake.wait_until(lock, to_steady(next), [this] { return stopped; });
    }
  }
};

bool PacedThread::start(const char* name, Step step) {
  if (state_ && !state_->is_over()) return false;
  release();
  const auto fresh = std::make_shared<State>(std::move(step));
  // The first step waits until we are done with our members: it may destroy us.
  const std::lock_guard lock(fresh->mutex);
  state_ = fresh;
  thread_ = std::thread([state = fresh] { state->run(); });
  pthread_setname_np(thread_.native_handle(), name);
  return true;
}

void PacedThread::stop() {
  if (!state_) return;
  state_->end();
  // From inside, the handle is left for the owner, who may be joining it at this moment.
  if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
}

PacedThread::~PacedThread() {
  stop();
  release();
}

void PacedThread::release() {
  if (!thread_.joinable()) return;
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();  // it ends by itself after the present step
  } else {
    thread_.join();
  }
}

}  // namespace tidewire::devices
