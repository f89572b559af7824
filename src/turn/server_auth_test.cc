// Authentication and what strangers get.
#include <set>

#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::Method;

TEST(TurnServerAuth, ChallengesWhoDoesNotSign) {
  ServerBench bench;
  TestClient client;
  for (const Method method : {Method::kAllocate, Method::kRefresh, Method::kCreatePermission, Method::kChannelBind}) {
    const auto answer = bench.ask(client, method, ServerBench::udp);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error(), 401);
    EXPECT_EQ(answer->text(AttributeType::kRealm), "tidewire");
    EXPECT_FALSE(answer->text(AttributeType::kNonce).empty());
    EXPECT_FALSE(answer->message().has_integrity());
  }
  EXPECT_EQ(bench.server.stats().allocations, 0U);
}

TEST(TurnServerAuth, AnswersUnknownUserAndWrongPasswordAlike) {
  ServerBench bench;
  TestClient client;
  bench.challenge(client);
  const auto about = [&](const std::string& name, const std::string& password) {
    TestClient who = client;
    who.username = name;
    who.password = password;
    const auto answer = bench.ask(who, Method::kAllocate, ServerBench::udp, stun::TransactionId{1});
    EXPECT_TRUE(answer);
    return answer ? text(answer->datagram) : "";
  };
  const std::string wrong_password = about("alice", "builder");
  EXPECT_EQ(about("nobody", "builder").size(), wrong_password.size());
  EXPECT_EQ(about("nobody", "builder"), wrong_password);
  EXPECT_EQ(about("1700000000:past", "builder"), wrong_password);
  EXPECT_EQ(stun::MessageView::parse(as_bytes(wrong_password))->error_code()->code, 401);
  EXPECT_EQ(bench.server.stats().wrong_credentials, 4U);
}

TEST(TurnServerAuth, RefusesSignedRequestsThatLackAPart) {
  ServerBench bench;
  TestClient client;
  bench.challenge(client);
  const LongTermKey key("alice", "tidewire", "wonderland", PasswordAlgorithm::kMd5);
  for (const AttributeType missing : {AttributeType::kUsername, AttributeType::kRealm, AttributeType::kNonce}) {
    TestClient bare;
    const auto answer = bench.ask(bare, Method::kAllocate, [&](stun::MessageBuilder& builder) {
      ServerBench::udp(builder);
      if (missing != AttributeType::kUsername) builder.add_text(AttributeType::kUsername, "alice");
      if (missing != AttributeType::kRealm) builder.add_text(AttributeType::kRealm, "tidewire");
      if (missing != AttributeType::kNonce) builder.add_text(AttributeType::kNonce, client.nonce);
      builder.add_integrity(key.bytes());
    });
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error(), 400);
    EXPECT_FALSE(answer->message().has(AttributeType::kNonce));
    EXPECT_FALSE(answer->message().has_integrity());
  }
}

TEST(TurnServerAuth, SignsItsAnswersAsTheRequestWasSigned) {
  for (const bool sha256 : {false, true}) {
    ServerBench bench;
    TestClient client{.sha256 = sha256};
    bench.challenge(client);
    const LongTermKey key("alice", "tidewire", "wonderland", PasswordAlgorithm::kMd5);
    for (const auto& answer :
         {bench.ask(client, Method::kRefresh), bench.ask(client, Method::kAllocate, ServerBench::udp)}) {
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->message().verify_integrity(key.bytes()), !sha256);
      EXPECT_EQ(answer->message().verify_integrity_sha256(key.bytes()), sha256);
    }
  }
}

TEST(TurnServerAuth, OffersPasswordAlgorithmsToWhoAsksAtLength) {
  ServerBench bench;
  TestClient client;
  const auto answer = bench.ask(client, Method::kAllocate, [](stun::MessageBuilder& builder) {
    ServerBench::udp(builder);
    builder.add_text(AttributeType::kSoftware, "a client with a long name");
  });
  ASSERT_TRUE(answer);
  const auto offered = answer->message().find(AttributeType::kPasswordAlgorithms);
  ASSERT_TRUE(offered);
  EXPECT_EQ(first_known_algorithm(*offered), PasswordAlgorithm::kSha256);
  const std::string nonce = answer->text(AttributeType::kNonce);
  EXPECT_TRUE(nonce_features(nonce).password_algorithms);

  const Bytes list(offered->begin(), offered->end());
  const LongTermKey key("alice", "tidewire", "wonderland", PasswordAlgorithm::kSha256);
  const auto ask = [&](bool with_list, bool with_choice, bool true_list) {
    const auto result = bench.ask(client, Method::kAllocate, [&](stun::MessageBuilder& builder) {
      ServerBench::udp(builder);
      builder.add_text(AttributeType::kUsername, "alice");
      builder.add_text(AttributeType::kRealm, "tidewire");
      builder.add_text(AttributeType::kNonce, nonce);
      if (with_list) builder.add(AttributeType::kPasswordAlgorithms, ByteView(list).first(true_list ? list.size() : 4));
      if (with_choice) {
        builder.add(AttributeType::kPasswordAlgorithm, password_algorithm_value(PasswordAlgorithm::kSha256));
      }
      builder.add_integrity_sha256(key.bytes());
    });
    return result ? result->error() : -1;
  };
  // RFC 8489 §9.2.4
  EXPECT_EQ(ask(true, false, true), 400);
  EXPECT_EQ(ask(false, true, true), 400);
  EXPECT_EQ(ask(true, true, false), 400);
  EXPECT_EQ(ask(true, true, true), 0);
}

