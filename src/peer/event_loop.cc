#include "tidewire/event_loop.h"

#include <utility>

#include "io/event_loop.h"

namespace tidewire {

EventLoop::EventLoop() : impl_(std::make_unique<io::EventLoop>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() { impl_->run(); }
void EventLoop::stop() { impl_->stop(); }
void EventLoop::post(UniqueFunction<void()> work) { impl_->post(std::move(work)); }

void EventLoop::post_after(Duration delay, UniqueFunction<void()> work) {
  // The timer lives in what it calls, and is dropped with it.
  auto timer = std::make_shared<std::unique_ptr<io::Timer>>();
  *timer = std::make_unique<io::Timer>(*impl_, [timer, work = std::move(work)](Timestamp) mutable {
    timer.reset();
    work();
  });
  (*timer)->set(now() + delay);
}

Timestamp EventLoop::now() { return io::EventLoop::now(); }

}  // namespace tidewire
