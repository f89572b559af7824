// Two clients of one server whose peers are each other's relays.
#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::Method;

class TurnServerOwnRelays : public ::testing::Test {
 protected:
  explicit TurnServerOwnRelays(const ServerConfig& config = test_config())
      : bench_(config), relayed_one_(bench_.allocate(one_)), relayed_two_(bench_.allocate(two_)) {}

  // A datagram that left one relayed port, come in on the other.
  std::vector<Datagram> arrives(const std::vector<Datagram>& sent) {
    if (sent.size() != 1) return {};
    return bench_.exchange(sent[0].remote, sent[0].local, sent[0].packet.bytes());
  }

  ServerBench bench_;
  TestClient one_;
  TestClient two_{.address = address("203.0.113.6:40000"), .username = "bob", .password = "builder"};
  SocketAddress relayed_one_;
  SocketAddress relayed_two_;
};

TEST_F(TurnServerOwnRelays, ReachEachOtherOverChannels) {
  EXPECT_EQ(bench_.bind(one_, 0x4000, relayed_two_), 0);
  EXPECT_TRUE(arrives(bench_.send_channel(one_, 0x4000, "early")).empty()) << "the other one has not permitted it";
  EXPECT_EQ(bench_.bind(two_, 0x4001, relayed_one_), 0);
  const auto received = arrives(bench_.send_channel(one_, 0x4000, "hello"));
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].local, kServer);
  EXPECT_EQ(received[0].remote, two_.address);
  EXPECT_EQ(text(received[0]), std::string("\x40\x01\0\5hello", 9));
  EXPECT_EQ(arrives(bench_.send_channel(two_, 0x4001, "hello"))[0].remote, one_.address);
}

TEST_F(TurnServerOwnRelays, ReachEachOtherOverIndications) {
  // RFC 8656 §9: the port of a permission does not count; some clients write 0.
  EXPECT_EQ(bench_.permit(one_, {{relayed_two_.ip, 0}}), 0);
  EXPECT_EQ(bench_.permit(two_, {relayed_one_}), 0);
  const auto received = arrives(bench_.send_indication(one_, relayed_two_, "hello"));
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(stun::MessageView::parse(received[0].packet.bytes())->find_xor_address(AttributeType::kXorPeerAddress),
            relayed_one_);
}

TEST_F(TurnServerOwnRelays, OnlyPortsOfTheRangeCount) {
  for (const std::uint16_t port : std::vector<std::uint16_t>{1, 53, 3478, 49151}) {
    EXPECT_EQ(bench_.permit(one_, {{relayed_two_.ip, port}}), 403) << port;
    EXPECT_EQ(bench_.permit(one_, {relayed_two_, {relayed_two_.ip, port}}), 403) << port;
    EXPECT_EQ(bench_.bind(one_, 0x4000, {relayed_two_.ip, port}), 403) << port;
  }
  EXPECT_EQ(bench_.bind(one_, 0x4000, {relayed_two_.ip, 0}), 403);
  EXPECT_TRUE(bench_.send_indication(one_, relayed_two_, "x").empty()) << "nothing was permitted";
  EXPECT_EQ(bench_.permit(one_, {relayed_two_}), 0);
  for (const std::uint16_t port : std::vector<std::uint16_t>{0, 1, 53, 3478, 49151}) {
    EXPECT_TRUE(bench_.send_indication(one_, {relayed_two_.ip, port}, "x").empty()) << port;
  }
}

// RFC 8656 §21.1.7: two allocations that were each other's clients would send for ever.
TEST_F(TurnServerOwnRelays, ARelayIsNobodysClient) {
  EXPECT_EQ(bench_.permit(one_, {relayed_two_}), 0);
  TestClient spoofed{.address = relayed_one_};
  EXPECT_FALSE(bench_.ask(spoofed, Method::kAllocate, ServerBench::udp)) << "no challenge, which the client could read";
  EXPECT_FALSE(bench_.ask(spoofed, Method::kBinding));
  // And if something were sent from there, it would not come in.
  EXPECT_TRUE(bench_.from_peer(relayed_one_, kServer, "an answer").empty());
  // On a connection nobody lies about where he is; and a port that no relay has may be a program's on this host.
  spoofed.stream = StreamId(4);
  EXPECT_TRUE(bench_.ask(spoofed, Method::kBinding));
  EXPECT_EQ(bench_.refresh(one_, 0), 0);
  spoofed.stream = {};
  EXPECT_TRUE(bench_.ask(spoofed, Method::kBinding));
}

// Behind a NAT that maps addresses one to one: clients know the outer address, sockets the inner one.
class TurnServerBehindNat : public TurnServerOwnRelays {
 protected:
  static ServerConfig config() {
    ServerConfig config = test_config();
    config.listen = {kServer};
    config.relay_v4 = ip("10.0.0.5");
    config.advertised_v4 = ip("192.0.2.1");
    return config;
  }
  TurnServerBehindNat() : TurnServerOwnRelays(config()) {}
};

TEST_F(TurnServerBehindNat, ReachEachOtherWithoutLeavingTheServer) {
  EXPECT_EQ(relayed_two_.ip, ip("192.0.2.1"));
  EXPECT_EQ(bench_.bind(one_, 0x4000, relayed_two_), 0);
  EXPECT_EQ(bench_.permit(two_, {relayed_one_}), 0);
  const auto sent = bench_.send_channel(one_, 0x4000, "hello");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].local, (SocketAddress{ip("10.0.0.5"), relayed_one_.port}));
  EXPECT_EQ(sent[0].remote, (SocketAddress{ip("10.0.0.5"), relayed_two_.port}));
  const auto received = arrives(sent);
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].remote, two_.address);
  EXPECT_EQ(stun::MessageView::parse(received[0].packet.bytes())->find_xor_address(AttributeType::kXorPeerAddress),
            relayed_one_)
      << "as the client knows it";
  // And back, to a channel.
  const auto back = arrives(bench_.send_indication(two_, relayed_one_, "back"));
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(text(back[0]), std::string("\x40\0\0\4back", 8));
}

TEST_F(TurnServerBehindNat, ARelayIsNobodysClientByEitherAddress) {
  EXPECT_FALSE(bench_.ask({.address = relayed_one_}, Method::kBinding));
  EXPECT_FALSE(bench_.ask({.address = {ip("10.0.0.5"), relayed_one_.port}}, Method::kBinding));
}

TEST_F(TurnServerBehindNat, TheInnerAddressIsNobodysPeer) {
  const SocketAddress inner{ip("10.0.0.5"), relayed_two_.port};
  EXPECT_EQ(bench_.permit(one_, {inner}), 403);
  EXPECT_EQ(bench_.bind(one_, 0x4000, inner), 403);
  EXPECT_EQ(bench_.permit(one_, {relayed_two_}), 0);
  EXPECT_TRUE(bench_.send_indication(one_, inner, "x").empty());
  // Another socket of the same host is no relay of a client's.
  const SocketAddress relay{ip("10.0.0.5"), relayed_one_.port};
  EXPECT_TRUE(bench_.from_peer(relay, {ip("10.0.0.5"), 53}, "x").empty());
  EXPECT_EQ(bench_.from_peer(relay, inner, "x").size(), 1U);
}

}  // namespace
}  // namespace tidewire::turn
