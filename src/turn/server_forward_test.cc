// Data in buffers of the owner's.
#include "base/allocations_for_test.h"
#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::Method;

class TurnServerForward : public ::testing::Test {
 protected:
  TurnServerForward() : relayed_(bench_.allocate(client_)) {
    EXPECT_EQ(bench_.bind(client_, 0x4000, kPeer), 0);
    EXPECT_EQ(bench_.permit(client_, {kOtherPeer}), 0);
  }

  static Bytes channel_data(std::string_view data, std::size_t padding = 0) {
    Bytes bytes(kChannelHeaderSize);
    write_channel_header(std::span(bytes).first<kChannelHeaderSize>(), ChannelNumber{0x4000}, data.size());
    bytes.insert(bytes.end(), data.begin(), data.end());
    bytes.resize(bytes.size() + padding);
    return bytes;
  }
  static Bytes send_indication(std::string_view data) {
    Bytes buffer(200);
    stun::MessageBuilder builder(buffer, stun::MessageClass::kIndication, Method::kSend, {});
    builder.add_xor_address(AttributeType::kXorPeerAddress, kOtherPeer);
    builder.add_text(AttributeType::kData, data);
    const ByteView message = *builder.finish();
    return {message.begin(), message.end()};
  }

  // What an owner does with a Forwarding.
  std::optional<std::string> forward(const SocketAddress& local, const SocketAddress& remote, const Bytes& bytes,
                                     Forwarding& out) {
    if (!bench_.server.forward(local, remote, {}, bytes, bench_.now, out)) return std::nullopt;
    std::string sent(as_text(out.prefix_bytes()));
    sent += as_text(ByteView(bytes).subspan(out.offset, out.size));
    return sent + std::string(out.padding, '\0');
  }

  ServerBench bench_;
  TestClient client_;
  SocketAddress relayed_;
};

TEST_F(TurnServerForward, SaysWhatBecomesOfTheBytesOfAClient) {
  Forwarding out;
  for (const Bytes& bytes : {channel_data("hello"), channel_data("hello", 3)}) {
    EXPECT_EQ(forward(kServer, client_.address, bytes, out), "hello");
    EXPECT_EQ(out.local, relayed_);
    EXPECT_EQ(out.remote, kPeer);
    EXPECT_FALSE(out.stream.value());
    EXPECT_EQ(out.prefix_size, 0U);
  }
  EXPECT_EQ(forward(kServer, client_.address, send_indication("hi"), out), "hi");
  EXPECT_EQ(out.remote, kOtherPeer);
  EXPECT_EQ(out.offset, 20U + 12 + 4);
  EXPECT_FALSE(bench_.server.poll_transmit()) << "it is the owner who sends";
}

TEST_F(TurnServerForward, SaysWhatBecomesOfTheBytesOfAPeer) {
  Forwarding out;
  EXPECT_EQ(forward(relayed_, kPeer, {'b', 'a', 'c', 'k'}, out), std::string("\x40\0\0\4back", 8));
  EXPECT_EQ(out.local, kServer);
  EXPECT_EQ(out.remote, client_.address);
  const auto sent = forward(relayed_, kOtherPeer, {'b', 'a', 'c', 'k', '!'}, out);
  ASSERT_TRUE(sent);
  const auto message = stun::MessageView::parse(as_bytes(*sent));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->find_xor_address(AttributeType::kXorPeerAddress), kOtherPeer);
  EXPECT_EQ(message->find_text(AttributeType::kData), "back!");
  EXPECT_EQ(out.padding, 3U);
}

TEST_F(TurnServerForward, AnswersRequestsByTheQueue) {
  Forwarding out;
  EXPECT_FALSE(forward(kServer, client_.address, bench_.request(client_, Method::kBinding), out));
  EXPECT_TRUE(bench_.server.poll_transmit());
  EXPECT_FALSE(forward(kServer, client_.address, {}, out));
  EXPECT_FALSE(forward(kServer, client_.address, {0x40}, out));
  EXPECT_FALSE(forward(relayed_, address("198.51.100.9:1"), {'x'}, out));
  EXPECT_FALSE(bench_.server.poll_transmit());
}

