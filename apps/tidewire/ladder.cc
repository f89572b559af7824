#include "ladder.h"

#include <utility>

#include "output.h"

namespace tidewire::app {

Ladder::Ladder(EventLoop& loop, PathOptions options, std::shared_ptr<EmulatedPath> path, bool json)
    : loop_(loop), options_(std::move(options)), path_(std::move(path)), json_(json) {}

void Ladder::start() {
  if (!path_ || std::exchange(started_, true)) return;
  path_->start(EventLoop::now());
  tell(0);
}

// Steps are counted on; what they are is repeated.
void Ladder::tell(std::size_t step) {
  const std::size_t count = options_.bandwidth.size();
  const double seconds = std::chrono::duration<double>(options_.step).count() * static_cast<double>(step);
  say(json_, "── {:g} s: the network gives {} each way", seconds, in_words(options_.bandwidth[step % count]));
  if (count == 1) return;
  loop_.post_after(options_.step, [self = std::weak_ptr(self_), step] {
    if (const auto there = self.lock()) (*there)->tell(step + 1);
  });
}

Duration Ladder::period() const { return static_cast<Duration::rep>(options_.bandwidth.size()) * options_.step; }

std::optional<std::uint64_t> Ladder::bits_per_second() const {
  if (!path_) return std::nullopt;
  return path_->bits_per_second(EventLoop::now());
}

}  // namespace tidewire::app
