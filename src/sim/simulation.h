// Virtual time: runs the machines of several hosts over a simulated network, jumping from one thing that
// happens to the next.
#pragma once

#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "sim/network.h"
#include "tidewire/stream.h"
#include "tidewire/unique_function.h"

namespace tidewire::sim {

// What lives on a host. Tests and tools derive from it and put a machine inside.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  // A datagram, or a message of a stream when `datagram.stream` is set.
  virtual void handle_input(Datagram datagram, Timestamp now) = 0;
  virtual void handle_timeout(Timestamp now) = 0;
  virtual std::optional<Datagram> poll_transmit(Timestamp now) = 0;
  // Takes what the machine has to tell. Called after every input and timeout.
  virtual void handle_events(Timestamp now) = 0;
  virtual Timestamp next_timeout() const = 0;

  // Connections that it wants, and those that it wants no more.
  virtual std::optional<StreamRequest> poll_stream_request(Timestamp /*now*/) { return std::nullopt; }
  virtual std::optional<StreamId> poll_stream_close(Timestamp /*now*/) { return std::nullopt; }
  // Addresses to accept connections on are given to Network::streams().
  virtual void stream_opened(StreamId /*stream*/, SocketAddress /*local*/, Timestamp /*now*/) {}
  virtual void stream_accepted(StreamId /*stream*/, SocketAddress /*local*/, SocketAddress /*remote*/,
                               Timestamp /*now*/) {}
  virtual void stream_closed(StreamId /*stream*/, StreamCloseReason /*reason*/, Timestamp /*now*/) {}
  // Network::addresses() of its host has changed.
  virtual void interfaces_changed(Timestamp /*now*/) {}
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

  // As in Network; the host's endpoint hears of it.
  void take_down(HostId host, InterfaceId interface);
  void bring_up(HostId host, InterfaceId interface);
  InterfaceId add_interface(HostId host, const InterfaceConfig& config);
  void add_address(HostId host, InterfaceId interface, const IpAddress& address);
  void remove_address(HostId host, InterfaceId interface, const IpAddress& address);
  // Asks Network::names(). `answer` is called with the addresses that the name has now, when the answer has come; with
  // none, when there is no such name.
  void resolve(std::string_view name, UniqueFunction<void(std::vector<IpAddress>)> answer);

  // Runs until `done` holds or `limit` has passed; says whether it holds.
  bool run_until(const std::function<bool()>& done, Duration limit);
  void run_for(Duration duration);

 private:
  void drain(HostId host);
  void deliver_arrivals();
  void deliver(Endpoint& endpoint, Delivery delivery);
  void tell_of_change(HostId host);
  Timestamp next() const;

  Network network_;
  Timestamp now_{std::chrono::hours(1)};
  std::map<HostId, Endpoint*> endpoints_;
  std::multimap<Timestamp, UniqueFunction<void()>> actions_;
};

}  // namespace tidewire::sim
