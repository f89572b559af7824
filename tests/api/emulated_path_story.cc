// A call through a thin network that is not there.
#include "tidewire/emulated_path.h"

#include <atomic>
#include <memory>
#include <vector>

#include "two_peers.h"

namespace tidewire::api {
namespace {

TEST(EmulatedPathStory, StepsThatMakeNoSenseAreRefused) {
  using Options = EmulatedPath::Options;
  for (const Options& wrong : std::vector<Options>{
           {},
           {.steps = {{0s, 0}}},
           {.steps = {{1s, 1000}}},
           {.steps = {{0s, 1000}, {0s, 2000}}},
           {.steps = {{0s, 1000}, {2s, 1000}}, .period = 1s},
           {.steps = {{0s, 1000}}, .delay = -1s},
           {.steps = {{0s, 1000}}, .queue = 0s},
       }) {
    const auto path = EmulatedPath::make(wrong);
    ASSERT_FALSE(path);
    EXPECT_FALSE(path.error().message.empty());
  }
}

TEST(EmulatedPathStory, RatesFollowEachOtherFromTheStartOn) {
  const auto path = EmulatedPath::make({.steps = {{0s, 3000}, {10s, 0}, {20s, 2000}}, .period = 30s}).value();
  const Timestamp begin{100s};
  EXPECT_EQ(path->bits_per_second(begin), 3000U) << "before the start";
  path->start(begin);
  EXPECT_EQ(path->bits_per_second(begin), 3000U);
  EXPECT_EQ(path->bits_per_second(begin + 15s), 0U);
  EXPECT_EQ(path->bits_per_second(begin + 29s), 2000U);
  EXPECT_EQ(path->bits_per_second(begin + 31s), 3000U);
}

TEST(EmulatedPathStory, DatagramsTakeTheirTimeInBothDirections) {
  const auto path = EmulatedPath::make({.steps = {{0s, 1'000'000}}, .delay = 40ms}).value();
  EventLoop loop;
  PeerConnection alice(loop, {.include_loopback = true, .tcp_candidates = false, .emulated_path = path});
  PeerConnection bob(loop, {.include_loopback = true, .tcp_candidates = false});
  alice.on_ice_candidate = [&](const IceCandidateInit& candidate) { bob.add_ice_candidate(candidate).value(); };
  bob.on_ice_candidate = [&](const IceCandidateInit& candidate) { alice.add_ice_candidate(candidate).value(); };
  const auto channel = alice.create_data_channel("echo").value();
  std::shared_ptr<DataChannel> other;
  bob.on_data_channel = [&](const std::shared_ptr<DataChannel>& incoming) {
    other = incoming;
    other->on_message = [&](const DataMessage& message) { other->send(message.text()).value(); };
  };
  // 40 kB at 1 Mbit/s take a third of a second each way, and as long again as they are behind each other.
  constexpr std::size_t kSize = 40'000;
  Timestamp sent{};
  Duration took{};
  channel->on_open = [&] {
    sent = EventLoop::now();
    channel->send(std::string(kSize, 'x')).value();
  };
  channel->on_message = [&](const DataMessage& message) {
    EXPECT_EQ(message.text().size(), kSize);
    took = EventLoop::now() - sent;
    loop.stop();
  };
  alice.set_local_description().value();
  bob.set_remote_description(*alice.local_description()).value();
  bob.set_local_description().value();
  alice.set_remote_description(*bob.local_description()).value();
  loop.post_after(20s, [&] { loop.stop(); });
  loop.run();
  // No machine is too fast for a lower bound.
  EXPECT_GE(took, 2 * (40ms + 300ms));
  EXPECT_EQ(alice.get_stats().selected_candidate_pair.value().local.protocol, "udp");
}

}  // namespace
}  // namespace tidewire::api
