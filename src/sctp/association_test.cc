// Two associations talk: what each promises, over good and bad links.
#include "sctp/association.h"

#include <gtest/gtest.h>

#include "sctp/wire_for_test.h"

namespace tidewire::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SctpAssociation, ConnectsWhenBothSidesOpenAtOnce) {
  Wire wire;
  wire.connect();
  ASSERT_TRUE(wire.a.association.connected());
  ASSERT_TRUE(wire.b.association.connected());
  ASSERT_EQ(wire.a.of<Connected>().size(), 1U);
  ASSERT_EQ(wire.b.of<Connected>().size(), 1U);
  EXPECT_TRUE(wire.a.of<Connected>()[0].peer_resets_streams);
  EXPECT_TRUE(wire.a.of<Connected>()[0].peer_skips_abandoned);
  EXPECT_EQ(wire.a.of<Connected>()[0].outgoing_streams, 65535);
  // INIT, INIT ACK, COOKIE ECHO: connected on the other side's COOKIE ECHO after three one-way delays.
  EXPECT_EQ(wire.now - Timestamp{} - seconds(1000), milliseconds(60));
}

TEST(SctpAssociation, ConnectsWhenOneSideOpens) {
  Wire wire;
  wire.a.association.connect(wire.now);
  EXPECT_TRUE(wire.run_while([&] { return !wire.a.association.connected() || !wire.b.association.connected(); }));
  EXPECT_EQ(wire.b.of<Connected>().size(), 1U);
}

TEST(SctpAssociation, ConnectsWhateverIsLostOnTheWay) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Wire wire({.seed = seed, .loss_percent = 40, .reorder_percent = 30, .duplicate_percent = 20});
    wire.connect();
    ASSERT_TRUE(wire.a.association.connected() && wire.b.association.connected()) << "seed " << seed;
    ASSERT_TRUE(wire.a.association.send(message(1, {1, 2, 3}), wire.now).has_value());
    ASSERT_TRUE(wire.run_while([&] { return wire.b.messages.empty(); })) << "seed " << seed;
    ASSERT_EQ(wire.a.of<Connected>().size(), 1U) << "seed " << seed;
  }
}

TEST(SctpAssociation, SendsDataTogetherWithTheCookie) {
  Wire wire;
  ASSERT_TRUE(wire.a.association.send(message(0, {42}), wire.now).has_value());
  wire.a.association.connect(wire.now);
  EXPECT_TRUE(wire.run_while([&] { return wire.b.messages.empty(); }));
  EXPECT_EQ(wire.now - Timestamp{} - seconds(1000), milliseconds(60));
}

struct Link {
  std::uint32_t loss;
  std::uint32_t reorder;
  std::uint32_t duplicate;
  bool interleaving = true;
};

class SctpLinks : public testing::TestWithParam<Link> {
 protected:
  static WireOptions options(std::uint64_t seed) {
    const Link link = GetParam();
    WireOptions options{
        .seed = seed, .loss_percent = link.loss, .reorder_percent = link.reorder, .duplicate_percent = link.duplicate};
    // The numbers wrap early on.
    options.a.initial_tsn = 0xfffffff0;
    options.b.initial_tsn = 0xffffffff;
    options.b.interleaving = link.interleaving;
    return options;
  }
};

TEST_P(SctpLinks, DeliverEveryOrderedMessageInOrderBothWays) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Wire wire(options(seed));
    wire.connect();
    constexpr std::uint32_t kMessages = 300;
    for (std::uint32_t i = 0; i < kMessages; ++i) {
      const std::size_t size = 1 + (i * 7919) % 5000;
      ASSERT_TRUE(
          wire.a.association.send(message(static_cast<std::uint16_t>(i % 3), pattern(size, i)), wire.now).has_value());
      ASSERT_TRUE(
          wire.b.association.send(message(static_cast<std::uint16_t>(i % 3), pattern(size / 3 + 1, i)), wire.now)
              .has_value());
    }
    ASSERT_TRUE(wire.run_while([&] {
      return wire.a.messages.size() < kMessages || wire.b.messages.size() < kMessages;
    })) << "seed "
        << seed;
    std::map<StreamId, std::uint32_t> next;
    for (const MessageReceived& received : wire.b.messages) {
      const std::uint32_t i = received.stream.value() + 3 * next[received.stream]++;
      ASSERT_EQ(received.payload, pattern(1 + (i * 7919) % 5000, i)) << "seed " << seed;
      ASSERT_TRUE(received.ordered);
    }
    wire.run_for(seconds(20));
    EXPECT_EQ(wire.a.messages.size(), kMessages);
    EXPECT_EQ(wire.b.messages.size(), kMessages);
    EXPECT_EQ(wire.a.association.stats().flight_size, 0U);
    EXPECT_EQ(wire.b.association.stats().receive_buffered, 0U);
    EXPECT_EQ(wire.a.association.buffered_amount(), 0U);
    EXPECT_EQ(wire.b.association.stats().packets_dropped, 0U);
  }
}

