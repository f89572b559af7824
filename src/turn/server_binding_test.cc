// Binding requests and RFC 5780.
#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::Method;

TEST(StunServer, TellsAClientItsAddress) {
  ServerBench bench;
  for (const char* from : {"203.0.113.5:40000", "[2001:db8::5]:40000"}) {
    TestClient client{.address = address(from)};
    const Bytes request = bench.request(client, Method::kBinding);
    const auto answer = bench.ask_raw(client, request);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->is_success());
    EXPECT_EQ(answer->message().transaction_id(), stun::MessageView::parse(request)->transaction_id());
    EXPECT_EQ(answer->message().find_xor_address(AttributeType::kXorMappedAddress), client.address);
    EXPECT_EQ(answer->datagram.local, kServer);
    EXPECT_EQ(answer->datagram.remote, client.address);
    EXPECT_LE(answer->datagram.packet.size(), 3 * request.size());
    EXPECT_EQ(answer->message().check_fingerprint(), stun::FingerprintCheck::kAbsent);
  }
  EXPECT_EQ(bench.server.stats().binding_answers, 2U);
}

TEST(StunServer, AnswersOnTheConnectionThatAsked) {
  ServerBench bench;
  TestClient client{.stream = StreamId(9)};
  const auto answer = bench.ask(client, Method::kBinding);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->datagram.stream, StreamId(9));
}

TEST(StunServer, AnswersAFingerprintWithOne) {
  ServerBench bench;
  const auto answer = bench.ask({}, Method::kBinding, [](stun::MessageBuilder& builder) { builder.add_fingerprint(); });
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->message().check_fingerprint(), stun::FingerprintCheck::kValid);
}

TEST(StunServer, DropsWhatIsNoRequest) {
  ServerBench bench;
  TestClient client;
  Bytes request =
      bench.request(client, Method::kBinding, [](stun::MessageBuilder& builder) { builder.add_fingerprint(); });
  request.back() ^= 1;
  EXPECT_FALSE(bench.ask_raw(client, request));
  for (const auto c : {stun::MessageClass::kIndication, stun::MessageClass::kSuccess, stun::MessageClass::kError}) {
    Bytes buffer(20);
    stun::MessageBuilder builder(buffer, c, Method::kBinding, {});
    EXPECT_FALSE(bench.ask_raw(client, *builder.finish()));
  }
  for (const Method method : {Method::kSend, Method::kData, Method{0x002}, Method{0x0ff}}) {
    EXPECT_FALSE(bench.ask(client, method));
  }
  EXPECT_FALSE(bench.ask_raw(client, {}));
  EXPECT_FALSE(bench.ask_raw(client, Bytes(1500, 0)));
  EXPECT_FALSE(bench.ask_raw(client, Bytes(1500, 0xff)));
}

TEST(StunServer, ListsWhatItDoesNotUnderstand) {
  ServerBench bench;
  for (const AttributeType type : {AttributeType::kChangeRequest, AttributeType{0x0026}, AttributeType{0x0027}}) {
    const Bytes request =
        bench.request({}, Method::kBinding, [&](stun::MessageBuilder& builder) { builder.add_u32(type, 0); });
    const auto answer = bench.ask_raw({}, request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error(), 420);
    EXPECT_LE(answer->datagram.packet.size(), 3 * request.size());
  }
}

TEST(StunServer, AnswersFromTheSocketThatWasAskedFor) {
  ServerConfig config = test_config();
  config.alternate = address("192.0.2.9:3479");
  ServerBench bench(config);
  struct Case {
    std::uint32_t change;
    const char* from;
  };
  // RFC 5780 §7.2: bit 2 changes the address, bit 1 the port.
  for (const auto& [change, from] :
       {Case{0, "192.0.2.1:3478"}, Case{2, "192.0.2.1:3479"}, Case{4, "192.0.2.9:3478"}, Case{6, "192.0.2.9:3479"}}) {
    const std::uint32_t bits = change;
    const Bytes request = bench.request({}, Method::kBinding, [&](stun::MessageBuilder& builder) {
      if (bits != 0) builder.add_u32(AttributeType::kChangeRequest, bits);
    });
    const auto answer = bench.ask_raw({}, request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->datagram.local, address(from)) << bits;
    EXPECT_EQ(answer->message().find_address(AttributeType::kResponseOrigin), address(from));
    EXPECT_EQ(answer->message().find_address(AttributeType::kOtherAddress), config.alternate);
    EXPECT_LE(answer->datagram.packet.size(), 3 * request.size());
  }
  // Seen from the far corner, the other one is the first.
  TestClient far{.server = *config.alternate};
  const auto answer = bench.ask(far, Method::kBinding);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->message().find_address(AttributeType::kOtherAddress), kServer);
  // Nothing of it on connections and other sockets.
  EXPECT_FALSE(bench.ask({.stream = StreamId(1)}, Method::kBinding)->message().has(AttributeType::kOtherAddress));
  EXPECT_FALSE(
      bench.ask({.server = address("192.0.2.77:3478")}, Method::kBinding)->message().has(AttributeType::kOtherAddress));
}

TEST(StunServer, WithoutRelaysGivesNoAllocations) {
  ServerConfig config = test_config();
  config.relay_v4.reset();
  config.relay_v6.reset();
  ServerBench bench(config);
  TestClient client;
  EXPECT_TRUE(bench.ask(client, Method::kBinding));
  bench.challenge(client);
  EXPECT_EQ(bench.code(client, Method::kAllocate, ServerBench::udp), 440);
}

TEST(ServerConfig, SaysWhatIsWrong) {
  EXPECT_TRUE(check(test_config()));
  const auto wrong = [](const std::function<void(ServerConfig&)>& change) {
    ServerConfig config = test_config();
    change(config);
    return !check(config);
  };
  EXPECT_TRUE(wrong([](ServerConfig& c) { c.relay_v4 = ip("::1"); }));
  EXPECT_TRUE(wrong([](ServerConfig& c) { c.relay_v6 = ip("127.0.0.1"); }));
  EXPECT_TRUE(wrong([](ServerConfig& c) { c.advertised_v4 = ip("::1"); }));
  EXPECT_TRUE(wrong([](ServerConfig& c) { c.advertised_v6 = ip("1.2.3.4"); }));
  EXPECT_TRUE(wrong([](ServerConfig& c) { c.first_relay_port = 0; }));
  EXPECT_TRUE(wrong([](ServerConfig& c) { c.last_relay_port = 1000; }));
  EXPECT_TRUE(wrong([](ServerConfig& c) { c.listen = {address("192.0.2.1:50000")}; }));
  EXPECT_TRUE(wrong([](ServerConfig& c) { c.alternate = address("192.0.2.1:3479"); }));
  EXPECT_TRUE(wrong([](ServerConfig& c) { c.alternate = address("192.0.2.9:3478"); }));
  EXPECT_TRUE(wrong([](ServerConfig& c) { c.realm = ""; }));
  EXPECT_TRUE(wrong([](ServerConfig& c) { c.realm = "too-long-for-that"; }));
  EXPECT_TRUE(wrong([](ServerConfig& c) { c.shared_secrets.assign(5, "x"); }));
}

}  // namespace
}  // namespace tidewire::turn
