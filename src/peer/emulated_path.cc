#include "tidewire/emulated_path.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "peer/emulated_path_impl.h"

namespace tidewire {
namespace {

Result<> check(const EmulatedPath::Options& options) {
  const auto& steps = options.steps;
  if (steps.empty() || steps.front().from != Duration::zero() || steps.front().bits_per_second == 0) {
    return Error{ErrorCode::kType, "an emulated path needs the rate that it has from 0 s on, above zero"};
  }
  if (std::ranges::adjacent_find(steps, std::greater_equal{}, &EmulatedPath::Step::from) != steps.end()) {
    return Error{ErrorCode::kRange, "the emulated path's steps are not in the order of time"};
  }
  if (options.period < Duration::zero() || (options.period > Duration::zero() && options.period <= steps.back().from)) {
    return Error{ErrorCode::kRange, "the emulated path's period ends before its last step begins"};
  }
  if (options.delay < Duration::zero() || options.queue <= Duration::zero()) {
    return Error{ErrorCode::kRange, "the emulated path's delay is below zero, or its queue holds nothing"};
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<EmulatedPath>> EmulatedPath::make(const Options& options) {
  if (const auto good = check(options); !good) return good.error();
  std::vector<sim::RateSchedule::Step> steps;
  for (const Step& step : options.steps) steps.push_back({step.from, step.bits_per_second});
  const sim::BottleneckConfig config{.bits_per_second = steps.front().bits_per_second, .queue_time = options.queue};
  auto impl = std::make_unique<Impl>(
      Impl{.schedule = std::make_shared<const sim::RateSchedule>(std::move(steps), options.period),
           .delay = options.delay,
           .outgoing = std::make_shared<sim::Bottleneck>(config),
           .incoming = std::make_shared<sim::Bottleneck>(config)});
  return std::shared_ptr<EmulatedPath>(new EmulatedPath(std::move(impl)));
}

EmulatedPath::EmulatedPath(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EmulatedPath::~EmulatedPath() = default;

void EmulatedPath::start(Timestamp now) {
  for (const auto& direction : {impl_->outgoing, impl_->incoming}) {
    direction->config().schedule = impl_->schedule;
    direction->config().schedule_start = now;
  }
}

std::uint64_t EmulatedPath::bits_per_second(Timestamp now) const {
  const sim::BottleneckConfig& config = impl_->outgoing->config();
  return config.schedule ? config.schedule->rate_at(now - config.schedule_start) : config.bits_per_second;
}

}  // namespace tidewire
