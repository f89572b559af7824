// Messages over real sockets, through the public API.
#include "two_peers.h"

namespace tidewire::api {
namespace {

TEST(DataChannelStory, TextAndBinaryGoBothWaysAndCloseIsSeen) {
  TwoPeers peers;
  auto channel = peers.alice.create_data_channel("story", {.protocol = "test"}).value();
  std::shared_ptr<DataChannel> other;
  std::vector<std::string> log;
  channel->on_open = [&] { channel->send("question").value(); };
  channel->on_message = [&](const DataMessage& message) {
    EXPECT_FALSE(message.is_text);
    EXPECT_EQ(Bytes(message.payload.begin(), message.payload.end()), (Bytes{1, 2, 3}));
    log.emplace_back("answered");
    channel->close();
  };
  channel->on_close = [&] {
    log.emplace_back("closed here");
    if (log.size() == 4) peers.loop.stop();
  };
  peers.bob.on_data_channel = [&](const std::shared_ptr<DataChannel>& incoming) {
    other = incoming;
    EXPECT_EQ(other->label(), "story");
    EXPECT_EQ(other->protocol(), "test");
    other->on_message = [&](const DataMessage& message) {
      EXPECT_TRUE(message.is_text);
      log.emplace_back(message.text());
      other->send(ByteView(Bytes{1, 2, 3})).value();
    };
    other->on_close = [&] {
      log.emplace_back("closed there");
      if (log.size() == 4) peers.loop.stop();
    };
  };
  peers.negotiate();
  ASSERT_TRUE(peers.run());
  EXPECT_EQ(log[0], "question");
  EXPECT_EQ(log[1], "answered");
  EXPECT_EQ(channel->ready_state(), DataChannelState::kClosed);
  EXPECT_EQ(channel->send("late").error().code, ErrorCode::kInvalidState);
}

TEST(DataChannelStory, AnythingMayBeDestroyedInACallback) {
  EventLoop loop;
  auto alice = std::make_unique<PeerConnection>(loop, Configuration{.include_loopback = true});
  auto bob = std::make_unique<PeerConnection>(loop, Configuration{.include_loopback = true});
  alice->on_ice_candidate = [&](const IceCandidateInit& c) {
    if (bob) (void)bob->add_ice_candidate(c);
  };
  bob->on_ice_candidate = [&](const IceCandidateInit& c) {
    if (alice) (void)alice->add_ice_candidate(c);
  };
  auto channel = alice->create_data_channel("x").value();
  channel->on_open = [&] {
    alice.reset();
    channel.reset();
    loop.post_after(200ms, [&] { loop.stop(); });
  };
  bob->on_data_channel = [&](const std::shared_ptr<DataChannel>&) { bob.reset(); };
  alice->set_local_description().value();
  bob->set_remote_description(*alice->local_description()).value();
  bob->set_local_description().value();
  alice->set_remote_description(*bob->local_description()).value();
  loop.post_after(20s, [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(alice);
}

}  // namespace
}  // namespace tidewire::api