TEST_F(TurnServerForward, TakesNoMemory) {
  const Bytes data = channel_data("hello");
  const Bytes indication = send_indication("hello");
  const Bytes back(1200);
  Forwarding out;
  const std::size_t before = allocations_from_heap;
  bool all = true;
  for (int i = 0; i < 100; ++i) {
    all = all && bench_.server.forward(kServer, client_.address, {}, data, bench_.now, out);
    all = all && bench_.server.forward(kServer, client_.address, {}, indication, bench_.now, out);
    all = all && bench_.server.forward(relayed_, kPeer, {}, back, bench_.now, out);
    all = all && bench_.server.forward(relayed_, kOtherPeer, {}, back, bench_.now, out);
    // And nothing for what is worth nothing.
    all = all && !bench_.server.forward(kServer, kPeer, {}, data, bench_.now, out);
    all = all && !bench_.server.forward(kServer, client_.address, {}, back, bench_.now, out);
  }
  EXPECT_EQ(allocations_from_heap, before);
  EXPECT_TRUE(all);
  auto memory = std::make_unique<int>(1);
  EXPECT_GT(allocations_from_heap, before) << "this test counts";
}

TEST_F(TurnServerForward, DataIndicationsDifferInTheirIds) {
  std::vector<stun::TransactionId> ids;
  Forwarding out;
  for (int i = 0; i < 1000; ++i) {
    const auto sent = forward(relayed_, kOtherPeer, {'x'}, out);
    ASSERT_TRUE(sent);
    ids.push_back(stun::MessageView::parse(as_bytes(*sent))->transaction_id());
  }
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end());
}

TEST_F(TurnServerForward, TheClientFoundLastIsForgottenWithItsAllocation) {
  Forwarding out;
  const Bytes data = channel_data("hello");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(forward(kServer, client_.address, data, out));
    EXPECT_EQ(bench_.refresh(client_, 0), 0);
    ASSERT_FALSE(forward(kServer, client_.address, data, out));
    (void)bench_.allocate(client_);
    ASSERT_FALSE(forward(kServer, client_.address, data, out)) << "a new one has no channels";
    EXPECT_EQ(bench_.bind(client_, 0x4000, kPeer), 0);
  }
}

TEST_F(TurnServerForward, EveryOneOfManyClientsKeepsItsOwn) {
  struct One {
    TestClient client;
    SocketAddress relayed;
    bool lives = true;
  };
  ServerConfig config = test_config();
  config.max_allocations_per_user = 10'000;
  config.challenge_burst = 10'000;
  ServerBench bench(config);
  std::vector<One> all;
  auto random = crypto::Random::from_test_seed(3);
  const auto check = [&] {
    for (const One& one : all) {
      const auto sent = bench.send_channel(one.client, 0x4000, "x");
      ASSERT_EQ(sent.size(), one.lives ? 1U : 0U);
      if (one.lives) {
        ASSERT_EQ(sent[0].local, one.relayed);
        ASSERT_EQ(bench.from_peer(one.relayed, kPeer, "y")[0].remote, one.client.address);
      }
    }
  };
  for (std::uint16_t i = 0; i < 300; ++i) {
    all.push_back({.client = {.address = {ip("203.0.113.5"), static_cast<std::uint16_t>(1000 + i)}}, .relayed = {}});
    all.back().relayed = bench.allocate(all.back().client);
    ASSERT_EQ(bench.bind(all.back().client, 0x4000, kPeer), 0);
    // Now and then one ends.
    One& old = all[random.below(static_cast<std::uint32_t>(all.size()))];
    if (i % 3 == 0 && old.lives) {
      ASSERT_EQ(bench.refresh(old.client, 0), 0);
      old.lives = false;
    }
    if (i % 50 == 0) check();
  }
  check();
}

}  // namespace
}  // namespace tidewire::turn
