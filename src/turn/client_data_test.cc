// What travels to and from peers: channels, indications, and what is dropped.
#include <gtest/gtest.h>

#include <algorithm>

#include "turn/scripted_server_for_test.h"

namespace tidewire::turn {
namespace {

using namespace std::chrono_literals;
using stun::Method;

const SocketAddress kPeer = address("203.0.113.50:7000");
const SocketAddress kSameHost = address("203.0.113.50:7001");
const SocketAddress kOther = address("203.0.113.51:7000");

TEST(TurnData, GoesBothWaysInPlaceWithoutNewBuffers) {
  ClientPair pair;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.settle();
  Packet out = pair.pool.copy_of(as_bytes("ping"));
  const std::uint8_t* payload = out.data();
  auto wrapped = pair.client.wrap(std::move(out), kPeer, pair.now);
  ASSERT_TRUE(wrapped);
  EXPECT_EQ(wrapped->packet.data() + kChannelHeaderSize, payload);
  EXPECT_EQ(wrapped->local, pair.client.config().local);
  EXPECT_EQ(wrapped->remote, pair.client.config().server);

  Packet in = pair.pool.copy_of(pair.server.from_peer(kPeer, "pong", true));
  payload = in.data() + kChannelHeaderSize;
  auto data = pair.client.handle_input(
      {.local = pair.client.config().local, .remote = pair.client.config().server, .packet = std::move(in)}, pair.now);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->packet.data(), payload);
  EXPECT_EQ(as_text(data->packet.bytes()), "pong");
  EXPECT_EQ(data->local, pair.server.relayed);
  EXPECT_EQ(data->remote, kPeer);

  data.reset();
  wrapped.reset();
  const std::uint64_t before = pair.pool.allocations();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(pair.client.wrap(pair.pool.copy_of(as_bytes("ping")), kPeer, pair.now));
    ASSERT_TRUE(pair.receive("pong", kPeer, true));
  }
  EXPECT_EQ(pair.pool.allocations(), before);
}

TEST(TurnData, IsMovedToANewPacketWhenItsOwnHasNoHeadroom) {
  for (const bool bound : {false, true}) {
    ClientPair pair;
    pair.allocate();
    pair.client.allow(kPeer, pair.now);
    if (bound) {
      pair.settle();
    } else {
      pair.to_server(*pair.client.poll_transmit());
    }
    Packet packet = pair.pool.make();
    ASSERT_TRUE(packet.prepend(packet.headroom()));
    std::fill(packet.bytes().begin(), packet.bytes().end(), std::uint8_t{'x'});
    const std::string text(packet.size(), 'x');
    const auto wrapped = pair.client.wrap(std::move(packet), kPeer, pair.now);
    ASSERT_TRUE(wrapped);
    pair.to_server(*wrapped);
    ASSERT_EQ(pair.server.to_peers.size(), 1U);
    EXPECT_EQ(pair.server.to_peers[0].text, text);
  }
}

TEST(TurnData, OfAnySizeKeepsItsBytes) {
  ClientPair pair;
  pair.server.errors[Method::kChannelBind] = 400;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.settle();
  for (std::size_t size = 0; size <= 9; ++size) {
    const std::string text(size, 'q');
    pair.send(text, kPeer);
    ASSERT_EQ(pair.server.to_peers.size(), size + 1);
    EXPECT_EQ(pair.server.to_peers.back().text, text);
    const auto data = pair.receive(text, kPeer, false);
    ASSERT_TRUE(data);
    EXPECT_EQ(as_text(data->packet.bytes()), text);
  }
}

TEST(TurnData, ThatIsTooBigIsDropped) {
  ClientPair pair;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.settle();
  Packet packet = pair.pool.make();
  ASSERT_TRUE(packet.prepend(packet.headroom()) && packet.resize(Packet::kCapacity));
  EXPECT_FALSE(pair.client.wrap(std::move(packet), kPeer, pair.now));
  EXPECT_FALSE(pair.client.wrap(Packet{}, kPeer, pair.now));
  EXPECT_EQ(pair.client.stats().output_dropped, 2U);
}

TEST(TurnData, IsNotSentWithoutAnAllocation) {
  ClientPair pair;
  EXPECT_FALSE(pair.client.wrap(pair.pool.copy_of(as_bytes("x")), kPeer, pair.now));
  pair.client.start(pair.now);
  EXPECT_FALSE(pair.client.wrap(pair.pool.copy_of(as_bytes("x")), kPeer, pair.now));
  pair.settle();
  pair.client.close(pair.now);
  EXPECT_FALSE(pair.client.wrap(pair.pool.copy_of(as_bytes("x")), kPeer, pair.now));
}

