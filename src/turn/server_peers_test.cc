// Whom a server is asked to reach and will not, by every way of asking.
#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::Method;

class TurnServerPeers : public ::testing::Test {
 protected:
  TurnServerPeers() {
    bench_.allocate(client_, [](stun::MessageBuilder& builder) {
      ServerBench::udp(builder);
      builder.add_u32(AttributeType::kAdditionalAddressFamily, 2U << 24);
    });
    EXPECT_EQ(bench_.permit(client_, {kPeer}), 0);
  }

  ServerBench bench_{[] {
    ServerConfig config = test_config();
    config.alternate = address("192.0.2.9:3479");
    return config;
  }()};
  TestClient client_;
};

TEST_F(TurnServerPeers, RefusesWhatIsNobodyElsesBusiness) {
  for (const char* refused : {
           "127.0.0.1:80",
           "127.255.255.254:1",
           "[::1]:80",  // loopback
           "10.0.0.1:1",
           "172.16.0.1:1",
           "172.31.255.255:1",
           "192.168.1.1:1",  // private
           "[fc00::1]:1",
           "[fd12::1]:1",  // unique local
           "169.254.0.1:1",
           "[fe80::1]:1",  // link-local
           "169.254.169.254:80",
           "168.63.129.16:80",
           "100.100.100.200:80",  // metadata of clouds
           "[fd00:ec2::254]:80",  // likewise
           "100.64.0.1:1",
           "100.127.255.255:1",  // carrier-grade NAT
           "198.18.0.1:1",
           "198.19.255.255:1",
           "[2001:2::1]:1",  // benchmarking
           "224.0.0.1:1",
           "239.255.255.250:1900",
           "[ff02::1]:1",
           "[ff0e::1]:1",  // multicast
           "255.255.255.255:1",
           "240.0.0.1:1",
           "0.0.0.0:1",
           "[::]:1",  // broadcast, reserved, none
           "[::ffff:127.0.0.1]:80",
           "[::ffff:10.0.0.1]:1",
           "[::ffff:198.51.100.7]:5000",  // IPv4-mapped
           "[::127.0.0.1]:80",
           "[::10.0.0.1]:1",  // IPv4-compatible
           "[64:ff9b::127.0.0.1]:80",
           "[64:ff9b::10.0.0.1]:1",
           "[64:ff9b::169.254.169.254]:80",  // NAT64
           "[64:ff9b:1::1]:80",              // NAT64 of the local net
           "[2002:7f00:1::1]:80",
           "[2002:a00:1::1]:1",
           "[2002:a9fe:a9fe::1]:80",  // 6to4
           "[2001:0:a00:1::1]:1",     // Teredo
           "192.0.2.1:3478",
           "192.0.2.9:3479",
           "192.0.2.1:3479",
           "192.0.2.9:50000",  // the server itself
           "192.0.2.1:53",
           "[2001:db8::1]:3478",
           "[2001:db8::1]:53",  // likewise
           "[64:ff9b::192.0.2.1]:50000",
           "[2002:c000:201::1]:50000",  // in other shapes
           "[::ffff:192.0.2.1]:50000",  // likewise
       }) {
    const SocketAddress peer = address(refused);
    EXPECT_EQ(bench_.permit(client_, {peer}), 403) << refused;
    EXPECT_EQ(bench_.permit(client_, {kOtherPeer, peer}), 403) << refused;
    EXPECT_EQ(bench_.permit(client_, {peer, kOtherPeer}), 403) << refused;
    EXPECT_EQ(bench_.bind(client_, 0x4000, peer), 403) << refused;
    EXPECT_TRUE(bench_.send_indication(client_, peer, "x").empty()) << refused;
  }
  EXPECT_TRUE(bench_.send_indication(client_, kOtherPeer, "x").empty()) << "all of a list, or none";
  EXPECT_TRUE(bench_.send_channel(client_, 0x4000, "x").empty());
  EXPECT_EQ(bench_.send_indication(client_, kPeer, "x").size(), 1U);
  for (const char* allowed : {"8.8.8.8:1", "[2001:4860::1]:1", "[64:ff9b::8.8.8.8]:1", "[2002:808:808::1]:1"}) {
    EXPECT_EQ(bench_.permit(client_, {address(allowed)}), 0) << allowed;
  }
}

