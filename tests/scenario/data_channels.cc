// What channels promise, over links that lose packets and are slow.
#include <gtest/gtest.h>

#include <algorithm>

#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

const sim::LinkConfig kPoorLink{.bits_per_second = 4'000'000, .delay = 20ms, .loss = 0.02};

std::ptrdiff_t count(const std::vector<std::string>& log, std::string_view what) {
  return std::ranges::count_if(log, [&](const std::string& entry) { return entry.starts_with(what); });
}

TEST(DataChannels, WhoeverClosesWhatWasSentIsDeliveredFirst) {
  for (const bool alice_closes : {true, false}) {
    SimulatedCall call({.link = kPoorLink, .media = false});
    call.click();
    ASSERT_TRUE(call.run_until_established());
    Peer& from = alice_closes ? call.alice : call.bob;
    Peer& to = alice_closes ? call.bob : call.alice;
    const ChannelId channel = alice_closes ? call.channel : call.bob.channels.at(0);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(from.session.send_binary(channel, Bytes(10'000), call.now()));
    from.session.close_data_channel(channel, call.now());
    const auto closed = [](const Peer& peer) { return count(peer.channel_log, "close") == 1; };
    ASSERT_TRUE(call.run_until([&] { return closed(from) && closed(to); }, 60s));
    EXPECT_EQ(from.channel_log.back(), "close 0");
    EXPECT_EQ(count(from.channel_log, "closing"), 0) << "that is for the other side";
    EXPECT_EQ(count(to.channel_log, "message 10000"), 100);
    EXPECT_EQ((std::vector(to.channel_log.end() - 2, to.channel_log.end())),
              (std::vector<std::string>{"closing", "close 0"}));
    EXPECT_FALSE(from.session.channel(channel));
  }
}

TEST(DataChannels, AFarewellClosesThemAndTellsWhatWasNotSent) {
  SimulatedCall call({.link = kPoorLink, .media = false});
  call.click();
  ASSERT_TRUE(call.run_until_established());
  ASSERT_TRUE(call.alice.session.send_binary(call.channel, Bytes(200'000), call.now()));
  ASSERT_TRUE(call.alice.session.send_binary(call.channel, Bytes(200'000), call.now()));
  call.bob.session.close(call.now());
  ASSERT_TRUE(call.run_until([&] { return count(call.alice.channel_log, "close") == 1; }));
  EXPECT_NE(call.alice.channel_log.back(), "close 0");
  EXPECT_EQ(call.alice.sctp_states, (std::vector{SctpTransportState::kConnected, SctpTransportState::kClosed}));
  EXPECT_EQ(call.alice.session.sctp()->state, SctpTransportState::kClosed);
}

TEST(DataChannels, UnreliableOnesLoseSomeAndReliableOnesNone) {
  SimulatedCall call({.link = {.delay = 20ms, .loss = 0.1}, .media = false});
  const ChannelId lossy =
      call.alice.session.create_data_channel("lossy", {.ordered = false, .max_retransmits = 0}).value();
  const ChannelId brief =
      call.alice.session.create_data_channel("brief", {.ordered = false, .max_packet_life_time = 1}).value();
  call.click();
  ASSERT_TRUE(call.run_until([&] { return call.established() && call.bob.channels.size() == 3; }));
  // Once both OPENs are acknowledged: RFC 8832 §6.
  call.simulation.run_for(5s);
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(call.alice.session.send_binary(call.channel, Bytes(1), call.now()));
    ASSERT_TRUE(call.alice.session.send_binary(lossy, Bytes(2), call.now()));
    ASSERT_TRUE(call.alice.session.send_binary(brief, Bytes(3), call.now()));
    call.simulation.run_for(5ms);
  }
  call.simulation.run_for(10s);
  EXPECT_EQ(count(call.bob.channel_log, "message 1"), 300);
  for (const char* limited : {"message 2", "message 3"}) {
    EXPECT_GT(count(call.bob.channel_log, limited), 200) << limited;
    EXPECT_LT(count(call.bob.channel_log, limited), 300) << limited;
  }
}

TEST(DataChannels, TheLargestMessageIsWhatThePeerSays) {
  SimulatedCall call({.media = false, .bob = {.peer = {.max_message_size = 1'000'000}}});
  call.click();
  ASSERT_TRUE(call.run_until_established());
  EXPECT_EQ(call.alice.session.sctp()->max_message_size, 1'000'000U);
  EXPECT_EQ(call.bob.session.sctp()->max_message_size, 256U * 1024);
  const auto refused = call.alice.session.send_binary(call.channel, Bytes(1'000'001), call.now());
  EXPECT_EQ(refused.error().code, ErrorCode::kType);
  EXPECT_NE(refused.error().message.find("1000000"), std::string::npos) << refused.error().message;
  ASSERT_TRUE(call.alice.session.send_binary(call.channel, Bytes(1'000'000), call.now()));
  EXPECT_TRUE(call.run_until([&] { return count(call.bob.channel_log, "message 1000000") == 1; }));
}

TEST(DataChannels, TellWhenThereIsRoomAgain) {
  SimulatedCall call({.link = kPoorLink, .media = false, .alice = {.peer = {.send_buffer_limit = 100'000}}});
  call.click();
  ASSERT_TRUE(call.run_until_established());
  Session& session = call.alice.session;
  session.set_buffered_amount_low_threshold(call.channel, 20'000);
  ASSERT_TRUE(*session.writable(call.channel, 100'000));
  while (session.send_binary(call.channel, Bytes(10'000), call.now())) {
  }
  EXPECT_FALSE(*session.writable(call.channel, 50'000));
  EXPECT_EQ(count(call.alice.channel_log, "low"), 0);
  ASSERT_TRUE(call.run_until([&] { return count(call.alice.channel_log, "low") == 1; }));
  EXPECT_LE(session.buffered_amount(call.channel), 20'000U);
  EXPECT_TRUE(*session.writable(call.channel, 50'000));
}

TEST(DataChannels, PrioritiesReachTheOtherSide) {
  SimulatedCall call({.media = false});
  for (const Priority priority : {Priority::kVeryLow, Priority::kMedium, Priority::kHigh}) {
    (void)call.alice.session.create_data_channel("x", {.priority = priority}).value();
  }
  call.click();
  ASSERT_TRUE(call.run_until([&] { return call.bob.channels.size() == 4; }));
  std::vector<Priority> seen;
  for (const ChannelId id : call.bob.channels) seen.push_back(call.bob.session.channel(id)->init.priority);
  EXPECT_EQ(seen, (std::vector{Priority::kVeryLow, Priority::kMedium, Priority::kHigh, Priority::kLow}));
}

TEST(DataChannels, BothSidesOpenManyAndStreamsAreUsedAgain) {
  SimulatedCall call({.media = false});
  call.click();
  ASSERT_TRUE(call.run_until_established());
  constexpr std::size_t kMany = 32'766;
  std::vector<ChannelId> ours;
  for (std::size_t i = 0; i < kMany; ++i) {
    ours.push_back(call.alice.session.create_data_channel("a").value());
    (void)call.bob.session.create_data_channel("b").value();
  }
  // They are announced when the session is next asked what to send.
  call.alice.session.send_text(ours.back(), "wake", call.now()).value();
  ASSERT_TRUE(call.run_until(
      [&] { return call.bob.channels.size() == kMany + 1 && call.alice.channels.size() == kMany; }, 60s));
  // RFC 8832 §6: one parity each.
  const int parity = *call.alice.session.channel(call.channel)->init.id % 2;
  for (const ChannelId id : ours) EXPECT_EQ(*call.alice.session.channel(id)->init.id % 2, parity);
  for (const ChannelId id : call.alice.channels) EXPECT_NE(*call.alice.session.channel(id)->init.id % 2, parity);
  for (const ChannelId id : ours) call.alice.session.close_data_channel(id, call.now());
  ASSERT_TRUE(call.run_until(
      [&] {
        return count(call.alice.channel_log, "close 0") == kMany && count(call.bob.channel_log, "close 0") == kMany;
      },
      60s));
  EXPECT_EQ(call.alice.session.stats(call.now()).data_channels.size(), kMany + 1);
  EXPECT_TRUE(call.alice.session.create_data_channel("again"));
}

}  // namespace
}  // namespace tidewire::scenario
