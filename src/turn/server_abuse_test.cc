// What must never be relayed, and what must never grow.
#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::Method;

class TurnServerAbuse : public ::testing::Test {
 protected:
  TurnServerAbuse() : relayed_(bench_.allocate(client_)) { EXPECT_EQ(bench_.bind(client_, 0x4000, kPeer), 0); }

  ServerBench bench_;
  TestClient client_;
  SocketAddress relayed_;
};

TEST_F(TurnServerAbuse, UnboundChannelsCarryNothing) {
  for (unsigned channel = 0x3f00; channel < 0x5100; ++channel) {
    if (channel == 0x4000) continue;
    EXPECT_TRUE(bench_.send_channel(client_, static_cast<std::uint16_t>(channel), "x").empty()) << channel;
  }
  TestClient stranger{.address = address("203.0.113.66:40000")};
  EXPECT_TRUE(bench_.send_channel(stranger, 0x4000, "x").empty());
  EXPECT_TRUE(bench_.send_indication(stranger, kPeer, "x").empty());
  TestClient elsewhere = client_;
  elsewhere.server.port = 3479;
  EXPECT_TRUE(bench_.send_channel(elsewhere, 0x4000, "x").empty());
}

TEST_F(TurnServerAbuse, LyingLengthsCarryNothing) {
  for (std::size_t stated = 0; stated < 40; ++stated) {
    Bytes bytes{0x40, 0x00, 0x00, static_cast<std::uint8_t>(stated)};
    bytes.resize(4 + 20, 'x');
    const auto out = bench_.exchange(kServer, client_.address, bytes);
    // RFC 8656 §12.5: up to three bytes of padding are allowed behind the data.
    const bool honest = stated <= 20 && stated >= 17;
    ASSERT_EQ(out.size(), honest ? 1U : 0U) << stated;
    if (honest) {
      EXPECT_EQ(out[0].packet.size(), stated);
    }
  }
  for (std::size_t size = 0; size < 4; ++size) {
    EXPECT_TRUE(bench_.exchange(kServer, client_.address, Bytes(size, 0x40)).empty());
  }
}

TEST_F(TurnServerAbuse, NothingIsRelayedAfterTheEnd) {
  for (const bool by_refresh : {true, false}) {
    ServerBench bench;
    TestClient client;
    const SocketAddress relayed = bench.allocate(client);
    EXPECT_EQ(bench.bind(client, 0x4000, kPeer), 0);
    if (by_refresh) {
      EXPECT_EQ(bench.refresh(client, 0), 0);
    } else {
      // Also when the owner is late with handle_timeout().
      bench.now += std::chrono::minutes(10);
    }
    EXPECT_TRUE(bench.send_channel(client, 0x4000, "x").empty());
    EXPECT_TRUE(bench.send_indication(client, kPeer, "x").empty());
    EXPECT_TRUE(bench.from_peer(relayed, kPeer, "x").empty());
    // The next one begins with nothing.
    const SocketAddress next = bench.allocate(client);
    EXPECT_TRUE(bench.send_channel(client, 0x4000, "x").empty());
    EXPECT_TRUE(bench.from_peer(next, kPeer, "x").empty());
  }
}

TEST_F(TurnServerAbuse, APeerCannotSpeakAsAClient) {
  // A whole request, sent to a relayed port: data without permission, or data to the client.
  TestClient bob{.address = kOtherPeer, .username = "bob", .password = "builder"};
  const Bytes request = bench_.request(bob, Method::kAllocate, ServerBench::udp);
  EXPECT_TRUE(bench_.exchange(relayed_, kOtherPeer, request).empty());
  const auto out = bench_.exchange(relayed_, kPeer, request);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].remote, client_.address);
  // And to a port of the range that nobody has.
  const SocketAddress free{relayed_.ip, static_cast<std::uint16_t>(relayed_.port == 50000 ? 50001 : 50000)};
  EXPECT_TRUE(bench_.exchange(free, kPeer, request).empty());
}

