// Messages over real sockets, through the public API.
#include <algorithm>

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

TEST(DataChannelStory, BothSidesSeeEveryAttribute) {
  TwoPeers peers;
  EXPECT_FALSE(peers.alice.sctp());
  const auto channel =
      peers.alice
          .create_data_channel(
              "game", {.ordered = false, .max_retransmits = 2, .protocol = "moves", .priority = Priority::kMedium})
          .value();
  EXPECT_EQ(channel->ready_state(), DataChannelState::kConnecting);
  EXPECT_FALSE(channel->id());
  EXPECT_EQ(channel->send("early").error().code, ErrorCode::kInvalidState);
  std::vector<SctpTransportState> states;
  peers.bob.on_sctp_state_change = [&] { states.push_back(peers.bob.sctp()->state); };
  std::shared_ptr<DataChannel> other;
  peers.bob.on_data_channel = [&](const std::shared_ptr<DataChannel>& incoming) {
    other = incoming;
    other->on_open = [&] { peers.loop.stop(); };
  };
  peers.negotiate();
  EXPECT_EQ(peers.alice.sctp()->state, SctpTransportState::kConnecting);
  EXPECT_FALSE(peers.alice.sctp()->max_channels);
  ASSERT_TRUE(peers.run());
  for (const auto& end : {channel, other}) {
    EXPECT_EQ(end->label(), "game");
    EXPECT_EQ(end->protocol(), "moves");
    EXPECT_FALSE(end->ordered());
    EXPECT_FALSE(end->negotiated());
    EXPECT_FALSE(end->max_packet_life_time());
    EXPECT_EQ(end->max_retransmits(), 2);
    EXPECT_EQ(end->priority(), Priority::kMedium);
    EXPECT_EQ(end->id(), channel->id());
    EXPECT_EQ(end->ready_state(), DataChannelState::kOpen);
    EXPECT_EQ(end->buffered_amount(), 0U);
    EXPECT_EQ(end->buffered_amount_low_threshold(), 0U);
  }
  // RFC 8832 §6: Alice offered and Bob answered as the DTLS client, so hers are odd.
  EXPECT_EQ(channel->id(), 1);
  EXPECT_EQ(states, std::vector{SctpTransportState::kConnected});
  EXPECT_EQ(peers.bob.sctp()->max_message_size, 256U * 1024);
  EXPECT_EQ(peers.bob.sctp()->max_channels, 65535);
}

TEST(DataChannelStory, WhoeverClosesWhatWasSentIsDelivered) {
  for (const bool opener_closes : {true, false}) {
    TwoPeers peers;
    const auto channel = peers.alice.create_data_channel("story").value();
    std::shared_ptr<DataChannel> other;
    std::size_t received = 0;
    std::vector<std::string> log;
    const auto note = [&](const char* what) {
      log.emplace_back(what);
      if (log.size() == 3) peers.loop.stop();
    };
    const auto send_and_close = [](DataChannel& from) {
      for (int i = 0; i < 200; ++i) from.send(Bytes(10000)).value();
      from.close();
      EXPECT_EQ(from.ready_state(), DataChannelState::kClosing);
      EXPECT_EQ(from.send("late").error().code, ErrorCode::kInvalidState);
    };
    const auto receive = [&](DataChannel& to) {
      to.on_message = [&](const DataMessage& message) { received += message.payload.size(); };
      to.on_closing = [&] {
        EXPECT_EQ(received, 2000000U);
        note("closing");
      };
    };
    channel->on_close = [&] { note("close"); };
    peers.bob.on_data_channel = [&](const std::shared_ptr<DataChannel>& incoming) {
      other = incoming;
      other->on_close = [&] { note("close"); };
      receive(opener_closes ? *other : *channel);
      send_and_close(opener_closes ? *channel : *other);
    };
    peers.negotiate();
    ASSERT_TRUE(peers.run());
    EXPECT_EQ(std::ranges::count(log, "closing"), 1);
    EXPECT_EQ(received, 2000000U);
    EXPECT_EQ(other->ready_state(), DataChannelState::kClosed);
  }
}

