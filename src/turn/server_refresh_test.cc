// Refresh, and how allocations end.
#include <algorithm>

#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::Method;

const Bytes kV4{1, 0, 0, 0};
const Bytes kV6{2, 0, 0, 0};

TEST(TurnServerRefresh, EndsAnAllocation) {
  ServerBench bench;
  TestClient client;
  const SocketAddress relayed = bench.allocate(client);
  EXPECT_EQ(bench.refresh(client, 0), 0);
  EXPECT_EQ(bench.closed, std::vector{relayed});
  EXPECT_EQ(bench.server.stats().allocations, 0U);
  EXPECT_EQ(bench.server.next_timeout(), kNever);
  EXPECT_EQ(bench.refresh(client, 0), 437);
  EXPECT_EQ(bench.permit(client, {kPeer}), 437);
  EXPECT_EQ(bench.bind(client, 0x4000, kPeer), 437);
  EXPECT_EQ(bench.code(client, Method::kAllocate, ServerBench::udp), 0);
}

TEST(TurnServerRefresh, KeepsAnAllocationAliveAndItsAbsenceDoesNot) {
  ServerBench bench;
  TestClient client;
  const SocketAddress relayed = bench.allocate(client);
  for (int i = 0; i < 5; ++i) {
    bench.run_for(std::chrono::seconds(599));
    EXPECT_EQ(bench.refresh(client, std::nullopt), 0);
  }
  bench.run_for(std::chrono::seconds(599));
  EXPECT_TRUE(bench.closed.empty());
  bench.run_for(std::chrono::seconds(1));
  EXPECT_EQ(bench.closed, std::vector{relayed});
}

TEST(TurnServerRefresh, RefusesAnotherFamilyThanTheAllocations) {
  ServerBench bench;
  TestClient client;
  bench.allocate(client);
  const auto refresh = [&](const Bytes& family) {
    return bench.code(client, Method::kRefresh,
                      [&](stun::MessageBuilder& b) { b.add(AttributeType::kRequestedAddressFamily, family); });
  };
  EXPECT_EQ(refresh(kV6), 443);
  EXPECT_EQ(refresh({7, 0, 0, 0}), 443);
  EXPECT_EQ(refresh({1}), 400);
  EXPECT_EQ(refresh(kV4), 0);
  EXPECT_EQ(
      bench.code(client, Method::kRefresh, [](stun::MessageBuilder& b) { b.add(AttributeType::kLifetime, Bytes{0}); }),
      400);
}

TEST(TurnServerRefresh, TheEndOfAConnectionEndsItsAllocation) {
  ServerBench bench;
  TestClient client{.stream = StreamId(3)};
  TestClient other{.stream = StreamId(4)};
  const SocketAddress relayed = bench.allocate(client);
  bench.allocate(other);
  bench.server.stream_closed(kServer, client.address, StreamId(3), bench.now);
  bench.server.stream_closed(kServer, client.address, StreamId(99), bench.now);
  bench.handle_events();
  EXPECT_EQ(bench.closed, std::vector{relayed});
  EXPECT_EQ(bench.server.stats().allocations, 1U);
}

TEST(TurnServerRefresh, ManyAllocationsEndInTheirOrder) {
  ServerConfig config = test_config();
  config.max_allocations_per_user = 1000;
  ServerBench bench(config);
  crypto::Random random = crypto::Random::from_test_seed(3);
  std::vector<std::pair<std::uint32_t, SocketAddress>> expected;
  for (std::uint16_t i = 0; i < 500; ++i) {
    TestClient client{.address = {ip("203.0.113.5"), static_cast<std::uint16_t>(1000 + i)}, .stream = StreamId(i + 1U)};
    const SocketAddress relayed = bench.allocate(client);
    const std::uint32_t lifetime = 600 + random.below(3000);
    if (i % 5 == 0) {
      EXPECT_EQ(bench.refresh(client, 0), 0);
      continue;
    }
    EXPECT_EQ(bench.refresh(client, lifetime), 0);
    expected.emplace_back(lifetime, relayed);
  }
  bench.closed.clear();
  const Timestamp start = bench.now;
  std::sort(expected.begin(), expected.end());
  for (const auto& [lifetime, relayed] : expected) {
    if (const Timestamp end = start + std::chrono::seconds(lifetime); bench.now < end) {
      ASSERT_EQ(bench.server.next_timeout(), end);
      bench.run_for(end - bench.now);
    }
    EXPECT_NE(std::find(bench.closed.begin(), bench.closed.end(), relayed), bench.closed.end());
  }
  EXPECT_EQ(bench.server.stats().allocations, 0U);
  EXPECT_EQ(bench.server.stats().users, 0U);
}

}  // namespace
}  // namespace tidewire::turn
