// Permissions, channels and data.
#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::Method;

class TurnServerRelay : public ::testing::Test {
 protected:
  TurnServerRelay() : relayed_(bench_.allocate(client_)) {}

  bool relays_to(const SocketAddress& peer) { return bench_.send_indication(client_, peer, "x").size() == 1; }
  bool relays_from(const SocketAddress& peer) { return bench_.from_peer(relayed_, peer, "x").size() == 1; }

  ServerBench bench_;
  TestClient client_;
  SocketAddress relayed_;
};

TEST_F(TurnServerRelay, NothingPassesWithoutAPermission) {
  EXPECT_FALSE(relays_to(kPeer));
  EXPECT_FALSE(relays_from(kPeer));
  EXPECT_EQ(bench_.permit(client_, {kPeer}), 0);
  EXPECT_TRUE(relays_to(kPeer));
  EXPECT_TRUE(relays_from(kPeer));
  // RFC 8656 §9: for an address, with any port.
  EXPECT_TRUE(relays_from({kPeer.ip, 9}));
  EXPECT_FALSE(relays_to(kOtherPeer));
  EXPECT_FALSE(relays_from(kOtherPeer));
}

TEST_F(TurnServerRelay, WrapsDataInIndications) {
  bench_.permit(client_, {kPeer});
  for (const std::string data : {"", "a", "ab", "abc", "abcd", "hello there"}) {
    const auto sent = bench_.send_indication(client_, kPeer, data);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].local, relayed_);
    EXPECT_EQ(sent[0].remote, kPeer);
    EXPECT_EQ(text(sent[0]), data);

    const auto received = bench_.from_peer(relayed_, kPeer, data);
    ASSERT_EQ(received.size(), 1U);
    EXPECT_EQ(received[0].local, kServer);
    EXPECT_EQ(received[0].remote, client_.address);
    const auto message = stun::MessageView::parse(received[0].packet.bytes());
    ASSERT_TRUE(message) << data;
    EXPECT_TRUE(message->is(stun::MessageClass::kIndication, Method::kData));
    EXPECT_EQ(message->find_xor_address(AttributeType::kXorPeerAddress), kPeer);
    ASSERT_TRUE(message->find(AttributeType::kData));
    EXPECT_EQ(as_text(*message->find(AttributeType::kData)), data);
  }
}

TEST_F(TurnServerRelay, CarriesChannelsBothWaysWithoutACopy) {
  EXPECT_EQ(bench_.bind(client_, 0x4000, kPeer), 0);
  const auto sent = bench_.send_channel(client_, 0x4000, "hello");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].local, relayed_);
  EXPECT_EQ(sent[0].remote, kPeer);
  EXPECT_EQ(text(sent[0]), "hello");
  const auto received = bench_.from_peer(relayed_, kPeer, "back");
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(text(received[0]), std::string("\x40\x00\x00\x04"
                                           "back",
                                           8));
  // Another port of the same address has a permission, but no channel.
  const auto other = bench_.from_peer(relayed_, {kPeer.ip, 9}, "back");
  ASSERT_EQ(other.size(), 1U);
  EXPECT_TRUE(stun::looks_like_stun(other[0].packet.bytes()));

  Packet packet = bench_.pool.copy_of(as_bytes("payload"));
  const std::uint64_t allocations = bench_.pool.allocations();
  const std::uint8_t* where = packet.data();
  bench_.server.handle_input({relayed_, kPeer, std::move(packet)}, bench_.now);
  auto out = bench_.server.poll_transmit();
  ASSERT_TRUE(out);
  EXPECT_EQ(out->packet.data() + kChannelHeaderSize, where);
  bench_.server.handle_input({kServer, client_.address, std::move(out->packet)}, bench_.now);
  out = bench_.server.poll_transmit();
  ASSERT_TRUE(out);
  EXPECT_EQ(out->packet.data(), where);
  EXPECT_EQ(bench_.pool.allocations(), allocations);
}

