#include "datachannel/channel_table.h"

#include <gtest/gtest.h>

#include "datachannel/dcep.h"
#include "datachannel/pair_for_test.h"

namespace tidewire::datachannel {
namespace {

TEST(ChannelTable, AnnouncesAChannelWithAllItsOptions) {
  Pair pair;
  const DataChannelInit init{.ordered = false, .max_retransmits = 3, .protocol = "proto", .priority = Priority::kHigh};
  const auto id = pair.client.open("label", init);  // before anything is known
  ASSERT_TRUE(id);
  EXPECT_EQ(pair.client.find(*id)->state, ChannelState::kConnecting);
  EXPECT_FALSE(pair.client.find(*id)->init.id);
  pair.start();
  EXPECT_EQ(of<ChannelOpened>(pair.client_events).size(), 1U);
  ASSERT_EQ(of<ChannelAnnounced>(pair.server_events).size(), 1U);
  const Channel* channel = pair.server.find(of<ChannelAnnounced>(pair.server_events)[0].channel);
  ASSERT_TRUE(channel);
  EXPECT_EQ(channel->label, "label");
  DataChannelInit expected = init;
  expected.id = 0;
  EXPECT_EQ(channel->init, expected);
  EXPECT_EQ(channel->state, ChannelState::kOpen);
}

TEST(ChannelTable, ChoosesStreamsByRole) {
  Pair pair;
  pair.start();
  EXPECT_EQ(*pair.client.find(*pair.client.open("", {}))->init.id, 0);
  EXPECT_EQ(*pair.client.find(*pair.client.open("", {}))->init.id, 2);
  EXPECT_EQ(*pair.server.find(*pair.server.open("", {}))->init.id, 1);
  EXPECT_EQ(*pair.server.find(*pair.server.open("", {}))->init.id, 3);
  // A negotiated channel takes any; the search passes over it.
  EXPECT_TRUE(pair.client.open("", {.negotiated = true, .id = 4}));
  EXPECT_EQ(*pair.client.find(*pair.client.open("", {}))->init.id, 6);
}

TEST(ChannelTable, CarriesTextBinaryAndEmptyMessages) {
  Pair pair;
  pair.start();
  const ChannelId id = *pair.client.open("x", {});
  ASSERT_TRUE(pair.client.send_text(id, to_bytes("hello")));
  ASSERT_TRUE(pair.client.send_binary(id, {1, 2, 3}));
  ASSERT_TRUE(pair.client.send_text(id, to_bytes("")));
  ASSERT_TRUE(pair.client.send_binary(id, Bytes()));
  EXPECT_EQ(pair.client.find(id)->buffered_amount, 8U);
  pair.run();
  EXPECT_EQ(pair.client.find(id)->buffered_amount, 0U);
  const auto messages = of<MessageArrived>(pair.server_events);
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_EQ(as_text(messages[0].payload), "hello");
  EXPECT_FALSE(messages[0].binary);
  EXPECT_EQ(messages[1].payload, (Bytes{1, 2, 3}));
  EXPECT_TRUE(messages[1].binary);
  EXPECT_TRUE(messages[2].payload.empty());
  EXPECT_FALSE(messages[2].binary);
  EXPECT_TRUE(messages[3].payload.empty());
  EXPECT_TRUE(messages[3].binary);
  EXPECT_EQ(pair.client_sent[1].ppid, 51U);
  EXPECT_EQ(pair.client_sent[2].ppid, 53U);
  EXPECT_EQ(pair.client_sent[3].ppid, 56U);
  EXPECT_EQ(pair.client_sent[4].ppid, 57U);
}

TEST(ChannelTable, SendsInOrderUntilTheOpenIsAcknowledged) {
  Pair pair;
  pair.start();
  const ChannelId id = *pair.client.open("x", {.ordered = false});
  ASSERT_TRUE(pair.client.send_text(id, to_bytes("early")));
  pair.run();
  ASSERT_TRUE(pair.client.send_text(id, to_bytes("late")));
  pair.run();
  ASSERT_EQ(pair.client_sent.size(), 3U);
  EXPECT_TRUE(pair.client_sent[0].ordered);
  EXPECT_TRUE(pair.client_sent[1].ordered);
  EXPECT_FALSE(pair.client_sent[2].ordered);
}

TEST(ChannelTable, ChecksWhatTheW3cChecks) {
  struct Case {
    const char* what;
    std::size_t label;
    DataChannelInit init;
    ErrorCode code;
  };
  const Case cases[] = {
      {"label too long", 65536, {}, ErrorCode::kType},
      {"protocol too long", 1, {.protocol = std::string(65536, 'p')}, ErrorCode::kType},
      {"both limits", 1, {.max_packet_life_time = 1, .max_retransmits = 1}, ErrorCode::kType},
      {"negotiated without id", 1, {.negotiated = true}, ErrorCode::kType},
      {"id 65535", 1, {.negotiated = true, .id = 65535}, ErrorCode::kType},
      {"id taken", 1, {.negotiated = true, .id = 7}, ErrorCode::kOperation},
  };
  ChannelTable table;
  ASSERT_TRUE(table.open("seven", {.negotiated = true, .id = 7}));
  for (const Case& c : cases) {
    const auto opened = table.open(std::string(c.label, 'l'), c.init);
    ASSERT_FALSE(opened) << c.what;
    EXPECT_EQ(opened.error().code, c.code) << c.what;
  }
  EXPECT_TRUE(table.open(std::string(65535, 'l'), {}));
  EXPECT_EQ(table.size(), 2U);
  table.handle_transport_closed(std::nullopt);
  EXPECT_EQ(table.open("", {}).error().code, ErrorCode::kInvalidState);
}

TEST(ChannelTable, EnforcesLimitsOfMessageAndBuffer) {
  Pair pair;
  pair.client = ChannelTable({.send_buffer_limit = 150});
  pair.start();
  const ChannelId id = *pair.client.open("x", {});
  pair.client.set_max_message_size(100);
  EXPECT_EQ(pair.client.send_binary(id, Bytes(101)).error().code, ErrorCode::kType);
  EXPECT_TRUE(pair.client.send_binary(id, Bytes(100)));
  EXPECT_EQ(pair.client.send_binary(id, Bytes(51)).error().code, ErrorCode::kOperation);
  EXPECT_EQ(pair.client.find(id)->buffered_amount, 100U);
  pair.run();
  pair.client.set_max_message_size(0);
  EXPECT_TRUE(pair.client.send_binary(id, Bytes(150)));
}

TEST(ChannelTable, TellsWhenTheBufferedAmountFallsToTheThreshold) {
  ChannelTable table;
  table.set_role(Role::kDtlsClient);
  table.handle_connected(65535);
  const ChannelId id = *table.open("x", {});
  table.set_buffered_amount_low_threshold(id, 100);
  ASSERT_TRUE(table.send_binary(id, Bytes(300)));
  while (table.poll_action()) {
  }
  std::vector<Event> events;
  for (const std::size_t amount : {310U, 300U, 101U, 100U, 50U, 0U}) table.handle_buffered_amount(0, amount, 1);
  Pair::collect(table, events);
  EXPECT_EQ(of<BufferedAmountLow>(events).size(), 1U);
  EXPECT_EQ(table.find(id)->buffered_amount, 0U);
}

TEST(ChannelTable, RunsOutOfStreamsWithAnError) {
  ChannelTable table;
  table.set_role(Role::kDtlsClient);
  table.handle_connected(10);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(table.open("", {}));
  EXPECT_EQ(table.open("", {}).error().code, ErrorCode::kOperation);
  EXPECT_EQ(table.open("", {.negotiated = true, .id = 10}).error().code, ErrorCode::kOperation);
  EXPECT_EQ(table.size(), 5U);
}

TEST(ChannelTable, BoundsWhatThePeersNamesTake) {
  ChannelTable table;
  table.set_role(Role::kDtlsServer);
  table.handle_connected(65535);
  const Bytes open = build_open({.label = std::string(65535, 'l'), .protocol = std::string(65535, 'p')});
  for (std::uint16_t stream = 0; stream < 1000; stream += 2) table.handle_message({stream, kPpidControl, open});
  EXPECT_EQ(table.size(), ChannelTable::kMaxAnnouncedNames / open.size());
  // Closing one makes room.
  const std::vector<std::uint16_t> zero{0};
  table.handle_incoming_reset(zero);
  table.handle_outgoing_reset(zero, Timestamp{});
  std::vector<Event> events;
  Pair::collect(table, events);
  const std::size_t before = table.size();
  table.handle_message({0, kPpidControl, open});
  table.handle_message({2000, kPpidControl, open});
  EXPECT_EQ(table.size(), before + 1);
}

TEST(ChannelTable, DeliversNothingOfUnknownKindsOrForNoChannel) {
  Pair pair;
  pair.start();
  const ChannelId id = *pair.client.open("x", {});
  pair.run();
  for (const std::uint32_t ppid : {0U, 49U, 52U, 54U, 55U, 58U}) pair.client.handle_message({0, ppid, {1}});
  pair.client.handle_message({8, kPpidString, {1}});
  pair.client.handle_message({0, kPpidControl, {}});
  pair.client.handle_message({0, kPpidControl, {9}});
  pair.run();
  EXPECT_TRUE(of<MessageArrived>(pair.client_events).empty());
  EXPECT_EQ(pair.client.find(id)->state, ChannelState::kOpen);
}

TEST(ChannelTable, CarriesNegotiatedChannelsWithoutAnOpen) {
  Pair pair;
  const DataChannelInit init{.ordered = false, .negotiated = true, .id = 5};
  const ChannelId here = *pair.client.open("x", init);
  const ChannelId there = *pair.server.open("x", init);
  pair.start();
  EXPECT_TRUE(pair.client_sent.empty());
  ASSERT_TRUE(pair.client.send_text(here, to_bytes("hi")));
  pair.run();
  ASSERT_EQ(pair.client_sent.size(), 1U);
  EXPECT_FALSE(pair.client_sent[0].ordered);
  ASSERT_EQ(of<MessageArrived>(pair.server_events).size(), 1U);
  EXPECT_EQ(of<MessageArrived>(pair.server_events)[0].channel, there);
}

}  // namespace
}  // namespace tidewire::datachannel
