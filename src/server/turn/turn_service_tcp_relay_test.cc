// TCP allocations (RFC 6062), with real connections.
#include <gtest/gtest.h>

#include <thread>

#include "io/os_random.h"
#include "server/turn/tcp_socket_for_test.h"
#include "server/turn/turn_service.h"
#include "stun/builder.h"
#include "turn/long_term_credential.h"

namespace tidewire::server {
namespace {

using stun::AttributeType;
using stun::MessageBuilder;
using stun::Method;
using Fill = std::function<void(MessageBuilder&)>;

constexpr IpAddress kLoopback = IpAddress::v4({127, 0, 0, 1});

// One connection of a client to the server.
class RawClient {
 public:
  RawClient(const SocketAddress& server, const IpAddress& from) {
    EXPECT_TRUE(socket.bind({from, 0}));
    EXPECT_TRUE(socket.connect(server));
  }

  struct Message {
    Bytes bytes;
    stun::MessageView view() const { return *stun::MessageView::parse(bytes); }
    int error() const { return view().error_code() ? view().error_code()->code : 0; }
    std::uint32_t connection_id() const { return view().find_u32(AttributeType::kConnectionId).value_or(0); }
  };
  Message read() {
    Message message{socket.read(stun::kHeaderSize)};
    if (message.bytes.size() < stun::kHeaderSize) return {};
    const Bytes rest = socket.read(std::size_t{message.bytes[2]} << 8 | message.bytes[3]);
    message.bytes.insert(message.bytes.end(), rest.begin(), rest.end());
    EXPECT_TRUE(stun::MessageView::parse(message.bytes));
    return message;
  }
  Bytes request(Method method, const Fill& fill) {
    Bytes buffer(1000);
    stun::TransactionId id{};
    io::os_random().fill(id);
    MessageBuilder builder(buffer, stun::MessageClass::kRequest, method, id);
    fill(builder);
    if (!nonce_.empty()) {
      builder.add_text(AttributeType::kUsername, "alice");
      builder.add_text(AttributeType::kRealm, "tidewire");
      builder.add_text(AttributeType::kNonce, nonce_);
      builder.add_integrity(
          turn::LongTermKey("alice", "tidewire", "wonderland", turn::PasswordAlgorithm::kMd5).bytes());
    }
    const auto bytes = builder.finish();
    return {bytes->begin(), bytes->end()};
  }
  Message ask(Method method, const Fill& fill) {
    EXPECT_TRUE(socket.send(request(method, fill)));
    return read();
  }
  // Learns the nonce.
  void be_challenged(Method method, const Fill& fill) {
    const Message challenge = ask(method, fill);
    EXPECT_EQ(challenge.error(), 401);
    nonce_ = std::string(challenge.view().find_text(AttributeType::kNonce).value_or(""));
  }

  SocketAddress allocate() {
    const Fill tcp = [](MessageBuilder& builder) { builder.add_u32(AttributeType::kRequestedTransport, 6U << 24); };
    be_challenged(Method::kAllocate, tcp);
    const Message answer = ask(Method::kAllocate, tcp);
    EXPECT_EQ(answer.error(), 0);
    return answer.view().find_xor_address(AttributeType::kXorRelayedAddress).value_or(SocketAddress{});
  }
  static Fill with_peer(const SocketAddress& peer) {
    return [peer](MessageBuilder& builder) { builder.add_xor_address(AttributeType::kXorPeerAddress, peer); };
  }
  static Fill with_id(std::uint32_t id) {
    return [id](MessageBuilder& builder) { builder.add_u32(AttributeType::kConnectionId, id); };
  }
  void bind(std::uint32_t id) {
    be_challenged(Method::kConnectionBind, with_id(id));
    EXPECT_EQ(ask(Method::kConnectionBind, with_id(id)).error(), 0);
  }

  TcpSocket socket;

 private:
  std::string nonce_;
};

class TurnServiceTcpRelay : public ::testing::Test {
 protected:
  TurnServiceTcpRelay() {
    TurnOptions options{.udp = {{kLoopback, 0}}, .tcp = {{kLoopback, 0}}, .threads = 2};
    options.machine.relay_v4 = kLoopback;
    options.machine.first_relay_port = 20'000;  // outside of what the system gives to others
    options.machine.last_relay_port = 29'999;
    options.machine.users = {{"alice", "wonderland"}};
    options.machine.allow = {*turn::Cidr::parse("127.0.0.0/8")};
    auto started = TurnService::start(options, nullptr);
    EXPECT_TRUE(started) << started.error().message;
    service_.emplace(*std::move(started));
    EXPECT_TRUE(listening_.bind({kPeerIp, 0}));
    EXPECT_TRUE(listening_.listen());
  }
  RawClient client(const IpAddress& from = kLoopback) { return {service_->tcp_addresses().front(), from}; }

  // A client's connection and a peer's, spliced.
  struct Pair {
    TcpSocket client;
    TcpSocket peer;
  };
  Pair connect_to_peer(RawClient& control, const IpAddress& from = kLoopback) {
    const auto answer = control.ask(Method::kConnect, RawClient::with_peer(listening_.local()));
    EXPECT_EQ(answer.error(), 0);
    TcpSocket peer = listening_.accept(peer_saw_);
    RawClient data = client(from);
    data.bind(answer.connection_id());
    return {std::move(data.socket), std::move(peer)};
  }
  static Bytes noise(std::size_t size) {
    Bytes bytes(size);
    crypto::Random::from_test_seed(size).fill(bytes);
    return bytes;
  }

