// Two PeerConnections on one loop that hand each other descriptions and candidates.
#pragma once

#include <gtest/gtest.h>

#include "tidewire/media_devices.h"
#include "tidewire/peer_connection.h"

namespace tidewire::api {

using namespace std::chrono_literals;

struct TwoPeers {
  TwoPeers() : alice(loop, {.include_loopback = true}), bob(loop, {.include_loopback = true}) {
    alice.on_ice_candidate = [this](const IceCandidateInit& candidate) { bob.add_ice_candidate(candidate).value(); };
    bob.on_ice_candidate = [this](const IceCandidateInit& candidate) { alice.add_ice_candidate(candidate).value(); };
  }

  void negotiate() {
    alice.set_local_description().value();
    bob.set_remote_description(*alice.local_description()).value();
    bob.set_local_description().value();
    alice.set_remote_description(*bob.local_description()).value();
  }

  // Runs the loop until somebody calls loop.stop(); false after 20 s.
  bool run() {
    bool in_time = true;
    loop.post_after(20s, [&] {
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
