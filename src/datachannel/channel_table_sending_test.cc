// What send() takes, what it refuses, and who may send when there is little room.
#include "datachannel/channel_table.h"

#include <gtest/gtest.h>

#include "datachannel/dcep.h"
#include "datachannel/pair_for_test.h"

namespace tidewire::datachannel {
namespace {

TEST(ChannelTable, GivesEveryMessageThePriorityOfItsChannel) {
  struct Case {
    Priority priority;
    std::uint16_t value;
  };
  const Case cases[] = {
      {Priority::kVeryLow, 128}, {Priority::kLow, 256}, {Priority::kMedium, 512}, {Priority::kHigh, 1024}};
  for (const Case& c : cases) {
    Pair pair;
    pair.start();
    const ChannelId id = *pair.client.open("x", {.priority = c.priority});
    ASSERT_TRUE(pair.client.send_text(id, to_bytes("hello")));
    pair.run();
    ASSERT_EQ(pair.client_sent.size(), 2U);
    EXPECT_EQ(parse_open(pair.client_sent[0].payload)->priority, c.value);
    EXPECT_EQ(pair.client_sent[0].priority, c.value);
    EXPECT_EQ(pair.client_sent[1].priority, c.value);
    const ChannelId there = of<ChannelAnnounced>(pair.server_events)[0].channel;
    EXPECT_EQ(pair.server.find(there)->init.priority, c.priority);
  }
}

TEST(ChannelTable, MovesAPayloadAndLeavesItOnAnError) {
  Pair pair;
  pair.start();
  pair.client.set_max_message_size(100);
  const ChannelId id = *pair.client.open("x", {});
  while (pair.client.poll_action()) {
  }
  Bytes payload(100, 7);
  const std::uint8_t* data = payload.data();
  ASSERT_TRUE(pair.client.send_binary(id, std::move(payload)));
  EXPECT_EQ(std::get<SendMessage>(*pair.client.poll_action()).payload.data(), data);
  Bytes large(101, 7);
  EXPECT_FALSE(pair.client.send_binary(id, std::move(large)));
  EXPECT_EQ(large.size(), 101U);  // NOLINT: it was not moved
}

TEST(ChannelTable, SaysInEveryRefusalWhatToDo) {
  ChannelTable table({.send_buffer_limit = 100});
  table.set_role(Role::kDtlsClient);
  const ChannelId id = *table.open("x", {});
  EXPECT_NE(table.send_text(id, to_bytes("x")).error().message.find("not open yet"), std::string::npos);
  table.handle_connected(65535);
  ASSERT_TRUE(table.send_text(id, to_bytes(std::string(60, 'x'))));
  const Error full = table.send_text(id, to_bytes(std::string(41, 'x'))).error();
  EXPECT_EQ(full.code, ErrorCode::kOperation);
  EXPECT_NE(full.message.find("60 of 100 bytes"), std::string::npos) << full.message;
  EXPECT_NE(full.message.find("wait for room"), std::string::npos) << full.message;
  EXPECT_EQ(table.find(id)->state, ChannelState::kOpen);
  EXPECT_TRUE(table.send_text(id, to_bytes(std::string(40, 'x'))));
  table.set_max_message_size(10);
  EXPECT_NE(table.send_text(id, to_bytes("more than ten")).error().message.find("in parts"), std::string::npos);
}

TEST(ChannelTable, TakesAMessageLargerThanTheBufferWhenNothingWaits) {
  ChannelTable table({.send_buffer_limit = 100});
  table.set_role(Role::kDtlsClient);
  table.handle_connected(65535);
  const ChannelId id = *table.open("x", {});
  while (table.poll_action()) {
  }
  ASSERT_TRUE(table.send_text(id, to_bytes("x")));
  EXPECT_FALSE(table.send_binary(id, Bytes(1000)));
  while (table.poll_action()) {
  }
  table.handle_buffered_amount(0, 0, 0);
  EXPECT_TRUE(table.send_binary(id, Bytes(1000)));
  EXPECT_FALSE(table.send_text(id, to_bytes("x")));
}

TEST(ChannelTable, CountsWhatStandsForEmptyMessagesAgainstTheLimit) {
  ChannelTable table({.send_buffer_limit = 10});
  table.set_role(Role::kDtlsClient);
  table.handle_connected(65535);
  const ChannelId id = *table.open("x", {});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(table.send_text(id, to_bytes("")));
  EXPECT_EQ(table.find(id)->buffered_amount, 0U);
  EXPECT_FALSE(table.send_text(id, to_bytes("x")));
}

TEST(ChannelTable, LetsThoseWhoWaitLeaveRoomToTheOthers) {
  ChannelTable table({.send_buffer_limit = 1000, .writable_limit = 100});
  table.set_role(Role::kDtlsClient);
  const ChannelId one = *table.open("one", {});
  const ChannelId two = *table.open("two", {});
  EXPECT_FALSE(*table.writable(one, 1)) << "it is not open yet";
  table.handle_connected(65535);
  EXPECT_TRUE(*table.writable(one, 500)) << "nothing waits on it";
  ASSERT_TRUE(table.send_binary(one, Bytes(60)));
  EXPECT_TRUE(*table.writable(one, 40));
  EXPECT_FALSE(*table.writable(one, 41));
  EXPECT_TRUE(*table.writable(two, 100));
  ASSERT_TRUE(table.send_binary(one, Bytes(940)));
  EXPECT_FALSE(*table.writable(two, 1)) << "the others fill the buffer";
  EXPECT_EQ(table.writable(two, 65537).error().code, ErrorCode::kType);
  table.close(two);
  EXPECT_EQ(table.writable(two, 1).error().code, ErrorCode::kInvalidState);
  EXPECT_EQ(table.writable(ChannelId(99), 1).error().code, ErrorCode::kInvalidState);
}

TEST(ChannelTable, TellsWhatWasNeverSentWhenItCloses) {
  ChannelTable table;
  table.set_role(Role::kDtlsClient);
  table.handle_connected(65535);
  const ChannelId id = *table.open("x", {});
  ASSERT_TRUE(table.send_text(id, to_bytes("never")));
  table.handle_transport_closed(std::nullopt);
  std::vector<Event> events;
  Pair::collect(table, events);
  ASSERT_EQ(of<ChannelClosed>(events).size(), 1U);
  EXPECT_EQ(of<ChannelClosed>(events)[0].unsent, 5U);
}

TEST(ChannelTable, HoldsAChannelOnEveryStreamAndUsesStreamsAgain) {
  Pair pair;
  // Before the roles are known, as most programs do it.
  std::vector<ChannelId> ids;
  for (int i = 0; i < 32768; ++i) ids.push_back(*pair.client.open("c", {}));
  for (int i = 0; i < 32767; ++i) ASSERT_TRUE(pair.server.open("s", {}));
  pair.start();
  EXPECT_EQ(pair.client.size(), 65535U);
  EXPECT_EQ(pair.server.size(), 65535U);
  EXPECT_EQ(*pair.client.find(ids.back())->init.id, 65534);
  EXPECT_EQ(of<ChannelAnnounced>(pair.client_events).size(), 32767U);
  const auto refused = pair.client.open("one too many", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOperation);
  pair.client.close(ids[1000]);
  EXPECT_FALSE(pair.client.open("too early", {}));
  pair.run();
  EXPECT_EQ(*pair.client.find(*pair.client.open("again", {}))->init.id, 2000);
}

TEST(ChannelTable, TinyMessagesFillTheBufferToo) {
  ChannelTable table({.send_buffer_limit = 128 * 1000});
  table.set_role(Role::kDtlsClient);
  table.handle_connected(65535);
  const ChannelId id = table.open("tiny", {}).value();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(table.send_binary(id, {1})) << i;
  const Error full = table.send_binary(id, {1}).error();
  EXPECT_EQ(full.code, ErrorCode::kOperation);
  EXPECT_NE(full.message.find("1000 messages"), std::string::npos) << full.message;
  while (table.poll_action()) {
  }
  table.handle_buffered_amount(0, 999, 999);
  EXPECT_TRUE(table.send_binary(id, {1}));
  EXPECT_FALSE(table.send_binary(id, {1}));
}

}  // namespace
}  // namespace tidewire::datachannel
