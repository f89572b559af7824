#include "sim/simulation.h"

#include <algorithm>
#include <cstdlib>

namespace tidewire::sim {

void Simulation::attach(HostId host, Endpoint& endpoint) { endpoints_[host] = &endpoint; }

void Simulation::at(Timestamp when, UniqueFunction<void()> action) {
  actions_.emplace(std::max(when, now_), std::move(action));
}

void Simulation::take_down(HostId host, InterfaceId interface) {
  network_.take_down(host, interface);
  tell_of_change(host);
}

void Simulation::bring_up(HostId host, InterfaceId interface) {
  network_.bring_up(host, interface);
  tell_of_change(host);
}

InterfaceId Simulation::add_interface(HostId host, const InterfaceConfig& config) {
  const InterfaceId id = network_.add_interface(host, config);
  tell_of_change(host);
  return id;
}

void Simulation::add_address(HostId host, InterfaceId interface, const IpAddress& address) {
  network_.add_address(host, interface, address);
  tell_of_change(host);
}

void Simulation::remove_address(HostId host, InterfaceId interface, const IpAddress& address) {
  network_.remove_address(host, interface, address);
  tell_of_change(host);
}

void Simulation::tell_of_change(HostId host) {
  if (const auto found = endpoints_.find(host); found != endpoints_.end()) found->second->interfaces_changed(now_);
}

void Simulation::resolve(std::string_view name, UniqueFunction<void(std::vector<IpAddress>)> answer) {
  Names::Answer found = network_.names().look_up(name);
  after(found.delay, [addresses = std::move(found.addresses), answer = std::move(answer)]() mutable {
    answer(std::move(addresses));
  });
}

void Simulation::drain(HostId host) {
  Endpoint& endpoint = *endpoints_.at(host);
  // What leaves may have something to tell in its turn.
  for (bool sent = true; sent;) {
    sent = false;
    endpoint.handle_events(now_);
    while (auto request = endpoint.poll_stream_request(now_)) network_.streams().open(host, *request, now_);
    for (; auto datagram = endpoint.poll_transmit(now_); sent = true) {
      network_.send(host, std::move(*datagram), now_);
    }
  }
  while (auto stream = endpoint.poll_stream_close(now_)) network_.streams().close(host, *stream, now_);
}

void Simulation::deliver(Endpoint& endpoint, Delivery delivery) {
  if (auto* datagram = std::get_if<Datagram>(&delivery.what)) {
    endpoint.handle_input(std::move(*datagram), now_);
  } else if (const auto* opened = std::get_if<StreamOpened>(&delivery.what)) {
    endpoint.stream_opened(opened->stream, opened->local, now_);
  } else if (const auto* accepted = std::get_if<StreamAccepted>(&delivery.what)) {
    endpoint.stream_accepted(accepted->stream, accepted->local, accepted->remote, now_);
  } else if (const auto* closed = std::get_if<StreamClosed>(&delivery.what)) {
    endpoint.stream_closed(closed->stream, closed->reason, now_);
  }
}

void Simulation::deliver_arrivals() {
  while (auto delivery = network_.receive(now_)) {
    const HostId host = delivery->host;
    const auto found = endpoints_.find(host);
    if (found == endpoints_.end()) continue;
    deliver(*found->second, std::move(*delivery));
    drain(host);
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
    bool acted = false;
    while (!actions_.empty() && actions_.begin()->first <= now_) {
      auto action = std::move(actions_.extract(actions_.begin()).mapped());
      action();
      acted = true;
    }
    deliver_arrivals();
    for (const auto& [host, endpoint] : endpoints_) {
      const bool due = endpoint->next_timeout() <= now_;
      if (due) endpoint->handle_timeout(now_);
      // What it was given it has been asked about already; an action may have done something to any of them.
      if (due || acted) drain(host);
    }
  }
  return true;
}

void Simulation::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

}  // namespace tidewire::sim
