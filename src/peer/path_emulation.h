// One connection's way through an EmulatedPath: datagrams that are on it, in both directions.
#pragma once

#include <memory>
#include <vector>

#include "io/event_loop.h"
#include "sim/link.h"
#include "tidewire/datagram.h"
#include "tidewire/emulated_path.h"

namespace tidewire::peer {

class PathEmulation {
 public:
  struct Callbacks {
    // Is to leave from its socket now, or has come. One call for all that are due.
    UniqueFunction<void(std::span<Datagram>)> on_sent;
    UniqueFunction<void(std::span<Datagram>)> on_received;
  };
  PathEmulation(io::EventLoop& loop, std::shared_ptr<EmulatedPath> path, Callbacks callbacks);

  void send(Datagram datagram);
  void receive(std::span<Datagram> batch);

 private:
  void deliver(Timestamp now);
  void wait();

  io::EventLoop& loop_;
  std::shared_ptr<EmulatedPath> path_;
  Callbacks callbacks_;
  sim::Link outgoing_;
  sim::Link incoming_;
  std::vector<Datagram> due_;  // kept for its storage
  io::Timer timer_;
};

}  // namespace tidewire::peer
