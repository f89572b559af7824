// How the two ends of a bench speak with each other beside their data channel: JSON lines over a socket, which carry
// descriptions and candidates (as a signaling server would) and the figures of the other end.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <thread>

#include "tidewire/event_loop.h"
#include "tidewire/peer_connection.h"

namespace tidewire::app {

class BenchWire {
 public:
  // Both callbacks run on the loop. `on_end`: the other end is gone. Takes the descriptor.
  BenchWire(EventLoop& loop, int descriptor, UniqueFunction<void(const boost::json::object&)> on_message,
            UniqueFunction<void()> on_end);
  // After the loop has ended.
  ~BenchWire();
  BenchWire(const BenchWire&) = delete;
  BenchWire& operator=(const BenchWire&) = delete;

  void send(const boost::json::object& message);
  // What the other end's negotiate() takes.
  void send_description(const SessionDescription& description);
  void send_candidate(const IceCandidateInit& candidate);

 private:
  void read();
  void take_lines(std::string& received);

  EventLoop& loop_;
  int descriptor_;
  UniqueFunction<void(const boost::json::object&)> on_message_;
  UniqueFunction<void()> on_end_;
  std::thread reader_;
};

// Gives a description or a candidate of the other end to the connection; false when the message is neither.
bool negotiate(PeerConnection& connection, const boost::json::object& message);

// Of this process: user and system, all threads.
double process_cpu_seconds();

}  // namespace tidewire::app
