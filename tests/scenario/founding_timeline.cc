// 290 ms of signaling each way and a round trip of 200 ms: media flows in less than 1.5 s after the click.
#include <gtest/gtest.h>

#include <cstdio>

#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

double ms_since(Timestamp start, const std::optional<Timestamp>& moment) {
  return moment ? std::chrono::duration<double, std::milli>(*moment - start).count() : -1;
}

void print(const Peer& peer, Timestamp start) {
  const Peer::Moments& m = peer.moments;
  std::printf("%8.1f ms  %s: ICE connected\n", ms_since(start, m.ice_connected), peer.name.c_str());
  std::printf("%8.1f ms  %s: DTLS connected\n", ms_since(start, m.connected), peer.name.c_str());
  std::printf("%8.1f ms  %s: data channel open\n", ms_since(start, m.channel_open), peer.name.c_str());
  std::printf("%8.1f ms  %s: first audio frame\n", ms_since(start, m.first_audio), peer.name.c_str());
  std::printf("%8.1f ms  %s: first video frame\n", ms_since(start, m.first_video), peer.name.c_str());
}

TEST(FoundingTimeline, MediaFlowsInLessThanOneAndAHalfSeconds) {
  SimulatedCall call({.link = {.delay = 50ms}, .signaling_delay = 290ms});
  call.click();
  ASSERT_TRUE(call.run_until([&] {
    return call.alice.moments.first_video && call.bob.moments.first_video && call.alice.moments.first_audio &&
           call.bob.moments.first_audio && call.established();
  }));
  for (const std::string& line : call.timeline) std::printf("%s\n", line.c_str());
  print(call.alice, call.clicked);
  print(call.bob, call.clicked);
  for (const Peer* peer : {&call.alice, &call.bob}) {
    EXPECT_LT(ms_since(call.clicked, peer->moments.first_video), 1500) << peer->name;
    EXPECT_LT(ms_since(call.clicked, peer->moments.first_audio), 1500) << peer->name;
    EXPECT_LT(ms_since(call.clicked, peer->moments.channel_open), 1800) << peer->name;
  }
}

}  // namespace
}  // namespace tidewire::scenario