TEST_F(TurnServerRelay, AConnectionsDataStaysOnIt) {
  TestClient client{.stream = StreamId(5)};
  const SocketAddress relayed = bench_.allocate(client);
  EXPECT_NE(relayed, relayed_);
  EXPECT_EQ(bench_.bind(client, 0x4000, kPeer), 0);
  EXPECT_EQ(bench_.send_channel(client, 0x4000, "x")[0].local, relayed);
  EXPECT_FALSE(bench_.send_channel(client, 0x4000, "x")[0].stream.value());
  const auto received = bench_.from_peer(relayed, kPeer, "back");
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].stream, StreamId(5));
  // The same address over UDP is another client.
  EXPECT_TRUE(bench_.send_channel(client_, 0x4000, "x").empty());
}

TEST_F(TurnServerRelay, PermissionsEndAfterFiveMinutes) {
  bench_.permit(client_, {kPeer});
  bench_.run_for(std::chrono::minutes(4));
  bench_.permit(client_, {kOtherPeer});
  bench_.run_for(std::chrono::seconds(59));
  EXPECT_TRUE(relays_from(kPeer)) << "and data does not prolong them";
  bench_.run_for(std::chrono::seconds(1));
  EXPECT_FALSE(relays_to(kPeer));
  EXPECT_FALSE(relays_from(kPeer));
  EXPECT_TRUE(relays_to(kOtherPeer));
  bench_.permit(client_, {kOtherPeer});
  bench_.run_for(std::chrono::minutes(4));
  EXPECT_TRUE(relays_to(kOtherPeer));
}

TEST_F(TurnServerRelay, ChannelsEndAfterTenMinutesAndNeedAPermissionMeanwhile) {
  bench_.bind(client_, 0x4000, kPeer);
  bench_.run_for(std::chrono::minutes(5));
  EXPECT_TRUE(bench_.send_channel(client_, 0x4000, "x").empty());
  EXPECT_FALSE(relays_from(kPeer));
  bench_.permit(client_, {kPeer});
  bench_.refresh(client_, 3600);
  EXPECT_EQ(bench_.send_channel(client_, 0x4000, "x").size(), 1U);
  bench_.run_for(std::chrono::seconds(299));
  EXPECT_EQ(bench_.send_channel(client_, 0x4000, "x").size(), 1U);
  bench_.permit(client_, {kPeer});
  bench_.run_for(std::chrono::seconds(1));
  EXPECT_TRUE(bench_.send_channel(client_, 0x4000, "x").empty());
  const auto received = bench_.from_peer(relayed_, kPeer, "back");
  ASSERT_EQ(received.size(), 1U);
  EXPECT_TRUE(stun::looks_like_stun(received[0].packet.bytes()));
  // Both are free again.
  EXPECT_EQ(bench_.bind(client_, 0x4000, kOtherPeer), 0);
  EXPECT_EQ(bench_.bind(client_, 0x4001, kPeer), 0);
}

TEST_F(TurnServerRelay, BindingAgainProlongs) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(bench_.bind(client_, 0x4000, kPeer), 0);
    bench_.refresh(client_, 600);
    bench_.run_for(std::chrono::seconds(299));
    EXPECT_EQ(bench_.send_channel(client_, 0x4000, "x").size(), 1U);
  }
}

TEST_F(TurnServerRelay, AChannelHasOnePeerAndAPeerOneChannel) {
  EXPECT_EQ(bench_.bind(client_, 0x4000, kPeer), 0);
  EXPECT_EQ(bench_.bind(client_, 0x4000, kOtherPeer), 400);
  EXPECT_EQ(bench_.bind(client_, 0x4000, {kPeer.ip, 1}), 400);
  EXPECT_EQ(bench_.bind(client_, 0x4001, kPeer), 400);
  EXPECT_FALSE(relays_from(kOtherPeer)) << "a refused binding permits nobody";
  EXPECT_EQ(bench_.bind(client_, 0x4001, {kPeer.ip, 1}), 0);
  EXPECT_EQ(bench_.send_channel(client_, 0x4000, "x")[0].remote, kPeer);
}