TEST(TurnData, IsAcceptedFromTheServerAlone) {
  ClientPair pair;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.settle();
  const Bytes bytes = pair.server.from_peer(kPeer, "x", true);
  const ClientConfig& config = pair.client.config();
  const auto from = [&](SocketAddress local, SocketAddress remote, StreamId stream) {
    Datagram datagram{.local = local, .remote = remote, .packet = pair.pool.copy_of(bytes), .stream = stream};
    const bool wanted = pair.client.wants(datagram);
    EXPECT_EQ(pair.client.handle_input(std::move(datagram), pair.now).has_value(), wanted);
    return wanted;
  };
  EXPECT_TRUE(from(config.local, config.server, {}));
  EXPECT_FALSE(from(config.local, {config.server.ip, 3479}, {}));
  EXPECT_FALSE(from(config.local, kPeer, {}));
  EXPECT_FALSE(from({config.local.ip, 1}, config.server, {}));
  EXPECT_FALSE(from(config.local, config.server, StreamId{1}));
}

TEST(TurnData, GoesBothWaysOverAStream) {
  ClientConfig config = ClientPair::default_config();
  config.stream = StreamId{3};
  ClientPair pair(config);
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.settle();
  pair.send("ping", kPeer);
  ASSERT_EQ(pair.server.to_peers.size(), 1U);
  const auto data = pair.receive("pong", kPeer, true);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->stream, StreamId{});  // a relayed address is a UDP socket
  const auto wants = [&](StreamId stream) {
    return pair.client.wants({.local = address("0.0.0.0:0"),
                              .remote = config.server,
                              .packet = pair.pool.copy_of(pair.server.from_peer(kPeer, "x", true)),
                              .stream = stream});
  };
  EXPECT_TRUE(wants(StreamId{3}));
  EXPECT_FALSE(wants(StreamId{4}));
  EXPECT_FALSE(wants(StreamId{}));
}

TEST(TurnData, IsDroppedOfPeersWithoutAPermissionOrChannel) {
  ClientPair pair;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.settle();
  EXPECT_FALSE(pair.receive("x", kOther, false));
  EXPECT_TRUE(pair.receive("x", kSameHost, false));  // RFC 8656 §9: a permission is for all ports
  const Bytes unbound{0x40, 0x01, 0, 1, 'x'};
  EXPECT_FALSE(pair.deliver(unbound));
  EXPECT_EQ(pair.client.stats().input_dropped, 2U);
}

TEST(TurnData, IsDroppedWhenItIsGarbled) {
  ClientPair pair;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.settle();
  for (const bool by_channel : {false, true}) {
    const Bytes whole = pair.server.from_peer(kPeer, "hello", by_channel);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(pair.deliver(ByteView(whole).first(size))) << size;
    }
    EXPECT_TRUE(pair.deliver(whole));
  }
  // Indications without a peer, without data, with an attribute that must be understood.
  for (int missing = 0; missing < 3; ++missing) {
    std::array<std::uint8_t, 200> buffer;
    stun::MessageBuilder builder(buffer, stun::MessageClass::kIndication, Method::kData, {});
    if (missing != 0) builder.add_xor_address(stun::AttributeType::kXorPeerAddress, kPeer);
    if (missing != 1) builder.add_text(stun::AttributeType::kData, "x");
    if (missing == 2) builder.add_u32(static_cast<stun::AttributeType>(0x7001), 0);
    EXPECT_FALSE(pair.deliver(*builder.finish())) << missing;
  }
}

TEST(TurnData, IsToldFromBindingMessages) {
  std::array<std::uint8_t, 100> buffer;
  for (int c = 0; c < 4; ++c) {
    for (const Method method : {Method::kBinding, Method::kAllocate, Method::kRefresh, Method::kSend, Method::kData,
                                Method::kCreatePermission, Method::kChannelBind}) {
      stun::MessageBuilder builder(buffer, static_cast<stun::MessageClass>(c), method, {});
      EXPECT_EQ(Client::looks_like_turn(*builder.finish()), method != Method::kBinding);
    }
  }
  EXPECT_FALSE(Client::looks_like_turn(Bytes(30, 0x80)));
  EXPECT_FALSE(Client::looks_like_turn({}));
}

}  // namespace
}  // namespace tidewire::turn
