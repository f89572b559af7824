// Virtual time: runs the machines of several hosts over a simulated network, jumping from one thing that
// happens to the next.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "sim/network.h"
#include "tidewire/unique_function.h"

namespace tidewire::sim {

// What lives on a host. Tests and tools derive from it and put a machine inside.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual void handle_input(Datagram datagram, Timestamp now) = 0;
  virtual void handle_timeout(Timestamp now) = 0;
  virtual std::optional<Datagram> poll_transmit(Timestamp now) = 0;
  // Takes what the machine has to tell. Called after every input and timeout.
  virtual void handle_events(Timestamp now) = 0;
  virtual Timestamp next_timeout() const = 0;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : network_(seed) {}

  Network& network() { return network_; }
  // Virtual time starts at one hour, so that code that subtracts from it does not meet the origin.
  Timestamp now() const { return now_; }

  // Puts an endpoint on a host. It must outlive the simulation's runs.
  void attach(HostId host, Endpoint& endpoint);
  // Calls `action` at a time to come.
  void at(Timestamp when, UniqueFunction<void()> action);
  void after(Duration delay, UniqueFunction<void()> action) { at(now_ + delay, std::move(action)); }

  // Runs until `done` holds or `limit` has passed; says whether it holds.
  bool run_until(const std::function<bool()>& done, Duration limit);
  void run_for(Duration duration);

 private:
  void drain(HostId host);
  void deliver_arrivals();
  Timestamp next() const;

  Network network_;
  Timestamp now_{std::chrono::hours(1)};
  std::map<HostId, Endpoint*> endpoints_;
  std::multimap<Timestamp, UniqueFunction<void()>> actions_;
};

}  // namespace tidewire::sim
