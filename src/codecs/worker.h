// A thread with a bounded mailbox: what all codec workers are made of.
//
// The thread shares ownership of everything that it touches, so the Worker may be destroyed at any time, from its
// own thread too.
#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/bounded_queue.h"

namespace tidewire::codecs {

template <typename Item>
class Worker {
 public:
  // Handles one item on the worker's thread. Between two callbacks to the owner it asks whether `stopped`
  // has become true, for the first one may have stopped the worker. It owns what it needs.
  using Process = std::function<void(Item item, const std::atomic<bool>& stopped)>;

  // `name` is the thread's, for debuggers and top: at most 15 characters.
  Worker(const char* name, std::size_t limit, Process process)
      : state_(std::make_shared<State>(limit, std::move(process))),
        thread_([state = state_] { run(*state); }),
        id_(thread_.get_id()) {
    pthread_setname_np(thread_.native_handle(), name);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    stop();
    if (thread_.joinable()) thread_.detach();  // we are on it: it ends by itself when the callback has returned
  }

  // Runs admit(queue) under the lock and wakes the thread. `admit` is where the drop rule lives.
  template <typename Admit>
  void post(Admit&& admit) {
    // As soon as the lock is free the callback may run, and destroy us.
    const auto state = state_;
    {
      const std::lock_guard lock(state->mutex);
      if (state->stopped) return;
      admit(state->queue);
    }
    state->wake.notify_one();
  }

  void stop() {
    {
      const std::lock_guard lock(state_->mutex);
      state_->stopped = true;
      state_->queue.clear();
    }
    state_->wake.notify_one();
    if (std::this_thread::get_id() == id_) return;
    const std::lock_guard lock(join_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct State {
    State(std::size_t limit, Process p) : queue(limit), process(std::move(p)) {}
    std::mutex mutex;
    std::condition_variable wake;
    BoundedQueue<Item> queue;
    std::atomic<bool> stopped = false;
    Process process;
  };

  static void run(State& state) {
    std::unique_lock lock(state.mutex);
    while (true) {
      state.wake.wait(lock, [&] { return state.stopped || !state.queue.empty(); });
      if (state.stopped) return;
      std::optional<Item> item = state.queue.pop();
      lock.unlock();
      state.process(std::move(*item), state.stopped);
      item.reset();
      lock.lock();
    }
  }

  std::shared_ptr<State> state_;
  std::thread thread_;
  const std::thread::id id_;
  std::mutex join_;
};

}  // namespace tidewire::codecs