TEST(TurnServerAuth, TellsAStaleNonceFromAWrongOne) {
  ServerBench bench;
  TestClient client;
  bench.allocate(client);
  for (int i = 0; i < 7; ++i) {
    bench.run_for(std::chrono::minutes(8));
    EXPECT_EQ(bench.refresh(client, 600), 0);
  }
  bench.run_for(std::chrono::minutes(5));
  const auto answer = bench.ask(client, Method::kRefresh);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error(), 438);
  EXPECT_EQ(answer->text(AttributeType::kRealm), "tidewire");
  EXPECT_FALSE(answer->message().has_integrity());
  client.nonce = answer->text(AttributeType::kNonce);
  EXPECT_EQ(bench.refresh(client, 600), 0);
}

TEST(TurnServerAuth, ANonceIsOfNoUseToAnotherClient) {
  ServerBench bench;
  TestClient client;
  bench.challenge(client);
  TestClient other = client;
  other.address.port = 40001;
  EXPECT_EQ(bench.code(other, Method::kAllocate, ServerBench::udp), 438);
  EXPECT_EQ(bench.code(client, Method::kAllocate, ServerBench::udp), 0);
}

TEST(TurnServerAuth, AnotherUserCannotTouchAnAllocation) {
  ServerBench bench;
  TestClient client;
  bench.allocate(client);
  TestClient bob = client;
  bob.username = "bob";
  bob.password = "builder";
  EXPECT_EQ(bench.refresh(bob, 0), 441);
  EXPECT_EQ(bench.permit(bob, {kPeer}), 441);
  EXPECT_EQ(bench.bind(bob, 0x4000, kPeer), 441);
  EXPECT_EQ(bench.code(bob, Method::kAllocate, ServerBench::udp), 437);
  EXPECT_EQ(bench.refresh(client, 600), 0);
}

TEST(TurnServerAuth, TimeLimitedCredentialsBeginCallsUntilTheirEnd) {
  for (const bool strict : {false, true}) {
    ServerConfig config = test_config();
    config.end_with_credentials = strict;
    ServerBench bench(config);
    TestClient client;
    client.username = time_limited_name({kToday.since_epoch + std::chrono::seconds(60)}, "dave");
    client.password = time_limited_password("north", client.username);
    bench.allocate(client);
    bench.run_for(std::chrono::seconds(61));
    EXPECT_EQ(bench.refresh(client, 600), strict ? 401 : 0) << "a call goes on, unless it is told not to";
    TestClient late = client;
    late.address.port = 40001;
    bench.challenge(late);
    EXPECT_EQ(bench.code(late, Method::kAllocate, ServerBench::udp), 401);
    // Not by its old key either, once the allocation has ended.
    bench.run_for(std::chrono::minutes(11));
    EXPECT_EQ(bench.code(client, Method::kAllocate, ServerBench::udp), 401);
  }
}

TEST(TurnServerAuth, AttributesBehindTheIntegrityDoNotCount) {
  ServerBench bench;
  TestClient client;
  bench.allocate(client);
  const auto answer = bench.ask(TestClient{}, Method::kRefresh, [&](stun::MessageBuilder& builder) {
    ServerBench::sign(builder, client);
    builder.add_u32(AttributeType::kLifetime, 0);
  });
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->is_success());
  EXPECT_EQ(answer->lifetime(), 600U);
  EXPECT_EQ(bench.server.stats().allocations, 1U);
}

