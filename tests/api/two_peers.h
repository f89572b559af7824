// Two PeerConnections on one loop that hand each other descriptions and candidates.
#pragma once

#include <gtest/gtest.h>

#include "tidewire/media_devices.h"
#include "tidewire/peer_connection.h"

namespace tidewire::api {

using namespace std::chrono_literals;

struct TwoPeers {
  explicit TwoPeers(const Configuration& configuration = {.include_loopback = true})
      : alice(loop, configuration), bob(loop, configuration) {
    alice.on_ice_candidate = [this](const IceCandidateInit& candidate) { bob.add_ice_candidate(candidate).value(); };
    bob.on_ice_candidate = [this](const IceCandidateInit& candidate) { alice.add_ice_candidate(candidate).value(); };
  }

  void negotiate() {
    alice.set_local_description().value();
    bob.set_remote_description(*alice.local_description()).value();
    bob.set_local_description().value();
    alice.set_remote_description(*bob.local_description()).value();
  }

  // Runs the loop until somebody calls loop.stop(); false after the limit.
  bool run(Duration limit = 20s) {
    bool in_time = true;
    loop.post_after(limit, [&] {
      in_time = false;
      loop.stop();
    });
    loop.run();
    return in_time;
  }

  EventLoop loop;
  PeerConnection alice;
  PeerConnection bob;
};

}  // namespace tidewire::api