TEST(DataChannelStory, AFullBufferIsAnErrorAndTheChannelGoesOn) {
  TwoPeers peers({.include_loopback = true, .send_buffer_limit = 100'000});
  const auto channel = peers.alice.create_data_channel("story").value();
  std::shared_ptr<DataChannel> other;
  std::size_t sent = 0;
  std::size_t received = 0;
  channel->set_buffered_amount_low_threshold(50'000);
  channel->on_open = [&] {
    Result<> result;
    while ((result = channel->send(Bytes(10'000)))) ++sent;
    EXPECT_EQ(result.error().code, ErrorCode::kOperation);
    EXPECT_NE(result.error().message.find("wait for room"), std::string::npos) << result.error().message;
    EXPECT_EQ(channel->ready_state(), DataChannelState::kOpen);
    EXPECT_GT(channel->buffered_amount(), 90'000U);
  };
  channel->on_buffered_amount_low = [&] {
    EXPECT_LE(channel->buffered_amount(), 50'000U);
    channel->send("last").value();
  };
  peers.bob.on_data_channel = [&](const std::shared_ptr<DataChannel>& incoming) {
    other = incoming;
    other->on_message = [&](const DataMessage& message) {
      if (message.is_text) return peers.loop.stop();
      ++received;
    };
  };
  peers.negotiate();
  ASSERT_TRUE(peers.run());
  EXPECT_GE(sent, 10U);
  EXPECT_EQ(received, sent);
}

TEST(DataChannelStory, ABrokenAssociationIsToldAsAnErrorBeforeTheClose) {
  // Bob takes nothing above 1000 bytes, and says otherwise.
  EventLoop loop;
  PeerConnection alice(loop, {.include_loopback = true});
  PeerConnection bob(loop, {.include_loopback = true, .max_message_size = 1000});
  alice.on_ice_candidate = [&](const IceCandidateInit& candidate) { bob.add_ice_candidate(candidate).value(); };
  bob.on_ice_candidate = [&](const IceCandidateInit& candidate) { alice.add_ice_candidate(candidate).value(); };
  const auto channel = alice.create_data_channel("story").value();
  std::vector<std::string> log;
  channel->on_open = [&] {
    EXPECT_EQ(alice.sctp()->max_message_size, 5000U);
    EXPECT_EQ(channel->send(Bytes(5001)).error().code, ErrorCode::kType);
    channel->send(Bytes(5000)).value();
  };
  channel->on_error = [&](const RtcError& error) {
    log.emplace_back(to_string(error.detail));
    EXPECT_EQ(error.sctp_cause_code, 4) << "RFC 9260 §3.3.10.4: Out of Resource";
    EXPECT_EQ(error.code, ErrorCode::kOperation);
    EXPECT_FALSE(error.message.empty());
  };
  channel->on_close = [&] {
    log.emplace_back("close");
    EXPECT_EQ(alice.sctp()->state, SctpTransportState::kClosed);
    loop.stop();
  };
  alice.set_local_description().value();
  bob.set_remote_description(*alice.local_description()).value();
  bob.set_local_description().value();
  SessionDescription answer = *bob.local_description();
  const std::string honest = "a=max-message-size:1000\r\n";
  ASSERT_NE(answer.sdp.find(honest), std::string::npos);
  answer.sdp.replace(answer.sdp.find(honest), honest.size(), "a=max-message-size:5000\r\n");
  alice.set_remote_description(answer).value();
  loop.post_after(20s, [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(log, (std::vector<std::string>{"sctp-failure", "close"}));
}

TEST(DataChannelStory, MessagesCanBeTakenOver) {
  TwoPeers peers;
  const auto channel = peers.alice.create_data_channel("story").value();
  channel->on_open = [&] { channel->send(Bytes(100'000, 7)).value(); };
  std::shared_ptr<DataChannel> other;
  Bytes taken;
  peers.bob.on_data_channel = [&](const std::shared_ptr<DataChannel>& incoming) {
    other = incoming;
    other->on_message = [&](const DataMessage& message) {
      taken = message.take();
      EXPECT_EQ(message.payload.data(), taken.data()) << "nothing was copied";
      peers.loop.stop();
    };
  };
  peers.negotiate();
  ASSERT_TRUE(peers.run());
  EXPECT_EQ(taken, Bytes(100'000, 7));
}

}  // namespace
}  // namespace tidewire::api