TEST_F(TurnServerRelay, RefusesChannelsThatAreNone) {
  for (const std::uint32_t channel : {0U, 0x3fffU, 0x8000U, 0xffffU}) {
    EXPECT_EQ(bench_.bind(client_, channel, kPeer), 400) << channel;
  }
  EXPECT_EQ(bench_.bind(client_, 0x7fff, kPeer), 0) << "RFC 5766 had these";
  EXPECT_EQ(bench_.code(client_, Method::kChannelBind,
                        [](stun::MessageBuilder& b) { b.add_u32(AttributeType::kChannelNumber, 0x4001U << 16); }),
            400);
  EXPECT_EQ(bench_.code(client_, Method::kChannelBind,
                        [](stun::MessageBuilder& b) { b.add_xor_address(AttributeType::kXorPeerAddress, kOtherPeer); }),
            400);
}

TEST_F(TurnServerRelay, OneBadPeerRefusesAll) {
  struct Case {
    const char* peer;
    int code;
  };
  for (const auto& [peer, code] : {Case{"127.0.0.1:80", 403}, Case{"192.0.2.1:3478", 403}, Case{"10.1.1.1:1", 403},
                                   Case{"[2001:db8::7]:1", 443}}) {
    EXPECT_EQ(bench_.permit(client_, {kPeer, address(peer), kOtherPeer}), code) << peer;
    EXPECT_EQ(bench_.permit(client_, {address(peer), kPeer}), code) << peer;
    EXPECT_EQ(bench_.bind(client_, 0x4000, address(peer)), code) << peer;
  }
  EXPECT_EQ(bench_.code(client_, Method::kCreatePermission,
                        [](stun::MessageBuilder& b) {
                          b.add_xor_address(AttributeType::kXorPeerAddress, kPeer);
                          b.add(AttributeType::kXorPeerAddress, Bytes{0, 1, 2, 3});
                        }),
            400);
  EXPECT_EQ(bench_.permit(client_, {}), 400);
  EXPECT_FALSE(relays_to(kPeer));
  EXPECT_FALSE(relays_to(kOtherPeer));
  EXPECT_EQ(bench_.permit(client_, {kPeer, kOtherPeer, kPeer}), 0);
  EXPECT_TRUE(relays_to(kPeer));
  EXPECT_TRUE(relays_to(kOtherPeer));
}

TEST_F(TurnServerRelay, BoundsPermissionsAndChannels) {
  const auto peer = [](std::size_t i) {
    return SocketAddress{IpAddress::v4({198, 51, 100, static_cast<std::uint8_t>(i)}), 5000};
  };
  for (std::size_t i = 0; i < Allocation::kMaxChannels; ++i) {
    EXPECT_EQ(bench_.bind(client_, static_cast<std::uint32_t>(0x4000 + i), peer(i)), 0);
  }
  EXPECT_EQ(bench_.bind(client_, 0x4f00, peer(200)), 508);
  EXPECT_EQ(bench_.permit(client_, {peer(200)}), 508);
  EXPECT_EQ(bench_.permit(client_, {peer(3), peer(200)}), 508);
  EXPECT_EQ(bench_.bind(client_, 0x4000, peer(0)), 0) << "those that are there can be prolonged";
  EXPECT_EQ(bench_.permit(client_, {peer(1), peer(2)}), 0);
  bench_.run_for(std::chrono::seconds(301));
  EXPECT_EQ(bench_.permit(client_, {peer(200)}), 0);
  EXPECT_FALSE(relays_to(peer(5)));
}

TEST_F(TurnServerRelay, TwoClientsOfOneServerReachEachOther) {
  ServerBench bench;
  TestClient one;
  TestClient two{.address = address("203.0.113.6:40000"), .username = "bob", .password = "builder"};
  const SocketAddress relayed_one = bench.allocate(one);
  const SocketAddress relayed_two = bench.allocate(two);
  EXPECT_EQ(bench.bind(one, 0x4000, relayed_two), 0);
  EXPECT_EQ(bench.permit(two, {relayed_one}), 0);
  const auto between = bench.send_channel(one, 0x4000, "hello");
  ASSERT_EQ(between.size(), 1U);
  const auto received = bench.exchange(between[0].remote, between[0].local, between[0].packet.bytes());
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].remote, two.address);
  // But never to the socket that clients are served on.
  EXPECT_EQ(bench.bind(one, 0x4001, kServer), 403);
  EXPECT_TRUE(bench.send_indication(one, kServer, "loop").empty());
}

}  // namespace
}  // namespace tidewire::turn