TEST_F(TurnServerAbuse, DataNeverComesBackToTheServer) {
  EXPECT_EQ(bench_.permit(client_, {kServer}), 403);
  EXPECT_EQ(bench_.bind(client_, 0x4001, kServer), 403);
  EXPECT_EQ(bench_.bind(client_, 0x4001, {kServer.ip, 0}), 403);
  EXPECT_EQ(bench_.bind(client_, 0x4001, {kServer.ip, 53}), 403);
  // A permission is for every port of an address; data is for those of the range only.
  EXPECT_EQ(bench_.permit(client_, {relayed_}), 0);
  for (const std::uint16_t port : std::vector<std::uint16_t>{0, 53, 3478, 3479, 49151}) {
    EXPECT_TRUE(bench_.send_indication(client_, {kServer.ip, port}, "x").empty()) << port;
    EXPECT_TRUE(bench_.from_peer(relayed_, {kServer.ip, port}, "x").empty()) << port;
  }
  EXPECT_TRUE(bench_.send_indication(client_, {kPeer.ip, 0}, "x").empty()) << "port 0";
  EXPECT_EQ(bench_.bind(client_, 0x4001, {kPeer.ip, 0}), 403);
}

TEST_F(TurnServerAbuse, DataToOnesOwnRelayEndsAtTheClient) {
  EXPECT_EQ(bench_.bind(client_, 0x4001, relayed_), 0);
  auto hop = bench_.send_channel(client_, 0x4001, "round and round");
  ASSERT_EQ(hop.size(), 1U);
  EXPECT_EQ(hop[0].local, relayed_);
  EXPECT_EQ(hop[0].remote, relayed_);
  hop = bench_.exchange(hop[0].remote, hop[0].local, hop[0].packet.bytes());
  ASSERT_EQ(hop.size(), 1U);
  EXPECT_EQ(hop[0].local, kServer);
  EXPECT_EQ(hop[0].remote, client_.address);
}

TEST_F(TurnServerAbuse, ASendIndicationMustBeWhole) {
  const auto send = [&](const Fill& fill) {
    Bytes buffer(200);
    stun::MessageBuilder builder(buffer, stun::MessageClass::kIndication, Method::kSend, {});
    fill(builder);
    return bench_.exchange(kServer, client_.address, *builder.finish()).size();
  };
  const auto peer = [](stun::MessageBuilder& b) { b.add_xor_address(AttributeType::kXorPeerAddress, kPeer); };
  const auto data = [](stun::MessageBuilder& b) { b.add_text(AttributeType::kData, "x"); };
  EXPECT_EQ(send([&](stun::MessageBuilder& b) { peer(b), data(b); }), 1U);
  EXPECT_EQ(send([&](stun::MessageBuilder& b) { data(b), peer(b); }), 1U);
  EXPECT_EQ(send(peer), 0U);
  EXPECT_EQ(send(data), 0U);
  EXPECT_EQ(send([&](stun::MessageBuilder& b) { peer(b), data(b), b.add_u32(AttributeType{0x7fff}, 0); }), 0U);
  EXPECT_EQ(send([&](stun::MessageBuilder& b) { peer(b), data(b), b.add_flag(AttributeType::kDontFragment); }), 0U);
  EXPECT_EQ(send([&](stun::MessageBuilder& b) { b.add(AttributeType::kXorPeerAddress, Bytes(8, 0)), data(b); }), 0U);
}

