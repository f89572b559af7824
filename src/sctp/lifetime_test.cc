// How an association ends, and what it survives.
#include <gtest/gtest.h>

#include "sctp/wire_for_test.h"

namespace tidewire::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SctpLifetime, TellsThePeerWhyItAborts) {
  Wire wire;
  wire.connect();
  wire.a.association.abort("the page was closed", wire.now);
  ASSERT_TRUE(wire.run_while([&] { return wire.b.of<Closed>().empty(); }));
  EXPECT_EQ(wire.a.of<Closed>()[0].reason, CloseReason::kAbortedByUs);
  EXPECT_EQ(wire.b.of<Closed>()[0].reason, CloseReason::kAbortedByPeer);
  EXPECT_NE(wire.b.of<Closed>()[0].text.find("the page was closed"), std::string::npos);
}

TEST(SctpLifetime, GivesUpOnAPeerThatStopsAnswering) {
  for (const bool with_data : {false, true}) {
    WireOptions options;
    options.a.association_max_retrans = 5;
    Wire wire(options);
    wire.connect();
    wire.b.cut = true;
    if (with_data) {
      ASSERT_TRUE(wire.a.association.send(message(0, {1}), wire.now).has_value());
    }
    ASSERT_TRUE(wire.run_while([&] { return wire.a.of<Closed>().empty(); }));
    EXPECT_EQ(wire.a.of<Closed>()[0].reason, CloseReason::kTimedOut);
  }
}

TEST(SctpLifetime, GivesUpConnectingToNobody) {
  Wire wire;
  wire.b.cut = true;
  wire.a.association.connect(wire.now);
  ASSERT_TRUE(wire.run_while([&] { return wire.a.of<Closed>().empty(); }));
  EXPECT_EQ(wire.a.of<Closed>()[0].reason, CloseReason::kTimedOut);
  EXPECT_EQ(wire.a.association.next_timeout(), kNever);
}

TEST(SctpLifetime, SurvivesAnOutageAndRecoversSoonAfter) {
  Wire wire;
  wire.connect();
  wire.a.cut = wire.b.cut = true;
  ASSERT_TRUE(wire.a.association.send(message(0, pattern(50000, 1)), wire.now).has_value());
  wire.run_for(seconds(15));
  wire.a.cut = wire.b.cut = false;
  ASSERT_TRUE(wire.run_while([&] { return wire.b.messages.empty(); }, seconds(5)));
}

TEST(SctpLifetime, StaysAliveByHeartbeatsWhenIdle) {
  Wire wire;
  wire.connect();
  wire.run_for(seconds(300));
  EXPECT_TRUE(wire.a.association.connected());
  EXPECT_GT(wire.a.association.stats().packets_sent, 15U);
  EXPECT_LT(wire.a.association.stats().packets_sent, 40U);
  EXPECT_EQ(wire.a.association.stats().srtt, milliseconds(40));
}

TEST(SctpLifetime, AbortsWhenAMessageIsOverTheLimit) {
  WireOptions options;
  options.b.max_message_size = 10000;
  Wire wire(options);
  wire.connect();
  ASSERT_TRUE(wire.a.association.send(message(0, Bytes(10001)), wire.now).has_value());
  ASSERT_TRUE(wire.run_while([&] { return wire.a.of<Closed>().empty(); }));
  EXPECT_EQ(wire.b.of<Closed>()[0].reason, CloseReason::kResourceLimit);
  EXPECT_NE(wire.a.of<Closed>()[0].text.find("Out of Resource"), std::string::npos);
}

}  // namespace
}  // namespace tidewire::sctp
