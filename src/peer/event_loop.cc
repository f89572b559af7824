#include "tidewire/event_loop.h"

#include <cstdint>
#include <map>
#include <utility>

#include "io/event_loop.h"

namespace tidewire {

struct EventLoop::Impl {
  io::EventLoop loop;
  // Work that waits for its time; after the loop, so that it goes first.
  std::map<std::uint64_t, io::Timer> delayed;
  std::uint64_t next_delayed = 0;
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

io::EventLoop& EventLoop::impl() { return impl_->loop; }

void EventLoop::run() { impl_->loop.run(); }
void EventLoop::stop() { impl_->loop.stop(); }
void EventLoop::post(UniqueFunction<void()> work) { impl_->loop.post(std::move(work)); }

void EventLoop::post_after(Duration delay, UniqueFunction<void()> work) {
  const std::uint64_t id = impl_->next_delayed++;
  io::Timer timer(impl_->loop, [this, id, work = std::move(work)](Timestamp) mutable {
    const auto self = impl_->delayed.extract(id);
    work();
  });
  timer.set(now() + delay);
  impl_->delayed.emplace(id, std::move(timer));
}

Timestamp EventLoop::now() { return io::EventLoop::now(); }

}  // namespace tidewire
