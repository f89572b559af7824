// Two connections that call each other over loopback sockets, each on a loop and a thread of its own: one core a side,
// as two machines would have it.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "tidewire/peer_connection.h"

namespace tidewire::bench {

// Seconds of processor that this process has used, in the program and in the kernel.
inline double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

inline double wall_seconds() { return std::chrono::duration<double>(EventLoop::now().time_since_epoch()).count(); }

// When, and how much of the processor had been used.
struct Moment {
  double wall = wall_seconds();
  double processor = processor_seconds();
};

struct ThreadedPeer {
  ThreadedPeer() : connection(std::make_unique<PeerConnection>(loop, Configuration{.include_loopback = true})) {}

  void start() {
    thread = std::thread([this] { loop.run(); });
  }
  void stop() {
    loop.stop();
    if (thread.joinable()) thread.join();
  }

  EventLoop loop;
  std::unique_ptr<PeerConnection> connection;
  std::shared_ptr<DataChannel> channel;
  std::thread thread;
};

class TwoThreads {
 public:
  TwoThreads() {
    pass_candidates(alice, bob);
    pass_candidates(bob, alice);
    bob.connection->on_data_channel = [this](std::shared_ptr<DataChannel> channel) {
      bob.channel = std::move(channel);
      bob_open_.set_value();
    };
  }
  ~TwoThreads() {
    alice.stop();
    bob.stop();
  }
  TwoThreads(const TwoThreads&) = delete;
  TwoThreads& operator=(const TwoThreads&) = delete;

  // Starts both threads. False when the channel is not open on both sides within ten seconds.
  bool connect() {
    alice.channel = alice.connection->create_data_channel("bench").value();
    alice.channel->on_open = [this] { alice_open_.set_value(); };
    alice.connection->set_local_description().value();
    bob.connection->set_remote_description(*alice.connection->local_description()).value();
    bob.connection->set_local_description().value();
    alice.connection->set_remote_description(*bob.connection->local_description()).value();
    alice.start();
    bob.start();
    constexpr auto kPatience = std::chrono::seconds(10);
    return alice_open_.get_future().wait_for(kPatience) == std::future_status::ready &&
           bob_open_.get_future().wait_for(kPatience) == std::future_status::ready;
  }

  ThreadedPeer alice;
  ThreadedPeer bob;

 private:
  static void pass_candidates(ThreadedPeer& from, ThreadedPeer& to) {
    from.connection->on_ice_candidate = [&to](const IceCandidateInit& candidate) {
      to.loop.post([&to, candidate] { (void)to.connection->add_ice_candidate(candidate); });
    };
  }

  std::promise<void> alice_open_;
  std::promise<void> bob_open_;
};

}  // namespace tidewire::bench
