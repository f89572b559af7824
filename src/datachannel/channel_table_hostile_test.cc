// OPENs whose lengths lie, and masses of them.
#include <gtest/gtest.h>

#include "datachannel/dcep.h"
#include "datachannel/pair_for_test.h"

namespace tidewire::datachannel {
namespace {

constexpr std::size_t kLabelLength = 8;  // RFC 8832 §5.1: where these fields lie
constexpr std::size_t kProtocolLength = 10;

void patch_u16(Bytes& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value & 0xFF);
}

// OPENs whose two lengths do not add up to what there is.
std::vector<Bytes> lying_opens() {
  const Bytes honest = build_open({.label = "label", .protocol = "protocol"});
  std::vector<Bytes> lies;
  for (const std::size_t label : {0U, 4U, 5U, 6U, 13U, 14U, 255U, 256U, 32767U, 32768U, 65523U, 65531U, 65535U}) {
    for (const std::size_t protocol : {0U, 7U, 8U, 9U, 13U, 14U, 255U, 256U, 32767U, 32768U, 65528U, 65535U}) {
      if (label + protocol == 13) continue;
      Bytes lie = honest;
      patch_u16(lie, kLabelLength, label);
      patch_u16(lie, kProtocolLength, protocol);
      lies.push_back(lie);
    }
  }
  return lies;
}

TEST(ChannelTableHostile, AnOpenWithLyingLengthsIsRefusedAndTheOthersGoOn) {
  Pair pair;
  pair.start();
  const ChannelId good = *pair.client.open("good", {});
  pair.run();
  std::uint16_t stream = 2;
  for (const Bytes& lie : lying_opens()) {
    EXPECT_FALSE(parse_open(lie)) << int{lie[8]} << " " << int{lie[9]} << " " << int{lie[10]} << " " << int{lie[11]};
    pair.server.handle_message({stream, kPpidControl, lie});
    stream = static_cast<std::uint16_t>(stream + 2);
  }
  EXPECT_EQ(pair.server.size(), 1U);
  EXPECT_EQ(of<ChannelAnnounced>(pair.server_events).size(), 1U);
  ASSERT_TRUE(pair.client.send_text(good, to_bytes("still")));
  pair.run();
  EXPECT_EQ(of<MessageArrived>(pair.server_events).size(), 1U);
  EXPECT_EQ(pair.client.find(good)->state, ChannelState::kOpen);
}

TEST(ChannelTableHostile, NamesMaySplitTheSameBytesInEveryWay) {
  // What is no lie: the two lengths together are what there is.
  for (std::size_t label = 0; label <= 13; ++label) {
    Bytes open = build_open({.label = "label", .protocol = "protocol"});
    patch_u16(open, kLabelLength, label);
    patch_u16(open, kProtocolLength, 13 - label);
    const auto parsed = parse_open(open);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->label + parsed->protocol, "labelprotocol");
    EXPECT_EQ(parsed->label.size(), label);
  }
}

TEST(ChannelTableHostile, LyingOpensOnAllStreamsAskForOneResetEach) {
  ChannelTable table;
  table.set_role(Role::kDtlsServer);
  table.handle_connected(65535);
  Bytes lie = build_open({.label = "label"});
  patch_u16(lie, kLabelLength, 65535);
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t stream = 0; stream <= 65535; ++stream) {
      table.handle_message({static_cast<std::uint16_t>(stream), kPpidControl, lie});
    }
  }
  std::size_t resets = 0;
  while (const auto action = table.poll_action()) {
    ASSERT_TRUE(std::holds_alternative<ResetStreams>(*action));
    ++resets;
  }
  EXPECT_EQ(resets, 65535U);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_FALSE(table.poll_event());
}

TEST(ChannelTableHostile, AMessageOfTheWrongKindOrCutShortOpensAndAcknowledgesNothing) {
  Pair pair;
  pair.start();
  const ChannelId id = *pair.client.open("x", {.ordered = false});
  const Bytes open = build_open({.label = "label", .protocol = "protocol"});
  for (std::size_t size = 0; size < open.size(); ++size) {
    pair.client.handle_message({1, kPpidControl, {open.begin(), open.begin() + static_cast<std::ptrdiff_t>(size)}});
  }
  for (int type = 0; type < 256; ++type) {
    if (type == build_ack()[0] || type == open[0]) continue;
    pair.client.handle_message({0, kPpidControl, {static_cast<std::uint8_t>(type)}});
  }
  EXPECT_EQ(pair.client.find(id)->state, ChannelState::kOpen);
  EXPECT_EQ(pair.client.size(), 1U);
  // RFC 8832 §6: in order until the ACK has come, which none of these was.
  ASSERT_TRUE(pair.client.send_text(id, to_bytes("early")));
  pair.run();
  EXPECT_TRUE(pair.client_sent.back().ordered);
  ASSERT_TRUE(pair.client.send_text(id, to_bytes("late")));
  pair.run();
  EXPECT_FALSE(pair.client_sent.back().ordered);
}

TEST(ChannelTableHostile, AcknowledgementsThatNobodyWaitsForChangeNothing) {
  Pair pair;
  pair.start();
  const ChannelId id = *pair.client.open("x", {});
  pair.run();
  const std::size_t events = pair.client_events.size();
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    pair.client.handle_message({static_cast<std::uint16_t>(i), kPpidControl, build_ack()});
  }
  pair.run();
  EXPECT_EQ(pair.client_events.size(), events);
  EXPECT_EQ(pair.client.find(id)->state, ChannelState::kOpen);
  EXPECT_EQ(pair.client.size(), 1U);
}

}  // namespace
}  // namespace tidewire::datachannel