TEST_P(SctpLinks, DeliverEveryUnorderedMessageOnce) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Wire wire(options(seed));
    wire.connect();
    constexpr std::uint32_t kMessages = 300;
    std::map<Bytes, int> expected;
    for (std::uint32_t i = 0; i < kMessages; ++i) {
      const Bytes payload = pattern(4 + (i * 7919) % 4000, i);
      ++expected[payload];
      ASSERT_TRUE(wire.a.association.send(message(7, payload, {.ordered = false}), wire.now).has_value());
    }
    ASSERT_TRUE(wire.run_while([&] { return wire.b.messages.size() < kMessages; })) << "seed " << seed;
    wire.run_for(seconds(20));
    std::map<Bytes, int> got;
    for (const MessageReceived& received : wire.b.messages) ++got[received.payload];
    EXPECT_EQ(got, expected) << "seed " << seed;
  }
}

TEST_P(SctpLinks, GiveUpWhatIsLimitedAndDeliverTheRestInOrder) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    for (const bool by_time : {false, true}) {
      for (const bool ordered : {false, true}) {
        Wire wire(options(seed));
        wire.connect();
        SendOptions limited{.ordered = ordered};
        if (by_time)
          limited.lifetime = milliseconds(100);
        else
          limited.max_retransmits = 0;
        constexpr std::uint32_t kMessages = 200;
        for (std::uint32_t i = 0; i < kMessages; ++i) {
          const bool reliable = i % 10 == 9;
          Bytes payload = pattern(1500, i);
          payload[0] = static_cast<std::uint8_t>(i);
          ASSERT_TRUE(wire.a.association
                          .send(message(1, payload, reliable ? SendOptions{.ordered = ordered} : limited), wire.now)
                          .has_value());
          wire.run_for(milliseconds(3));
        }
        wire.run_for(seconds(60));
        int last = -1;
        std::uint32_t reliable = 0;
        for (const MessageReceived& received : wire.b.messages) {
          const std::uint32_t i = received.payload[0];
          Bytes payload = pattern(1500, i);
          payload[0] = static_cast<std::uint8_t>(i);
          ASSERT_EQ(received.payload, payload);
          if (ordered) {
            ASSERT_GT(static_cast<int>(i), last) << "seed " << seed;
          }
          last = static_cast<int>(i);
          reliable += i % 10 == 9;
        }
        const std::string what = "seed " + std::to_string(seed) + (by_time ? " time" : " count");
        EXPECT_EQ(reliable, kMessages / 10) << what;
        EXPECT_EQ(wire.a.association.stats().flight_size, 0U) << what;
        EXPECT_EQ(wire.b.association.stats().receive_buffered, 0U) << what;
        // Reordering and duplication alone lose nothing for long.
        if (GetParam().loss == 0 && GetParam().reorder == 0) {
          EXPECT_EQ(wire.b.messages.size(), kMessages) << what;
        }
        if (GetParam().loss == 20) {
          EXPECT_GT(wire.a.association.stats().messages_abandoned, 0U) << what;
        }
        EXPECT_TRUE(wire.a.association.connected()) << what;
      }
    }
  }
}

TEST_P(SctpLinks, ResetStreamsBothWaysAfterTheirDataAndBeginThemAfresh) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Wire wire(options(seed));
    wire.connect();
    const std::vector<StreamId> streams{StreamId(4), StreamId(6)};
    for (int round = 0; round < 3; ++round) {
      wire.a.messages.clear(), wire.b.messages.clear();
      wire.a.events.clear(), wire.b.events.clear();
      for (std::uint32_t i = 0; i < 20; ++i) {
        ASSERT_TRUE(wire.a.association.send(message(4, pattern(3000, i)), wire.now).has_value());
        ASSERT_TRUE(wire.b.association.send(message(6, pattern(3000, i)), wire.now).has_value());
      }
      ASSERT_TRUE(wire.a.association.reset_outgoing_streams(streams, wire.now).has_value());
      ASSERT_TRUE(wire.b.association.reset_outgoing_streams(streams, wire.now).has_value());
      EXPECT_EQ(wire.a.association.send(message(4, {1}), wire.now).error().code, ErrorCode::kInvalidState);
      ASSERT_TRUE(wire.run_while([&] {
        // Two streams run dry at different times, so they may come in one event or in two.
        std::size_t done = 0;
        for (const auto& e : wire.a.of<OutgoingStreamsReset>()) done += e.streams.size();
        for (const auto& e : wire.b.of<OutgoingStreamsReset>()) done += e.streams.size();
        return done < 4;
      })) << "seed "
          << seed << " round " << round;
      EXPECT_EQ(wire.a.messages.size(), 20U);
      EXPECT_EQ(wire.b.messages.size(), 20U);
      std::size_t incoming = 0;
      for (const auto& e : wire.a.of<IncomingStreamsReset>()) incoming += e.streams.size();
      EXPECT_EQ(incoming, 2U);
      EXPECT_TRUE(wire.a.of<OutgoingResetFailed>().empty());
    }
  }
}

