// The bottleneck of a call as something that happens: its steps begin with the first call, and each is told.
#pragma once

#include <memory>
#include <string>

#include "rate_options.h"
#include "tidewire/event_loop.h"

namespace tidewire::app {

class Ladder {
 public:
  // The loop outlives it. `path` may be null: then nothing happens.
  Ladder(EventLoop& loop, PathOptions options, std::shared_ptr<EmulatedPath> path, bool json);

  Ladder(const Ladder&) = delete;
  Ladder& operator=(const Ladder&) = delete;

  // The first call begins it.
  void start();
  // How long it takes once.
  Duration period() const;
  // What it gives now; nothing without a bottleneck.
  std::optional<std::uint64_t> bits_per_second() const;

 private:
  void tell(std::size_t step);

  EventLoop& loop_;
  PathOptions options_;
  std::shared_ptr<EmulatedPath> path_;
  bool json_;
  bool started_ = false;
  // Posted work asks whether it is still there.
  std::shared_ptr<Ladder*> self_ = std::make_shared<Ladder*>(this);
};

}  // namespace tidewire::app
