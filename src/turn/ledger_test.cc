// What the machines of one service share.
#include "turn/ledger.h"

#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::ErrorNumber;
using stun::Method;

constexpr std::array kV4{true, false};

void reserve(stun::MessageBuilder& builder) {
  ServerBench::udp(builder);
  builder.add(AttributeType::kEvenPort, Bytes{0x80});
}

ServerConfig few_ports() {
  ServerConfig config = test_config();
  config.first_relay_port = 50000;
  config.last_relay_port = 50003;
  return config;
}

class LedgerTest : public ::testing::Test {
 protected:
  Ledger::Answer take(std::string_view account, PortSet::Want want = PortSet::Want::kAny) {
    return ledger_.take({account, kV4, want}, random_, now_);
  }
  static ErrorNumber error(const Ledger::Answer& answer) {
    const auto* code = std::get_if<ErrorNumber>(&answer);
    return code != nullptr ? *code : ErrorNumber{};
  }
  static std::uint16_t port(const Ledger::Answer& answer) { return std::get<Ledger::Grant>(answer).ports[0]; }

  ServerConfig config_ = few_ports();
  Ledger ledger_{config_};
  crypto::Random random_ = crypto::Random::from_test_seed(1);
  Timestamp now_{std::chrono::hours(1)};
};

TEST_F(LedgerTest, ARefusalChangesNothing) {
  config_.max_allocations_per_user = 2;
  config_.max_allocations = 3;
  ledger_.set_limits(config_);
  (void)take("a");
  (void)take("a");
  EXPECT_EQ(error(take("a")), ErrorNumber::kAllocationQuotaReached);
  EXPECT_EQ(error(take("b", PortSet::Want::kEvenAndNext)), ErrorNumber{});
  EXPECT_EQ(error(take("c")), ErrorNumber::kInsufficientCapacity);
  EXPECT_EQ(ledger_.allocations(), 3U);
  EXPECT_EQ(ledger_.users(), 2U);
  ledger_.end_allocation("a");
  EXPECT_EQ(error(take("c")), ErrorNumber::kInsufficientCapacity) << "every port is taken";
  EXPECT_EQ(ledger_.allocations(), 2U);
  EXPECT_EQ(ledger_.users(), 2U);
}

TEST_F(LedgerTest, APortIsOnesUntilItIsGivenBack) {
  std::array<std::uint16_t, 4> ports{};
  for (std::uint16_t& taken : ports) taken = port(take("a"));
  std::sort(ports.begin(), ports.end());
  EXPECT_EQ(ports, (std::array<std::uint16_t, 4>{50000, 50001, 50002, 50003}));
  ledger_.end_allocation("a");
  EXPECT_EQ(error(take("a")), ErrorNumber::kInsufficientCapacity);
  EXPECT_FALSE(ledger_.take_another(Family::kV4, PortSet::Want::kAny, random_));
  ledger_.release_port(Family::kV4, 50002);
  ledger_.release_port(Family::kV4, 50002);
  ledger_.release_port(Family::kV4, 4);
  EXPECT_EQ(port(take("a")), 50002);
  EXPECT_EQ(error(take("a")), ErrorNumber::kInsufficientCapacity);
}

TEST_F(LedgerTest, AReservationIsForItsAccountAndOnceAndForAWhile) {
  const auto first = std::get<Ledger::Grant>(take("a", PortSet::Want::kEvenAndNext));
  ASSERT_NE(first.token, 0U);
  EXPECT_EQ(error(ledger_.redeem(first.token, "b", now_)), ErrorNumber::kInsufficientCapacity);
  EXPECT_EQ(error(ledger_.redeem(first.token + 1, "a", now_)), ErrorNumber::kInsufficientCapacity);
  EXPECT_EQ(port(ledger_.redeem(first.token, "a", now_)), first.ports[0] + 1);
  EXPECT_EQ(error(ledger_.redeem(first.token, "a", now_)), ErrorNumber::kInsufficientCapacity);
  const auto second = std::get<Ledger::Grant>(take("a", PortSet::Want::kEvenAndNext));
  EXPECT_EQ(ledger_.expire(now_), now_ + Ledger::kReservationLifetime);
  now_ += Ledger::kReservationLifetime;
  EXPECT_EQ(error(ledger_.redeem(second.token, "a", now_)), ErrorNumber::kInsufficientCapacity);
  EXPECT_EQ(ledger_.expire(now_), kNever);
  for (int i = 0; i < 3; ++i) ledger_.end_allocation("a");
  EXPECT_EQ(ledger_.users(), 0U);
}

