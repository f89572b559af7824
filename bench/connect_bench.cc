// Two peers in one process over loopback: from the first call to an open channel, and what the channel carries then.
#include <benchmark/benchmark.h>

#include "tidewire/peer_connection.h"

namespace {

using namespace tidewire;

struct TwoPeers {
  TwoPeers() : alice(loop, {.include_loopback = true}), bob(loop, {.include_loopback = true}) {
    alice.on_ice_candidate = [this](const IceCandidateInit& candidate) { (void)bob.add_ice_candidate(candidate); };
    bob.on_ice_candidate = [this](const IceCandidateInit& candidate) { (void)alice.add_ice_candidate(candidate); };
  }

  // Returns when the channel is open on both sides.
  void connect() {
    channel = alice.create_data_channel("bench").value();
    int open = 0;
    const auto opened = [&] {
      if (++open == 2) loop.stop();
    };
    channel->on_open = opened;
    bob.on_data_channel = [&](std::shared_ptr<DataChannel> incoming) {
      other = std::move(incoming);
      opened();
    };
    alice.set_local_description().value();
    bob.set_remote_description(*alice.local_description()).value();
    bob.set_local_description().value();
    alice.set_remote_description(*bob.local_description()).value();
    loop.run();
  }

  EventLoop loop;
  PeerConnection alice;
  PeerConnection bob;
  std::shared_ptr<DataChannel> channel;
  std::shared_ptr<DataChannel> other;
};

void ConnectToOpenChannel(benchmark::State& state) {
  for (auto _ : state) {
    TwoPeers peers;
    peers.connect();
  }
}
BENCHMARK(ConnectToOpenChannel)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