  static constexpr IpAddress kPeerIp = IpAddress::v4({127, 0, 0, 9});
  std::optional<TurnService> service_;
  TcpSocket listening_;  // the peer
  SocketAddress peer_saw_;
};

TEST_F(TurnServiceTcpRelay, CarriesAMebibyteEachWayAndThenTheEnd) {
  RawClient control = client();
  const SocketAddress relayed = control.allocate();
  Pair pair = connect_to_peer(control);
  EXPECT_EQ(peer_saw_, relayed);
  const Bytes there = noise(1 << 20);
  const Bytes back = noise((1 << 20) + 1);
  std::thread sends([&] { EXPECT_TRUE(pair.client.send(there)); });
  std::thread sends_back([&] { EXPECT_TRUE(pair.peer.send(back)); });
  std::thread reads([&] { EXPECT_EQ(pair.peer.read(there.size()), there); });
  EXPECT_EQ(pair.client.read(back.size()), back);
  sends.join();
  sends_back.join();
  reads.join();
  // Half of it first.
  pair.client.shut_down();
  EXPECT_TRUE(pair.peer.is_at_end());
  EXPECT_TRUE(pair.peer.send(as_bytes("last")));
  pair.peer.close();
  EXPECT_EQ(pair.client.read(4), Bytes(as_bytes("last").begin(), as_bytes("last").end()));
  EXPECT_TRUE(pair.client.is_at_end());
  const auto stats = service_->stats().machine;
  EXPECT_EQ(stats.to_peers_bytes, there.size());
  EXPECT_EQ(stats.to_clients_bytes, back.size() + 4);
  // And the same peer again.
  Pair second = connect_to_peer(control);
  second.peer.close();
  EXPECT_TRUE(second.client.is_at_end());
}

TEST_F(TurnServiceTcpRelay, TakesAPeerThatComes) {
  RawClient control = client();
  const SocketAddress relayed = control.allocate();
  TcpSocket stranger;
  ASSERT_TRUE(stranger.bind({kPeerIp, 0}) && stranger.connect(relayed));
  EXPECT_TRUE(stranger.is_at_end()) << "without a permission";
  EXPECT_EQ(control.ask(Method::kCreatePermission, RawClient::with_peer({kPeerIp, 0})).error(), 0);
  TcpSocket peer;
  ASSERT_TRUE(peer.bind({kPeerIp, 0}) && peer.connect(relayed) && peer.send(as_bytes("early")));
  const auto attempt = control.read();
  EXPECT_TRUE(attempt.view().is(stun::MessageClass::kIndication, Method::kConnectionAttempt));
  EXPECT_EQ(attempt.view().find_xor_address(AttributeType::kXorPeerAddress), peer.local());
  // What follows the request is data, though it came in one piece with it.
  RawClient data = client();
  const Fill id = RawClient::with_id(attempt.connection_id());
  data.be_challenged(Method::kConnectionBind, id);
  Bytes together = data.request(Method::kConnectionBind, id);
  const ByteView more = as_bytes("\xff\xff in the same piece");
  together.insert(together.end(), more.begin(), more.end());
  ASSERT_TRUE(data.socket.send(together));
  EXPECT_EQ(data.read().error(), 0);
  EXPECT_EQ(as_text(data.socket.read(5)), "early");
  EXPECT_EQ(as_text(peer.read(more.size())), as_text(more));
}

TEST_F(TurnServiceTcpRelay, TellsThatNobodyIsThere) {
  RawClient control = client();
  control.allocate();
  TcpSocket silent;  // has the port, and does not listen
  ASSERT_TRUE(silent.bind({kPeerIp, 0}));
  EXPECT_EQ(control.ask(Method::kConnect, RawClient::with_peer(silent.local())).error(), 447);
}

TEST_F(TurnServiceTcpRelay, WhoDoesNotReadStopsWhoSends) {
  RawClient control = client();
  control.allocate();
  Pair pair = connect_to_peer(control);
  const Bytes piece = noise(64 * 1024);
  constexpr std::size_t kMost = 128 << 20;
  const std::size_t sent = pair.peer.send_until_blocked(piece, kMost);
  EXPECT_LT(sent, kMost / 2) << "more than all buffers of the system hold";
  pair.peer.shut_down();
  std::size_t received = 0;
  for (std::size_t n = 1; n > 0; received += n) n = pair.client.read(64 * 1024).size();
  EXPECT_EQ(received, sent);
}

TEST_F(TurnServiceTcpRelay, EverythingEndsWithTheControlConnection) {
  RawClient control = client();
  const SocketAddress relayed = control.allocate();
  Pair pair = connect_to_peer(control);
  control.socket.close();
  EXPECT_TRUE(pair.client.is_at_end());
  EXPECT_TRUE(pair.peer.is_at_end());
  EXPECT_EQ(service_->stats().machine.connections, 0U);  // and the thread has done what it had to
  EXPECT_EQ(service_->allocations(), 0U);
  TcpSocket late;
  EXPECT_FALSE(late.connect(relayed));
}

TEST_F(TurnServiceTcpRelay, ConnectionsOfOneAddressMeetOnOneThread) {
  for (std::uint8_t last = 20; last < 36; ++last) {
    const IpAddress from = IpAddress::v4({127, 0, 0, last});
    RawClient control = client(from);
    control.allocate();
    Pair pair = connect_to_peer(control, from);
    EXPECT_TRUE(pair.client.send(as_bytes("hello")));
    EXPECT_EQ(as_text(pair.peer.read(5)), "hello") << from.to_string();
  }
}

}  // namespace
}  // namespace tidewire::server
