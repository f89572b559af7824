// How channels end, from either side, and when their streams are free again.
#include "datachannel/channel_table.h"

#include <gtest/gtest.h>

#include "datachannel/dcep.h"
#include "datachannel/pair_for_test.h"

namespace tidewire::datachannel {
namespace {

TEST(ChannelTable, ClosesBothWaysAndOnlyThenUsesTheStreamAgain) {
  Pair pair;
  pair.start();
  const ChannelId id = *pair.client.open("x", {.negotiated = false});
  pair.run();
  const ChannelId there = of<ChannelAnnounced>(pair.server_events)[0].channel;
  pair.client.close(id);
  EXPECT_EQ(pair.client.find(id)->state, ChannelState::kClosing);
  EXPECT_EQ(pair.client.send_text(id, to_bytes("x")).error().code, ErrorCode::kInvalidState);
  EXPECT_FALSE(pair.client.open("", {.negotiated = true, .id = 0}));
  pair.run();
  EXPECT_EQ(of<ChannelClosed>(pair.client_events).size(), 1U);
  EXPECT_TRUE(of<ChannelClosing>(pair.client_events).empty());
  ASSERT_EQ(of<ChannelClosing>(pair.server_events).size(), 1U);
  EXPECT_EQ(of<ChannelClosed>(pair.server_events)[0].channel, there);
  EXPECT_FALSE(of<ChannelClosed>(pair.server_events)[0].error);
  EXPECT_EQ(pair.client.size(), 0U);
  EXPECT_EQ(pair.server.size(), 0U);
  EXPECT_TRUE(pair.client.open("", {.negotiated = true, .id = 0}));
}

TEST(ChannelTable, KeepsANewChannelsMessagesWhileTheOldResetIsUnconfirmed) {
  ChannelTable table;
  table.set_role(Role::kDtlsServer);
  table.handle_connected(65535);
  const std::vector<std::uint16_t> zero{0};
  table.handle_message({0, kPpidControl, build_open({.label = "old"})});
  table.handle_incoming_reset(zero);
  table.handle_message({0, kPpidControl, build_open({.label = "new"})});
  table.handle_message({0, kPpidString, {'h', 'i'}});
  table.handle_outgoing_reset(zero, Timestamp{});
  std::vector<Event> events;
  Pair::collect(table, events);
  ASSERT_EQ(of<ChannelAnnounced>(events).size(), 2U);
  EXPECT_EQ(of<ChannelClosed>(events).size(), 1U);
  EXPECT_EQ(of<MessageArrived>(events).size(), 1U);
  EXPECT_EQ(table.find(of<ChannelAnnounced>(events)[1].channel)->label, "new");
}

TEST(ChannelTable, ClosesTheStreamOfABadOpen) {
  struct Case {
    const char* what;
    std::uint16_t stream;
    Bytes payload;
  };
  Bytes lying = build_open({.label = "label"});
  lying[9] = 200;
  const Case cases[] = {
      {"wrong parity", 1, build_open({})},
      {"lying length", 2, lying},
      {"unknown type", 4, {3, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
  };
  for (const Case& c : cases) {
    ChannelTable table;
    table.set_role(Role::kDtlsServer);
    table.handle_connected(65535);
    table.handle_message({c.stream, kPpidControl, c.payload});
    table.handle_message({c.stream, kPpidControl, c.payload});
    table.handle_message({c.stream, kPpidString, {1}});
    EXPECT_FALSE(table.poll_event()) << c.what;
    const auto action = table.poll_action();
    ASSERT_TRUE(action) << c.what;
    EXPECT_EQ(std::get<ResetStreams>(*action).streams, std::vector{c.stream}) << c.what;
    EXPECT_FALSE(table.poll_action()) << c.what;
  }
}

TEST(ChannelTable, ClosesAChannelWhoseStreamIsOpenedAgain) {
  Pair pair;
  pair.start();
  const ChannelId id = *pair.client.open("x", {});
  pair.run();
  pair.server.handle_message({0, kPpidControl, build_open({})});
  pair.run();
  EXPECT_EQ(of<ChannelClosed>(pair.server_events).size(), 1U);
  EXPECT_EQ(of<ChannelClosed>(pair.client_events).size(), 1U);
  EXPECT_EQ(pair.client.find(id), nullptr);
}

TEST(ChannelTable, ClosesEverythingWithTheTransport) {
  Pair pair;
  pair.start();
  ASSERT_TRUE(pair.client.open("a", {}));
  ASSERT_TRUE(pair.client.open("b", {}));
  pair.client.handle_transport_closed(RtcError{Error{ErrorCode::kOperation, "gone"}, RtcErrorDetail::kSctpFailure, 12});
  pair.run();
  const auto closed = of<ChannelClosed>(pair.client_events);
  ASSERT_EQ(closed.size(), 2U);
  EXPECT_EQ(closed[0].error->message, "gone");
  EXPECT_EQ(to_string(closed[0].error->detail), "sctp-failure");
  EXPECT_EQ(closed[0].error->sctp_cause_code, 12);
  EXPECT_EQ(pair.client.size(), 0U);
}

TEST(ChannelTable, RefusesANewChannelWhoseMessagesDoNotFitWhileTheOldResetIsUnconfirmed) {
  ChannelTable table;
  table.set_role(Role::kDtlsServer);
  table.handle_connected(65535);
  const std::vector<std::uint16_t> zero{0};
  table.handle_message({0, kPpidControl, build_open({.label = "old"})});
  table.handle_incoming_reset(zero);
  table.handle_message({0, kPpidControl, build_open({.label = "new"})});
  for (std::size_t sent = 0; sent <= ChannelTable::kMaxEarlyBytes; sent += 256 * 1024) {
    table.handle_message({0, kPpidBinary, Bytes(256 * 1024)});
  }
  while (table.poll_action()) {
  }
  table.handle_outgoing_reset(zero, Timestamp{});
  std::vector<Event> events;
  Pair::collect(table, events);
  EXPECT_EQ(of<ChannelAnnounced>(events).size(), 1U);
  EXPECT_TRUE(of<MessageArrived>(events).empty());
  const auto action = table.poll_action();
  ASSERT_TRUE(action);
  EXPECT_EQ(std::get<ResetStreams>(*action).streams, zero);
  // After that the stream is as good as new.
  table.handle_outgoing_reset(zero, Timestamp{});
  table.handle_message({0, kPpidControl, build_open({.label = "third"})});
  EXPECT_EQ(table.size(), 1U);
}

TEST(ChannelTable, ClosesWhenBothSidesCloseAtOnce) {
  Pair pair;
  pair.start();
  const ChannelId id = *pair.client.open("x", {});
  pair.run();
  pair.client.close(id);
  pair.server.close(of<ChannelAnnounced>(pair.server_events)[0].channel);
  pair.run();
  for (const auto* events : {&pair.client_events, &pair.server_events}) {
    EXPECT_TRUE(of<ChannelClosing>(*events).empty());
    EXPECT_EQ(of<ChannelClosed>(*events).size(), 1U);
  }
}

TEST(ChannelTable, ClosesHereWhenThePeerRefusesTheReset) {
  ChannelTable table;
  table.set_role(Role::kDtlsClient);
  table.handle_connected(65535);
  const std::vector<std::uint16_t> zero{0};
  table.close(*table.open("x", {}));
  table.handle_reset_failed(zero);
  std::vector<Event> events;
  Pair::collect(table, events);
  EXPECT_EQ(of<ChannelClosed>(events).size(), 1U);
  EXPECT_FALSE(table.open("", {.negotiated = true, .id = 0})) << "the stream is not to be used again";
  EXPECT_EQ(*table.find(*table.open("", {}))->init.id, 2);
}

TEST(ChannelTable, UsesStreamsBelow1024AgainBeforeHigherOnes) {
  Pair pair;
  pair.start();
  for (int i = 0; i < 1000; ++i) {
    const ChannelId id = *pair.client.open("x", {});
    EXPECT_EQ(*pair.client.find(id)->init.id, i * 2 % 1024);
    pair.run();
    pair.client.close(id);
    pair.run();
  }
  for (int i = 0; i < 512; ++i) EXPECT_LT(*pair.client.find(*pair.client.open("x", {}))->init.id, 1024);
  EXPECT_EQ(*pair.client.find(*pair.client.open("x", {}))->init.id, 1024);
}

TEST(ChannelTable, ClosesEveryChannelWhenThePeerResetsAllStreams) {
  Pair pair;
  pair.start();
  ASSERT_TRUE(pair.client.open("a", {}));
  ASSERT_TRUE(pair.server.open("b", {}));
  pair.run();
  pair.client.handle_incoming_reset_of_all();
  pair.run();
  EXPECT_EQ(of<ChannelClosing>(pair.client_events).size(), 2U);
  EXPECT_EQ(of<ChannelClosed>(pair.client_events).size(), 2U);
}

TEST(ChannelTable, ClosesANewChannelThatThePeerClosedBeforeTheOldResetIsConfirmed) {
  ChannelTable table;
  table.set_role(Role::kDtlsServer);
  table.handle_connected(65535);
  const std::vector<std::uint16_t> zero{0};
  for (const char* label : {"old", "new"}) {
    table.handle_message({0, kPpidControl, build_open({.label = label})});
    table.handle_incoming_reset(zero);
  }
  table.handle_outgoing_reset(zero, Timestamp{});
  table.handle_outgoing_reset(zero, Timestamp{});
  std::vector<Event> events;
  Pair::collect(table, events);
  EXPECT_EQ(of<ChannelAnnounced>(events).size(), 2U);
  EXPECT_EQ(of<ChannelClosed>(events).size(), 2U);
  EXPECT_EQ(table.size(), 0U);
}

TEST(ChannelTable, EndsAChannelWhosePeerNeverClosesItsSide) {
  ChannelTable table;
  table.set_role(Role::kDtlsClient);
  table.handle_connected(65535);
  const std::vector<std::uint16_t> zero{0};
  const ChannelId id = *table.open("x", {});
  std::vector<Event> events;
  table.close(id);
  EXPECT_EQ(table.next_timeout(), kNever);
  const Timestamp confirmed{std::chrono::seconds(5)};
  table.handle_outgoing_reset(zero, confirmed);
  ASSERT_EQ(table.next_timeout(), confirmed + ChannelTable::kClosingPatience);
  table.handle_timeout(table.next_timeout() - std::chrono::nanoseconds(1));
  EXPECT_EQ(table.find(id)->state, ChannelState::kClosing);
  table.handle_timeout(table.next_timeout());
  Pair::collect(table, events);
  ASSERT_EQ(of<ChannelClosed>(events).size(), 1U);
  EXPECT_FALSE(of<ChannelClosed>(events)[0].error);
  EXPECT_EQ(table.next_timeout(), kNever);
  // The stream is the old channel's until the peer says that it is done with it.
  EXPECT_FALSE(table.open("", {.negotiated = true, .id = 0}));
  table.handle_message({0, kPpidString, {'x'}});
  EXPECT_FALSE(table.poll_event());
  table.handle_incoming_reset(zero);
  EXPECT_TRUE(table.open("", {.negotiated = true, .id = 0}));
}

TEST(ChannelTable, IsPatientNoLongerWithWhatIsClosed) {
  ChannelTable table;
  table.set_role(Role::kDtlsClient);
  table.handle_connected(65535);
  const std::vector<std::uint16_t> both{0, 2};
  const std::vector<std::uint16_t> zero{0};
  for (int i = 0; i < 2; ++i) table.close(*table.open("x", {}));
  table.handle_outgoing_reset(both, Timestamp{});
  EXPECT_NE(table.next_timeout(), kNever);
  table.handle_incoming_reset(zero);
  EXPECT_NE(table.next_timeout(), kNever);
  table.handle_transport_closed(std::nullopt);
  EXPECT_EQ(table.next_timeout(), kNever);
}

}  // namespace
}  // namespace tidewire::datachannel
