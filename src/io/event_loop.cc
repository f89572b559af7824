#include "io/event_loop.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "io/udp_inbox.h"

namespace tidewire::io {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

SteadyTime to_steady(Timestamp t) {
  return SteadyTime{std::chrono::duration_cast<SteadyTime::duration>(t.time_since_epoch())};
}

}  // namespace

struct EventLoop::Impl {
  // Handlers that never ran are destroyed with the context, and may hold packets: the pool goes last.
  PacketPool pool;
  std::unique_ptr<UdpInbox> udp_inbox;
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
  std::atomic<std::thread::id> thread{};
};

namespace {

// Notes for as long as it lives which thread serves the loop.
class ServingThread {
 public:
  explicit ServingThread(std::atomic<std::thread::id>& thread) : thread_(thread), before_(thread.load()) {
    thread_ = std::this_thread::get_id();
  }
  ~ServingThread() { thread_ = before_; }
  ServingThread(const ServingThread&) = delete;
  ServingThread& operator=(const ServingThread&) = delete;

 private:
  std::atomic<std::thread::id>& thread_;
  std::thread::id before_;
};

}  // namespace

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

Timestamp EventLoop::now() { return Timestamp{std::chrono::steady_clock::now().time_since_epoch()}; }

WallClockAnchor EventLoop::wall_clock_anchor() {
  return {now(), UnixTime{std::chrono::system_clock::now().time_since_epoch()}};
}

void EventLoop::post(UniqueFunction<void()> function) {
  boost::asio::post(impl_->context, [function = std::move(function)]() mutable { function(); });
}

void EventLoop::run() {
  const ServingThread serving(impl_->thread);
  impl_->context.run();
}

bool EventLoop::run_until(UniqueFunction<bool()> done, Timestamp deadline) {
  const ServingThread serving(impl_->thread);
  while (!done()) {
    if (now() >= deadline || impl_->context.stopped()) return false;
    // kNever does not survive the addition of a wait inside Asio.
    const Timestamp step = std::min(deadline, now() + std::chrono::hours{1});
    impl_->context.run_one_until(to_steady(step));
  }
  return true;
}

void EventLoop::stop() { impl_->context.stop(); }

bool EventLoop::is_in_loop_thread() const {
  const std::thread::id serving = impl_->thread.load();
  return serving == std::thread::id{} || serving == std::this_thread::get_id();
}

PacketPool& EventLoop::packet_pool() { return impl_->pool; }
boost::asio::io_context& EventLoop::context() { return impl_->context; }

UdpInbox& EventLoop::udp_inbox() {
  if (!impl_->udp_inbox) impl_->udp_inbox = std::make_unique<UdpInbox>();
  return *impl_->udp_inbox;
}

// A wait that is under way is kept when the deadline moves later; it then finds that it came too early and waits
// again. So a deadline that is pushed back with every packet costs no system timer each time.
struct Timer::Impl : std::enable_shared_from_this<Timer::Impl> {
  Impl(EventLoop& loop, UniqueFunction<void(Timestamp)> function)
      : timer(loop.context()), callback(std::move(function)) {}

  void wait_until(Timestamp time) {
    armed = time;
    timer.expires_at(to_steady(time));
    timer.async_wait([self = shared_from_this(), time](boost::system::error_code error) {
      if (!error && self->armed == time) self->fire();
    });
  }

  void fire() {
    armed = kNever;
    if (deadline == kNever) return;
    const Timestamp now = EventLoop::now();
    if (now < deadline) return wait_until(deadline);
    deadline = kNever;
    callback(now);
  }

  boost::asio::steady_timer timer;
  UniqueFunction<void(Timestamp)> callback;
  Timestamp deadline = kNever;
  Timestamp armed = kNever;
};

Timer::Timer(EventLoop& loop, UniqueFunction<void(Timestamp)> callback)
    : impl_(std::make_shared<Impl>(loop, std::move(callback))) {}

Timer::~Timer() {
  if (!impl_) return;
  impl_->deadline = kNever;
  impl_->timer.cancel();
}

Timer::Timer(Timer&&) noexcept = default;

Timer& Timer::operator=(Timer&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

void Timer::set(Timestamp deadline) {
  impl_->deadline = deadline;
  if (deadline < impl_->armed) impl_->wait_until(deadline);
}

Timestamp Timer::deadline() const { return impl_->deadline; }

struct Task::Impl {
  boost::asio::io_context& context;
  UniqueFunction<void()> callback;
  bool scheduled = false;
  bool gone = false;
};

Task::Task(EventLoop& loop, UniqueFunction<void()> callback)
    : impl_(std::make_shared<Impl>(Impl{loop.context(), std::move(callback)})) {}

Task::~Task() {
  if (impl_) impl_->gone = true;
}

Task::Task(Task&&) noexcept = default;

Task& Task::operator=(Task&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

void Task::schedule() {
  if (std::exchange(impl_->scheduled, true)) return;
  boost::asio::post(impl_->context, [impl = impl_] {
    impl->scheduled = false;
    if (!impl->gone) impl->callback();
  });
}

LoopThread::LoopThread()
    : loop_(std::make_shared<EventLoop>()), thread_([loop = loop_]() mutable {
        loop->run();
        // When the owner let go from a callback, the loop ends here, after its last callback.
        loop.reset();
      }) {}

LoopThread::~LoopThread() {
  loop_->stop();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

}  // namespace tidewire::io
