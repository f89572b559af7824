#include "sim/simulation.h"

#include <algorithm>
#include <cstdlib>

namespace tidewire::sim {

void Simulation::attach(HostId host, Endpoint& endpoint) { endpoints_[host] = &endpoint; }

void Simulation::at(Timestamp when, UniqueFunction<void()> action) {
  actions_.emplace(std::max(when, now_), std::move(action));
}

void Simulation::drain(HostId host) {
  Endpoint& endpoint = *endpoints_.at(host);
  endpoint.handle_events(now_);
  while (auto datagram = endpoint.poll_transmit(now_)) network_.send(host, std::move(*datagram), now_);
}

void Simulation::deliver_arrivals() {
  while (auto delivery = network_.receive(now_)) {
    const auto found = endpoints_.find(delivery->host);
    if (found == endpoints_.end()) continue;
    found->second->handle_input(std::move(delivery->datagram), now_);
    drain(delivery->host);
  }
}

Timestamp Simulation::next() const {
  Timestamp next = network_.next_arrival();
  if (!actions_.empty()) next = std::min(next, actions_.begin()->first);
  for (const auto& [host, endpoint] : endpoints_) next = std::min(next, endpoint->next_timeout());
  return std::max(next, now_);
}

bool Simulation::run_until(const std::function<bool()>& done, Duration limit) {
  constexpr int kMaxSteps = 100'000;
  int steps_at_this_time = 0;
  const Timestamp deadline = now_ + limit;
  for (const auto& [host, endpoint] : endpoints_) drain(host);
  while (!done()) {
    const Timestamp then = next();
    if (then > deadline) {
      now_ = deadline;
      return done();
    }
    // An endpoint whose deadline does not move after handle_timeout() would stop time for ever.
    steps_at_this_time = then == now_ ? steps_at_this_time + 1 : 0;
    if (steps_at_this_time > kMaxSteps) std::abort();
    now_ = then;
    while (!actions_.empty() && actions_.begin()->first <= now_) {
      auto action = std::move(actions_.extract(actions_.begin()).mapped());
      action();
    }
    deliver_arrivals();
    for (const auto& [host, endpoint] : endpoints_) {
      if (endpoint->next_timeout() <= now_) endpoint->handle_timeout(now_);
      drain(host);
    }
  }
  return true;
}

void Simulation::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

}  // namespace tidewire::sim