// Two machines of one service.
class TwoMachines : public ::testing::Test {
 protected:
  explicit TwoMachines(const ServerConfig& config = few_ports())
      : config_(config), ledger_(config), one_(config, ledger_, 1), two_(config, ledger_, 2) {}

  ServerConfig config_;
  Ledger ledger_;
  ServerBench one_;
  ServerBench two_;
};

TEST_F(TwoMachines, NeverHaveTheSamePort) {
  std::vector<SocketAddress> relayed;
  for (std::uint16_t i = 0; i < 4; ++i) {
    TestClient client{.address = {ip("203.0.113.5"), static_cast<std::uint16_t>(1000 + i)}};
    relayed.push_back((i % 2 == 0 ? one_ : two_).allocate(client));
  }
  std::sort(relayed.begin(), relayed.end());
  EXPECT_EQ(std::unique(relayed.begin(), relayed.end()), relayed.end());
  TestClient late{.address = address("203.0.113.5:2000")};
  two_.challenge(late);
  EXPECT_EQ(two_.code(late, Method::kAllocate, ServerBench::udp), 508);

  // Ended on the one: of use to the other when the socket is closed, and not before.
  one_.now += std::chrono::minutes(10);
  one_.server.handle_timeout(one_.now);
  EXPECT_EQ(two_.code(late, Method::kAllocate, ServerBench::udp), 508);
  one_.handle_events();
  EXPECT_EQ(two_.code(late, Method::kAllocate, ServerBench::udp), 0);
}

TEST_F(TwoMachines, ShareQuotas) {
  config_.max_allocations_per_user = 2;
  ASSERT_TRUE(one_.server.reconfigure(config_));
  TestClient first{.address = address("203.0.113.5:1")};
  TestClient second{.address = address("203.0.113.5:2")};
  TestClient third{.address = address("203.0.113.5:3")};
  TestClient other{.address = address("203.0.113.5:4"), .username = "bob", .password = "builder"};
  one_.allocate(first);
  two_.allocate(second);
  two_.challenge(third);
  EXPECT_EQ(two_.code(third, Method::kAllocate, ServerBench::udp), 486);
  two_.allocate(other);
  EXPECT_EQ(one_.server.stats().allocations, 1U);
  EXPECT_EQ(one_.server.stats().users, 2U);
  EXPECT_EQ(one_.refresh(first, 0), 0);
  EXPECT_EQ(two_.code(third, Method::kAllocate, ServerBench::udp), 0);
}

TEST_F(TwoMachines, RedeemEachOthersReservations) {
  TestClient rtp{.address = address("203.0.113.5:1")};
  TestClient rtcp{.address = address("203.0.113.5:2")};
  one_.challenge(rtp);
  two_.challenge(rtcp);
  const auto answer = one_.ask(rtp, Method::kAllocate, reserve);
  ASSERT_TRUE(answer && answer->is_success());
  const auto token = answer->message().find_u64(AttributeType::kReservationToken);
  ASSERT_TRUE(token);
  const SocketAddress next = two_.allocate(rtcp, [&](stun::MessageBuilder& builder) {
    ServerBench::udp(builder);
    builder.add_u64(AttributeType::kReservationToken, *token);
  });
  EXPECT_EQ(next.port, answer->relayed().port + 1);
  EXPECT_EQ(two_.from_peer(next, kPeer, "x").size(), 0U) << "and it is the other machine's port";
  EXPECT_EQ(two_.permit(rtcp, {kPeer}), 0);
  EXPECT_EQ(two_.from_peer(next, kPeer, "x").size(), 1U);
  EXPECT_EQ(one_.server.next_timeout(), one_.now + Ledger::kReservationLifetime);
  one_.run_for(Ledger::kReservationLifetime);
  EXPECT_EQ(one_.server.next_timeout(), one_.now + std::chrono::minutes(10) - Ledger::kReservationLifetime);
}

TEST_F(TwoMachines, AMachineThatEndsGivesBackWhatItHolds) {
  {
    ServerBench third(config_, ledger_, 3);
    TestClient client;
    third.allocate(client);
    TestClient bob{.address = address("203.0.113.5:2"), .username = "bob", .password = "builder"};
    third.allocate(bob);
    EXPECT_EQ(ledger_.users(), 2U);
  }
  EXPECT_EQ(ledger_.users(), 0U);
  EXPECT_EQ(ledger_.allocations(), 0U);
  crypto::Random random = crypto::Random::from_test_seed(1);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ledger_.take_another(Family::kV4, PortSet::Want::kAny, random));
}

}  // namespace
}  // namespace tidewire::turn
