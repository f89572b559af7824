// Random bytes and truncated packets of every protocol, at every length, do not disturb a running call.
#include <gtest/gtest.h>

#include <random>

#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

// First bytes of each protocol of RFC 7983, and of none.
constexpr std::uint8_t kFirstBytes[] = {0,  1,  2,  3,  4,   19,  20,  21,  22,  23, 25,
                                        63, 64, 79, 80, 127, 128, 144, 191, 192, 255};

TEST(GarbageOnTheMediaPort, LeavesTheCallRunning) {
  SimulatedCall call;
  call.click();
  ASSERT_TRUE(call.run_until_established());
  const auto pair = *call.bob.session.stats(call.now()).selected_candidate_pair;
  const std::uint64_t frames = call.bob.video_frames_received;
  std::mt19937_64 random(7);
  for (const std::uint8_t first : kFirstBytes) {
    for (std::size_t length = 0; length <= 1500; length += length < 80 ? 1 : 71) {
      Bytes bytes(length);
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
      if (length > 0) bytes[0] = first;
      call.bob.session.handle_input(
          {*SocketAddress::parse("198.51.100.3:5002"), pair.remote.address, call.bob.session.pool().copy_of(bytes)},
          call.now());
    }
  }
  call.alice.session.send_text(call.channel, "still there?", call.now()).value();
  EXPECT_TRUE(
      call.run_until([&] { return call.bob.video_frames_received > frames + 60 && call.bob.messages.size() == 1; }));
  EXPECT_EQ(call.bob.damaged_frames, 0U);
  EXPECT_EQ(call.bob.session.connection_state(), PeerConnectionState::kConnected);
}

// Every genuine packet, cut at every length, before it arrives whole.
TEST(GarbageOnTheMediaPort, TruncatedGenuinePacketsAreDropped) {
  SimulatedCall call;
  call.click();
  ASSERT_TRUE(call.run_until_established());
  int cut = 0;
  const auto feed_truncated = [&](const Datagram& datagram) {
    for (std::size_t length = 0; length < datagram.packet.size(); ++length) {
      call.bob.session.handle_input(
          {datagram.local, datagram.remote, call.bob.session.pool().copy_of(datagram.packet.bytes().first(length))},
          call.now());
      ++cut;
    }
  };
  call.alice.session.send_text(call.channel, "whole", call.now()).value();
  for (int i = 0; i < 30; ++i) {
    call.simulation.run_for(30ms);
    while (auto datagram = call.alice.session.poll_transmit(call.now())) {
      feed_truncated({datagram->remote, datagram->local, call.bob.session.pool().copy_of(datagram->packet.bytes())});
      call.simulation.network().send(call.alice_host, std::move(*datagram), call.now());
    }
    call.alice.session.handle_timeout(call.now());
  }
  const std::uint64_t frames = call.bob.video_frames_received;
  EXPECT_TRUE(
      call.run_until([&] { return call.bob.video_frames_received > frames + 60 && call.bob.messages.size() == 1; }));
  EXPECT_EQ(call.bob.damaged_frames, 0U);
}

}  // namespace
}  // namespace tidewire::scenario
