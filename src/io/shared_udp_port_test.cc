#include "io/shared_udp_port.h"

#include <gmock/gmock.h>

#include <numeric>
#include <optional>

#include "stun/builder.h"

namespace tidewire::io {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Duration kPatience = 20s;
const SocketAddress kAny{IpAddress::v4({127, 0, 0, 1}), 0};

// A connection on the shared port, with what it has heard: text, or "check", "request", "response".
struct Owner {
  std::optional<SharedUdpPort::Registration> registration;
  std::vector<std::string> heard;
  std::vector<std::size_t> batches;

  std::vector<std::string> take() { return std::exchange(heard, {}); }
};

std::string describe(ByteView bytes) {
  const auto message = stun::MessageView::parse(bytes);
  if (!message) return std::string(as_text(bytes));
  if (message->message_class() == stun::MessageClass::kRequest) return message->username() ? "check" : "request";
  return message->message_class() == stun::MessageClass::kIndication ? "indication" : "response";
}

class SharedUdpPortTest : public testing::Test {
 protected:
  // A client of the port: its own socket, which hears nothing of interest.
  UdpSocket client() {
    auto socket = UdpSocket::bind(loop_, kAny, [this](std::span<Datagram> batch) { client_heard_ += batch.size(); });
    EXPECT_TRUE(socket);
    return *std::move(socket);
  }
  SharedUdpPort make_port(std::size_t max_ufrags = 100) {
    SharedUdpPort::Options options;
    options.max_ufrags = max_ufrags;
    auto port = SharedUdpPort::bind(loop_, kAny, options);
    EXPECT_TRUE(port);
    return *std::move(port);
  }
  Result<> join(Owner& owner, std::string_view ufrag) {
    auto registration = port_->register_owner(ufrag, [&owner](std::span<Datagram> batch) {
      owner.batches.push_back(batch.size());
      for (const Datagram& datagram : batch) owner.heard.push_back(describe(datagram.packet.bytes()));
    });
    if (!registration) return registration.error();
    owner.registration.emplace(*std::move(registration));
    return {};
  }
  Packet packet(std::string_view text) { return loop_.packet_pool().copy_of(as_bytes(text)); }
  Packet stun(stun::MessageClass message_class, std::string_view username = {}) {
    Packet made = loop_.packet_pool().make();
    stun::MessageBuilder builder(made, message_class, stun::Method::kBinding, id_);
    if (!username.empty()) builder.add_text(stun::AttributeType::kUsername, username);
    EXPECT_TRUE(builder.finish());
    return made;
  }
  Packet check(std::string_view username) { return stun(stun::MessageClass::kRequest, username); }
  void say(UdpSocket& from, Packet what) { from.send(std::move(what), port_->local_address()); }
  // Until the port has received everything that was said to it.
  void settle(std::uint64_t total) {
    EXPECT_TRUE(loop_.run_until([&] { return port_->socket_stats().datagrams_received == total; },
                                EventLoop::now() + kPatience));
  }