TEST_F(TurnServerAbuse, ARequestCutAnywhereDoesNothing) {
  const Bytes request = bench_.request(client_, Method::kRefresh,
                                       [](stun::MessageBuilder& b) { b.add_u32(AttributeType::kLifetime, 0); });
  for (std::size_t size = 0; size < request.size(); ++size) {
    Bytes cut(request.begin(), request.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_TRUE(bench_.exchange(kServer, client_.address, cut).empty()) << size;
    if (size < 20) continue;
    // And with a header that says so.
    cut[2] = static_cast<std::uint8_t>((size - 20) >> 8);
    cut[3] = static_cast<std::uint8_t>(size - 20);
    (void)bench_.exchange(kServer, client_.address, cut);
    ASSERT_EQ(bench_.server.stats().allocations, 1U) << size;
  }
  EXPECT_EQ(bench_.ask_raw(client_, request)->error(), 0);
  EXPECT_EQ(bench_.server.stats().allocations, 0U);
}

TEST_F(TurnServerAbuse, OneTurnedBitUndoesARequest) {
  const Bytes request = bench_.request(client_, Method::kRefresh,
                                       [](stun::MessageBuilder& b) { b.add_u32(AttributeType::kLifetime, 0); });
  for (std::size_t bit = 0; bit < request.size() * 8; ++bit) {
    Bytes turned = request;
    turned[bit / 8] = static_cast<std::uint8_t>(turned[bit / 8] ^ 1U << bit % 8);
    const auto out = bench_.exchange(kServer, client_.address, turned);
    ASSERT_EQ(bench_.server.stats().allocations, 1U) << bit;
    for (const Datagram& answer : out) {
      EXPECT_EQ(answer.remote, client_.address);
      const auto message = stun::MessageView::parse(answer.packet.bytes());
      ASSERT_TRUE(message);
      const bool binding = message->method() == Method::kBinding;
      EXPECT_TRUE(binding || message->message_class() == stun::MessageClass::kError) << bit;
    }
    bench_.run_for(std::chrono::milliseconds(25));
  }
}

TEST_F(TurnServerAbuse, NoiseDoesNothing) {
  crypto::Random random = crypto::Random::from_test_seed(5);
  for (int i = 0; i < 20'000; ++i) {
    Bytes noise(random.below(80));
    random.fill(noise);
    if (noise.size() >= 8 && i % 2 == 0) {
      const Bytes header{
          0,   static_cast<std::uint8_t>(i % 10), 0, static_cast<std::uint8_t>(noise.size() - 20), 0x21, 0x12, 0xa4,
          0x42};
      std::copy(header.begin(), header.end(), noise.begin());
    }
    const auto out = bench_.exchange(kServer, client_.address, noise);
    for (const Datagram& datagram : out) ASSERT_EQ(datagram.local, kServer) << "nothing leaves a relayed port";
  }
  EXPECT_EQ(bench_.server.stats().allocations, 1U);
}

TEST_F(TurnServerAbuse, AnOwnerWhoDoesNotPollBoundsItself) {
  for (std::size_t i = 0; i < Server::kMaxQueuedDatagrams + 100; ++i) {
    bench_.server.handle_input({relayed_, kPeer, bench_.pool.copy_of(as_bytes("x"))}, bench_.now);
  }
  EXPECT_EQ(bench_.server.stats().dropped_full, 100U);
  EXPECT_EQ(bench_.drain().size(), Server::kMaxQueuedDatagrams);
}

TEST_F(TurnServerAbuse, ReservationsCountForTheirMaker) {
  ServerConfig config = test_config();
  config.max_allocations_per_user = 10;
  ServerBench bench(config);
  int made = 0;
  for (std::uint16_t i = 0; i < 100; ++i) {
    TestClient client{.address = {ip("203.0.113.5"), static_cast<std::uint16_t>(1000 + i)}};
    bench.challenge(client);
    const int code = bench.code(client, Method::kAllocate, [](stun::MessageBuilder& builder) {
      ServerBench::udp(builder);
      builder.add(AttributeType::kEvenPort, Bytes{0x80});
    });
    if (code == 0) {
      ++made;
      EXPECT_EQ(bench.refresh(client, 0), 0);
    } else {
      EXPECT_EQ(code, 486);
    }
  }
  EXPECT_EQ(made, 9) << "each leaves a port that waits for half a minute; the last has room for none of two";
}

}  // namespace
}  // namespace tidewire::turn
