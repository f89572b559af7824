// What an EmulatedPath consists of: two narrow places that its connections share.
#pragma once

#include <memory>

#include "sim/bottleneck.h"
#include "tidewire/emulated_path.h"

namespace tidewire {

struct EmulatedPath::Impl {
  std::shared_ptr<const sim::RateSchedule> schedule;
  Duration delay{};
  std::shared_ptr<sim::Bottleneck> outgoing;
  std::shared_ptr<sim::Bottleneck> incoming;
};

}  // namespace tidewire