// RFC 8489 §14.5: who is on the way may put something behind MESSAGE-INTEGRITY.
TEST_F(TurnServerPeers, PeersBehindTheIntegrityDoNotCount) {
  const auto signed_then = [&](Method method, const Fill& before, const Fill& behind) {
    return bench_.code(TestClient{}, method, [&](stun::MessageBuilder& builder) {
      before(builder);
      ServerBench::sign(builder, client_);
      behind(builder);
    });
  };
  const auto other_peer = [](stun::MessageBuilder& b) {
    b.add_xor_address(AttributeType::kXorPeerAddress, kOtherPeer);
  };
  const auto nothing = [](stun::MessageBuilder&) {};
  for (const bool sha256 : {false, true}) {
    client_.sha256 = sha256;
    EXPECT_EQ(
        signed_then(
            Method::kCreatePermission,
            [](stun::MessageBuilder& b) { b.add_xor_address(AttributeType::kXorPeerAddress, kPeer); }, other_peer),
        0);
    EXPECT_EQ(signed_then(Method::kCreatePermission, nothing, other_peer), 400);
    EXPECT_EQ(signed_then(
                  Method::kChannelBind,
                  [](stun::MessageBuilder& b) { b.add_u32(AttributeType::kChannelNumber, 0x4000U << 16); }, other_peer),
              400);
    EXPECT_TRUE(bench_.send_indication(client_, kOtherPeer, "x").empty());
    EXPECT_EQ(
        signed_then(Method::kRefresh, nothing, [](stun::MessageBuilder& b) { b.add_u32(AttributeType::kLifetime, 0); }),
        0);
    EXPECT_EQ(bench_.server.stats().allocations, 1U);
  }
  // An Allocate request's transport, and an unknown attribute, likewise.
  TestClient late{.address = address("203.0.113.9:1")};
  bench_.challenge(late);
  client_ = late;
  EXPECT_EQ(bench_.code({.address = late.address}, Method::kAllocate,
                        [&](stun::MessageBuilder& builder) {
                          ServerBench::sign(builder, late);
                          ServerBench::udp(builder);
                        }),
            400);
  EXPECT_EQ(bench_.code({.address = late.address}, Method::kAllocate,
                        [&](stun::MessageBuilder& builder) {
                          ServerBench::udp(builder);
                          ServerBench::sign(builder, late);
                          builder.add_u32(AttributeType{0x7fff}, 0);
                        }),
            0);
}

// MESSAGE-INTEGRITY then MESSAGE-INTEGRITY-SHA256: nothing between them counts either, for the first protects nothing
// that follows.
TEST_F(TurnServerPeers, PeersBetweenTheTwoIntegritiesDoNotCount) {
  const LongTermKey key(client_.username, "tidewire", client_.password, PasswordAlgorithm::kMd5);
  EXPECT_EQ(bench_.code(TestClient{}, Method::kCreatePermission,
                        [&](stun::MessageBuilder& builder) {
                          builder.add_xor_address(AttributeType::kXorPeerAddress, {kPeer.ip, 1});
                          builder.add_text(AttributeType::kUsername, client_.username);
                          builder.add_text(AttributeType::kRealm, "tidewire");
                          builder.add_text(AttributeType::kNonce, client_.nonce);
                          builder.add_integrity(key.bytes());
                          builder.add_xor_address(AttributeType::kXorPeerAddress, kOtherPeer);
                          builder.add_integrity_sha256(key.bytes());
                        }),
            0);
  EXPECT_TRUE(bench_.send_indication(client_, kOtherPeer, "x").empty());
}

// A Send indication is not signed: what follows an integrity that nobody checks does not count all the same.
TEST_F(TurnServerPeers, ASendIndicationCannotHideItsPeer) {
  Bytes buffer(300);
  stun::MessageBuilder builder(buffer, stun::MessageClass::kIndication, Method::kSend, {});
  builder.add_text(AttributeType::kData, "x");
  builder.add_integrity(as_bytes("key"));
  builder.add_xor_address(AttributeType::kXorPeerAddress, kPeer);
  EXPECT_TRUE(bench_.exchange(kServer, client_.address, *builder.finish()).empty());
  // Of two, the first counts (RFC 8489 §14).
  stun::MessageBuilder two(buffer, stun::MessageClass::kIndication, Method::kSend, {});
  two.add_xor_address(AttributeType::kXorPeerAddress, address("10.0.0.1:1"));
  two.add_xor_address(AttributeType::kXorPeerAddress, kPeer);
  two.add_text(AttributeType::kData, "x");
  EXPECT_TRUE(bench_.exchange(kServer, client_.address, *two.finish()).empty());
}

TEST_F(TurnServerPeers, WithoutAnAllocationNothingIsGranted) {
  TestClient stranger{.address = address("203.0.113.9:1")};
  bench_.challenge(stranger);
  EXPECT_EQ(bench_.permit(stranger, {kPeer}), 437);
  EXPECT_EQ(bench_.bind(stranger, 0x4000, kPeer), 437);
  EXPECT_EQ(bench_.refresh(stranger, 600), 437);
  EXPECT_TRUE(bench_.send_indication(stranger, kPeer, "x").empty());
  EXPECT_TRUE(bench_.send_channel(stranger, 0x4000, "x").empty());
}

TEST_F(TurnServerPeers, BindingAnswersStayBelowThreeTimesTheirRequests) {
  for (const char* from : {"203.0.113.5:40000", "[2001:db8::5]:40000"}) {
    for (const bool fingerprint : {false, true}) {
      for (int unknown = 0; unknown < 30; ++unknown) {
        const TestClient client{.address = address(from)};
        const Bytes request = bench_.request(client, Method::kBinding, [&](stun::MessageBuilder& builder) {
          for (int i = 0; i < unknown; ++i) builder.add_flag(AttributeType{static_cast<std::uint16_t>(0x7000 + i)});
          if (fingerprint) builder.add_fingerprint();
        });
        const auto answer = bench_.ask_raw(client, request);
        ASSERT_TRUE(answer);
        const std::size_t headers = client.address.ip.is_v4() ? 28 : 48;
        EXPECT_LE(answer->datagram.packet.size() + headers, 3 * (request.size() + headers)) << unknown;
      }
      bench_.run_for(std::chrono::seconds(3));
    }
  }
}

}  // namespace
}  // namespace tidewire::turn