  EventLoop loop_;
  stun::TransactionId id_{};
  std::size_t client_heard_ = 0;
  std::optional<SharedUdpPort> port_{make_port()};
  Owner anna_;
  Owner ben_;
};

TEST_F(SharedUdpPortTest, AChecksUfragFindsItsOwnerAndTeachesWhereItCameFrom) {
  ASSERT_TRUE(join(anna_, "anna"));
  ASSERT_TRUE(join(ben_, "ben"));
  UdpSocket first = client();
  UdpSocket second = client();
  say(first, packet("early"));
  say(first, check("anna:x"));
  say(first, packet("dtls"));
  say(first, stun(stun::MessageClass::kIndication));
  settle(4);
  say(second, check("ben:y"));
  say(second, packet("media"));
  say(second, check("nobody:y"));
  say(second, check("no colon"));  // goes by the address, as everything else
  settle(8);
  EXPECT_THAT(anna_.heard, ElementsAre("check", "dtls", "indication"));
  EXPECT_THAT(ben_.heard, ElementsAre("check", "media", "check"));
  EXPECT_EQ(port_->stats().dropped_unknown_remote, 1U);
  EXPECT_EQ(port_->stats().dropped_unknown_ufrag, 1U);
}

TEST_F(SharedUdpPortTest, NeighboursForOneOwnerComeInOneCall) {
  ASSERT_TRUE(join(anna_, "anna"));
  UdpSocket first = client();
  say(first, check("anna:x"));
  for (int i = 0; i < 9; ++i) say(first, packet("media"));
  settle(10);
  // The socket asks for little until it sees that there is more.
  EXPECT_LE(anna_.batches.size(), 2U);
  EXPECT_EQ(std::accumulate(anna_.batches.begin(), anna_.batches.end(), std::size_t{0}), 10U);
}

TEST_F(SharedUdpPortTest, AResponseGoesToWhoAskedEvenWhenBothAskTheSameServer) {
  ASSERT_TRUE(join(anna_, "anna"));
  ASSERT_TRUE(join(ben_, "ben"));
  UdpSocket server = client();
  std::uint64_t answers = 0;
  for (Owner* owner : {&anna_, &ben_}) {
    ++id_[0];
    EXPECT_TRUE(owner->registration->send(stun(stun::MessageClass::kRequest), server.local_address()));
  }
  const auto answer = [&](std::uint8_t id, stun::MessageClass message_class) {
    id_[0] = id;
    say(server, stun(message_class));
    settle(++answers);
  };
  answer(2, stun::MessageClass::kError);
  EXPECT_THAT(ben_.take(), ElementsAre("response"));
  answer(1, stun::MessageClass::kSuccess);
  EXPECT_THAT(anna_.take(), ElementsAre("response"));
  answer(3, stun::MessageClass::kSuccess);
  EXPECT_THAT(ben_.take(), IsEmpty());
  EXPECT_EQ(port_->stats().dropped_unknown_remote, 1U) << "a response to nobody's request";
  EXPECT_EQ(client_heard_, 2U);
}

TEST_F(SharedUdpPortTest, TheLastAuthenticatedOwnerHasAnAddressAndAForgedCheckTakesNothing) {
  ASSERT_TRUE(join(anna_, "anna"));
  ASSERT_TRUE(join(ben_, "ben"));
  UdpSocket peer = client();
  EXPECT_TRUE(anna_.registration->bind_remote(peer.local_address()));
  say(peer, check("ben:x"));
  say(peer, packet("for anna"));
  settle(2);
  EXPECT_THAT(ben_.take(), ElementsAre("check"));
  EXPECT_THAT(anna_.take(), ElementsAre("for anna"));
  EXPECT_TRUE(ben_.registration->bind_remote(peer.local_address()));
  anna_.registration->unbind_remote(peer.local_address());  // is no longer hers to give up
  say(peer, packet("for ben"));
  settle(3);
  EXPECT_THAT(ben_.take(), ElementsAre("for ben"));
  ben_.registration->unbind_remote(peer.local_address());
  say(peer, packet("for nobody"));
  settle(4);
  EXPECT_EQ(port_->stats().dropped_unknown_remote, 1U);
}

TEST_F(SharedUdpPortTest, ARestartAddsAUfragAndRemovesTheOldOne) {
  ASSERT_TRUE(join(anna_, "old"));
  ASSERT_TRUE(join(ben_, "ben"));
  EXPECT_EQ(anna_.registration->add_ufrag("ben").error().code, ErrorCode::kInvalidState);
  ASSERT_TRUE(anna_.registration->add_ufrag("new"));
  UdpSocket peer = client();
  say(peer, check("old:x"));
  say(peer, check("new:x"));
  settle(2);
  EXPECT_THAT(anna_.take(), ElementsAre("check", "check"));
  anna_.registration->remove_ufrag("ben");  // not hers
  anna_.registration->remove_ufrag("old");
  say(peer, check("old:x"));
  say(peer, check("ben:x"));
  settle(4);
  EXPECT_THAT(anna_.heard, IsEmpty());
  EXPECT_THAT(ben_.heard, ElementsAre("check"));
}

TEST_F(SharedUdpPortTest, WhoUnregistersLeavesNothingBehind) {
  ASSERT_TRUE(join(anna_, "anna"));
  UdpSocket taught = client();
  UdpSocket bound = client();
  say(taught, check("anna:x"));
  settle(1);
  EXPECT_TRUE(anna_.registration->bind_remote(bound.local_address()));
  EXPECT_TRUE(anna_.registration->send(stun(stun::MessageClass::kRequest), bound.local_address()));
  anna_.registration.reset();
  say(taught, packet("x"));
  say(bound, packet("x"));
  say(bound, stun(stun::MessageClass::kSuccess));
  say(bound, check("anna:x"));
  settle(5);
  EXPECT_THAT(anna_.heard, ElementsAre("check"));
  EXPECT_EQ(port_->stats().dropped_unknown_remote, 3U);
  EXPECT_EQ(port_->stats().dropped_unknown_ufrag, 1U);
  EXPECT_TRUE(join(ben_, "anna")) << "the ufrag is free again";
}

TEST_F(SharedUdpPortTest, EveryTableIsBounded) {
  port_.emplace(make_port(2));
  ASSERT_TRUE(join(anna_, "anna"));
  ASSERT_TRUE(anna_.registration->add_ufrag("more"));
  EXPECT_EQ(join(ben_, "ben").error().code, ErrorCode::kOperation);
  for (std::uint16_t i = 1; i <= SharedUdpPort::kMaxBound; ++i) {
    EXPECT_TRUE(anna_.registration->bind_remote({IpAddress::v4({192, 0, 2, 1}), i}));
  }
  EXPECT_FALSE(anna_.registration->bind_remote({IpAddress::v4({192, 0, 2, 1}), 1000}));
  EXPECT_TRUE(anna_.registration->bind_remote({IpAddress::v4({192, 0, 2, 1}), 1})) << "has it already";
  // One more address than may be taught: the first one is forgotten.
  std::vector<UdpSocket> peers;
  for (std::size_t i = 0; i <= SharedUdpPort::kMaxTaught; ++i) {
    peers.push_back(client());
    say(peers.back(), check("anna:x"));
    settle(i + 1);
  }
  anna_.heard.clear();
  say(peers[0], packet("forgotten"));
  say(peers[1], packet("known"));
  settle(peers.size() + 2);
  EXPECT_THAT(anna_.take(), ElementsAre("known"));
  // One more request than is remembered: a response to the first one finds nobody.
  for (std::size_t i = 0; i <= SharedUdpPort::kMaxRequests; ++i) {
    id_ = {static_cast<std::uint8_t>(i)};
    anna_.registration->send(stun(stun::MessageClass::kRequest), peers[0].local_address());
  }
  for (const std::uint8_t i : {std::uint8_t{0}, std::uint8_t{1}}) {
    id_ = {i};
    say(peers[0], stun(stun::MessageClass::kSuccess));
  }
  settle(peers.size() + 4);
  EXPECT_THAT(anna_.take(), ElementsAre("response"));
}

TEST_F(SharedUdpPortTest, OwnersMayUnregisterEachOtherInACallback) {
  std::optional<SharedUdpPort::Registration> first;
  std::optional<SharedUdpPort::Registration> second;
  std::string heard;
  const auto let_go = [&](char c) {
    heard += c;
    first.reset();
    second.reset();
  };
  const auto enter = [&](std::string_view ufrag, char c) {
    return *port_->register_owner(ufrag, [&, c, held = std::string(100, 'x')](std::span<Datagram>) {
      let_go(c);
      EXPECT_EQ(held.size(), 100U);
    });
  };
  first.emplace(enter("1", '1'));
  second.emplace(enter("2", '2'));
  UdpSocket peer = client();
  say(peer, check("1:x"));
  say(peer, check("2:x"));
  say(peer, check("1:x"));
  settle(3);
  EXPECT_EQ(heard, "1");
}

TEST_F(SharedUdpPortTest, ThePortMayCloseInACallbackAndOwnersMayOutliveIt) {
  int calls = 0;
  std::optional<SharedUdpPort::Registration> owner;
  owner.emplace(*port_->register_owner("1", [&](std::span<Datagram>) {
    ++calls;
    port_.reset();
  }));
  ASSERT_TRUE(join(ben_, "2"));
  UdpSocket peer = client();
  say(peer, check("1:x"));
  say(peer, check("2:x"));
  EXPECT_TRUE(loop_.run_until([&] { return calls == 1; }, EventLoop::now() + kPatience));
  EXPECT_THAT(ben_.heard, IsEmpty());
  EXPECT_FALSE(ben_.registration->send(packet("x"), peer.local_address()));
  EXPECT_FALSE(port_.has_value());
}

}  // namespace
}  // namespace tidewire::io