TEST_P(SctpLinks, FinishWithEverythingDeliveredWhenShutDown) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Wire wire(options(seed));
    wire.connect();
    for (std::uint32_t i = 0; i < 50; ++i) {
      ASSERT_TRUE(wire.a.association.send(message(0, pattern(2000, i)), wire.now).has_value());
      ASSERT_TRUE(wire.b.association.send(message(0, pattern(2000, i)), wire.now).has_value());
    }
    wire.a.association.shutdown(wire.now);
    if (seed % 2 == 0) wire.b.association.shutdown(wire.now);
    EXPECT_FALSE(wire.a.association.send(message(0, {1}), wire.now).has_value());
    ASSERT_TRUE(wire.run_while([&] { return wire.a.of<Closed>().empty() || wire.b.of<Closed>().empty(); }))
        << "seed " << seed;
    EXPECT_EQ(wire.a.of<Closed>()[0].reason, CloseReason::kShutdown);
    EXPECT_EQ(wire.b.of<Closed>()[0].reason, CloseReason::kShutdown);
    EXPECT_EQ(wire.a.messages.size(), 50U);
    EXPECT_EQ(wire.b.messages.size(), 50U);
    EXPECT_EQ(wire.a.association.next_timeout(), kNever);
  }
}

TEST_P(SctpLinks, CarryMessagesOfEverySize) {
  WireOptions with = options(3);
  with.a.max_message_size = with.b.max_message_size = 11 * 1024 * 1024;
  Wire wire(with);
  wire.connect();
  std::vector<std::size_t> sizes{1, 2, 3, 4, 1159, 1160, 1161, 1199, 1200, 1201, 2320, 16384, 65535, 65536, 262144};
  if (GetParam().loss <= 5) sizes.push_back(10 * 1024 * 1024);
  for (const std::size_t size : sizes) {
    wire.b.messages.clear();
    ASSERT_TRUE(wire.a.association.send(message(0, pattern(size, 5)), wire.now).has_value());
    ASSERT_TRUE(wire.run_while([&] { return wire.b.messages.empty(); }, seconds(3600))) << size;
    ASSERT_EQ(wire.b.messages[0].payload, pattern(size, 5)) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(Loss, SctpLinks,
                         testing::Values(Link{0, 0, 0}, Link{0, 30, 10}, Link{5, 0, 0}, Link{5, 20, 5},
                                         Link{20, 20, 10}, Link{0, 0, 0, false}, Link{5, 20, 5, false},
                                         Link{20, 20, 10, false}),
                         [](const auto& named) {
                           return "Loss" + std::to_string(named.param.loss) + "Reorder" +
                                  std::to_string(named.param.reorder) + "Duplicate" +
                                  std::to_string(named.param.duplicate) +
                                  (named.param.interleaving ? "" : "NotInterleaved");
                         });

TEST(SctpAssociation, WrapsStreamSequenceNumbers) {
  WireOptions options{.delay = milliseconds(1), .loss_percent = 2};
  options.a.interleaving = false;  // MIDs have 32 bits
  Wire wire(options);
  wire.connect();
  std::uint32_t sent = 0;
  while (sent < 66000) {
    for (int i = 0; i < 500; ++i, ++sent) {
      ASSERT_TRUE(wire.a.association.send(message(1, pattern(4, sent)), wire.now).has_value());
    }
    ASSERT_TRUE(wire.run_while([&] { return wire.b.messages.size() < sent; }));
  }
  for (std::uint32_t i = 0; i < sent; ++i) ASSERT_EQ(wire.b.messages[i].payload, pattern(4, i)) << i;
}

TEST(SctpAssociation, StopsAtAClosedWindowAndGoesOnWhenItOpens) {
  WireOptions options;
  options.b.a_rwnd = 100 * 1024;
  options.b.max_message_size = 20 * 1024;
  Wire wire(options);
  wire.connect();
  wire.poll_events(wire.b);
  wire.b.polls = false;
  for (std::uint32_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(wire.a.association.send(message(0, pattern(10000, i)), wire.now).has_value());
  }
  wire.run_for(seconds(120));
  EXPECT_TRUE(wire.a.association.connected());
  // The window, and the reserve for the chunk that is next.
  EXPECT_LE(wire.b.association.stats().receive_buffered, 130U * 1024);
  EXPECT_GT(wire.a.association.buffered_amount(), 800000U);
  wire.b.polls = true;
  EXPECT_TRUE(wire.run_while([&] { return wire.b.messages.size() < 100; }));
  for (std::uint32_t i = 0; i < 100; ++i) ASSERT_EQ(wire.b.messages[i].payload, pattern(10000, i));
}

TEST(SctpAssociation, SharesTheLinkBetweenStreamsMessageByMessage) {
  WireOptions options;
  options.a.interleaving = false;
  Wire wire(options);
  wire.connect();
  for (std::uint32_t i = 0; i < 30; ++i) {
    ASSERT_TRUE(wire.a.association.send(message(1, pattern(20000, i)), wire.now).has_value());
  }
  ASSERT_TRUE(wire.a.association.send(message(2, pattern(100, 0)), wire.now).has_value());
  ASSERT_TRUE(wire.run_while([&] { return wire.b.messages.size() < 31; }));
  std::size_t position = 0;
  while (wire.b.messages[position].stream != StreamId(2)) ++position;
  EXPECT_LE(position, 1U);
}

TEST(SctpAssociation, TellsHowMuchWaitsOnAStream) {
  Wire wire;
  wire.connect();
  ASSERT_TRUE(wire.a.association.send(message(3, pattern(100000, 0)), wire.now).has_value());
  EXPECT_EQ(wire.a.association.buffered_amount(StreamId(3)), 100000U);
  EXPECT_EQ(wire.a.association.buffered_amount(StreamId(4)), 0U);
  wire.run_for(seconds(5));
  const auto changes = wire.a.of<BufferedAmountChanged>();
  ASSERT_FALSE(changes.empty());
  EXPECT_EQ(changes.back().amount, 0U);
  EXPECT_GT(changes.size(), 1U);
  for (std::size_t i = 1; i < changes.size(); ++i) EXPECT_LT(changes[i].amount, changes[i - 1].amount);
}

TEST(SctpAssociation, TellsWhatStillWaitedBeforeItTellsThatItIsClosed) {
  Wire wire;
  wire.connect();
  ASSERT_TRUE(wire.a.association.send(message(3, pattern(100000, 0)), wire.now).has_value());
  while (wire.a.association.poll_transmit()) {
  }
  wire.a.association.abort("enough", wire.now);
  wire.a.events.clear();
  wire.poll_events(wire.a);
  ASSERT_EQ(wire.a.events.size(), 2U);
  EXPECT_EQ(std::get<BufferedAmountChanged>(wire.a.events[0]).amount, wire.a.association.buffered_amount());
  EXPECT_TRUE(std::holds_alternative<Closed>(wire.a.events[1]));
}

TEST(SctpAssociation, RefusesWhatCannotBeSent) {
  WireOptions options;
  options.a.send_buffer_limit = 1000;
  options.b.streams = 10;
  Wire wire(options);
  EXPECT_EQ(wire.a.association.send(message(0, {}), wire.now).error().code, ErrorCode::kType);
  EXPECT_EQ(wire.a.association.send(message(0, Bytes(1001)), wire.now).error().code, ErrorCode::kOperation);
  const std::vector<StreamId> streams{StreamId(1)};
  EXPECT_EQ(wire.a.association.reset_outgoing_streams(streams, wire.now).error().code, ErrorCode::kInvalidState);
  wire.connect();
  EXPECT_EQ(wire.a.association.send(message(10, {1}), wire.now).error().code, ErrorCode::kRange);
  EXPECT_TRUE(wire.a.association.send(message(9, {1}), wire.now).has_value());
  wire.a.association.abort("enough", wire.now);
  EXPECT_EQ(wire.a.association.send(message(9, {1}), wire.now).error().code, ErrorCode::kInvalidState);
}

TEST(SctpAssociation, FillsAFastLinkAfterSlowStart) {
  Wire wire({.delay = milliseconds(5)});
  wire.connect();
  const Timestamp start = wire.now;
  for (std::uint32_t i = 0; i < 16; ++i) {
    ASSERT_TRUE(wire.a.association.send(message(0, pattern(262144, i)), wire.now).has_value());
  }
  ASSERT_TRUE(wire.run_while([&] { return wire.b.messages.size() < 16; }));
  // 4 MiB over a round trip of 10 ms: the window grows by half in each.
  EXPECT_LT(wire.now - start, milliseconds(180));
  EXPECT_EQ(wire.a.association.stats().chunks_retransmitted, 0U);
}

}  // namespace
}  // namespace tidewire::sctp