TEST(TurnServerAuth, UnknownAttributesThatMustBeUnderstoodAreListed) {
  ServerBench bench;
  TestClient client;
  bench.challenge(client);
  const auto answer = bench.ask(client, Method::kAllocate, [](stun::MessageBuilder& builder) {
    ServerBench::udp(builder);
    builder.add_u32(AttributeType{0x7001}, 1);
    builder.add_u32(AttributeType{0xf001}, 1);  // may be skipped
    builder.add_u32(AttributeType{0x7002}, 1);
    builder.add_u32(AttributeType{0x7001}, 2);
  });
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error(), 420);
  EXPECT_TRUE(answer->message().has_integrity());
  const auto list = answer->message().find(AttributeType::kUnknownAttributes);
  ASSERT_TRUE(list);
  EXPECT_EQ(Bytes(list->begin(), list->end()), (Bytes{0x70, 0x01, 0x70, 0x02}));
}

// With IP and UDP headers, as the wire has it.
double ratio(std::size_t answer, std::size_t request, bool v4 = true) {
  const double headers = v4 ? 28 : 48;
  return (static_cast<double>(answer) + headers) / (static_cast<double>(request) + headers);
}

TEST(TurnServerAuth, DoesNotMultiplyWhatStrangersSend) {
  for (const char* from : {"203.0.113.5:40000", "[2001:db8::5]:40000"}) {
    ServerBench bench;
    TestClient client{.address = address(from)};
    for (const Method method : {Method::kAllocate, Method::kRefresh, Method::kCreatePermission, Method::kChannelBind}) {
      for (std::size_t extra = 0; extra < 120; extra += 4) {
        for (const bool fingerprint : {false, true}) {
          const Bytes request = bench.request(client, method, [&](stun::MessageBuilder& builder) {
            if (extra > 0) builder.add(AttributeType::kSoftware, Bytes(extra - 4, 'x'));
            if (fingerprint) builder.add_fingerprint();
          });
          const auto answer = bench.ask_raw(client, request);
          ASSERT_TRUE(answer);
          EXPECT_LE(ratio(answer->datagram.packet.size(), request.size(), client.address.ip.is_v4()), 1.5)
              << request.size() << " " << fingerprint;
          // What is as long as the shortest whole Allocate gets the challenge.
          if (request.size() >= 28) {
            EXPECT_EQ(answer->error(), 401) << request.size();
          } else if (request.size() == stun::kHeaderSize) {
            EXPECT_EQ(answer->error(), 400);
          }
          bench.run_for(std::chrono::seconds(1));
        }
      }
    }
  }
}

TEST(TurnServerAuth, AnswersASourceOnlySoOften) {
  ServerConfig config = test_config();
  config.challenges_per_second = 10;
  config.challenge_burst = 20;
  ServerBench bench(config);
  TestClient client;
  const auto answers = [&](int requests) {
    int count = 0;
    for (int i = 0; i < requests; ++i) {
      client.address.port = static_cast<std::uint16_t>(1000 + i);
      if (bench.ask(client, Method::kAllocate, ServerBench::udp)) ++count;
    }
    return count;
  };
  EXPECT_EQ(answers(500), 20);
  EXPECT_EQ(bench.server.stats().challenges_held, 480U);
  bench.run_for(std::chrono::seconds(1));
  EXPECT_EQ(answers(500), 10);
  // Nobody else is held back, nor is who signs, nor a connection.
  TestClient other{.address = address("203.0.113.6:40000")};
  bench.allocate(other);
  client.stream = StreamId(1);
  EXPECT_EQ(answers(50), 50);
}

TEST(TurnServerAuth, ASourceOfIpv6IsANetwork) {
  ServerConfig config = test_config();
  config.challenge_burst = 5;
  ServerBench bench(config);
  int count = 0;
  for (std::uint8_t i = 0; i < 100; ++i) {
    TestClient client{.address = {IpAddress::v6({0x20, 1, 0xd, 0xb8, 0, 0, 0, 9, i, 2, 3, 4, 5, 6, 7, i}), 4000}};
    if (bench.ask(client, Method::kAllocate, ServerBench::udp)) ++count;
  }
  EXPECT_EQ(count, 5);
}

TEST(TurnServerAuth, ManyStrangersLeaveNoTrace) {
  ServerBench bench;
  std::set<std::string> nonces;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    TestClient client{
        .address = {IpAddress::v4({203, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}),
                    static_cast<std::uint16_t>(1024 + i)}};
    const auto answer = bench.ask(client, Method::kAllocate, ServerBench::udp);
    ASSERT_TRUE(answer);
    nonces.insert(answer->text(AttributeType::kNonce));
  }
  EXPECT_EQ(nonces.size(), 5000U);
  EXPECT_EQ(bench.server.stats().allocations, 0U);
  EXPECT_EQ(bench.server.stats().users, 0U);
  EXPECT_EQ(bench.server.next_timeout(), kNever);
  EXPECT_TRUE(bench.opened.empty());
}

}  // namespace
}  // namespace tidewire::turn
