// A server and clients that say exactly what a test wants, message by message.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stun/builder.h"
#include "stun/message.h"
#include "turn/server.h"

namespace tidewire::turn {

inline SocketAddress address(std::string_view text) { return *SocketAddress::parse(text); }
inline IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

inline const SocketAddress kServer = address("192.0.2.1:3478");
inline const SocketAddress kPeer = address("198.51.100.7:5000");
inline const SocketAddress kOtherPeer = address("198.51.100.8:5000");
inline constexpr UnixTime kToday{std::chrono::seconds(1'800'000'000)};

inline ServerConfig test_config() {
  return {.listen = {kServer},
          .relay_v4 = ip("192.0.2.1"),
          .relay_v6 = ip("2001:db8::1"),
          .users = {{"alice", "wonderland"}, {"bob", "builder"}},
          .shared_secrets = {"north"}};
}

struct TestClient {
  SocketAddress address = *SocketAddress::parse("203.0.113.5:40000");
  std::string username = "alice";
  std::string password = "wonderland";
  StreamId stream{};
  std::string nonce{};
  bool sha256 = false;
  SocketAddress server = kServer;
};

using Fill = std::function<void(stun::MessageBuilder&)>;

// What an answer said. The bytes live in it.
struct Answer {
  Datagram datagram;

  stun::MessageView message() const { return *stun::MessageView::parse(datagram.packet.bytes()); }
  bool is_success() const { return message().message_class() == stun::MessageClass::kSuccess; }
  int error() const { return message().error_code() ? message().error_code()->code : 0; }
  std::string text(stun::AttributeType type) const { return std::string(message().find_text(type).value_or("")); }
  SocketAddress relayed() const {
    return message().find_xor_address(stun::AttributeType::kXorRelayedAddress).value_or(SocketAddress{});
  }
  std::uint32_t lifetime() const { return message().find_u32(stun::AttributeType::kLifetime).value_or(~0U); }
};

class ServerBench {
 public:
  explicit ServerBench(const ServerConfig& config = test_config())
      : server(config, crypto::Random::from_test_seed(7), {.monotonic = now, .wall = kToday}, pool) {}
  ServerBench(const ServerConfig& config, Ledger& ledger, std::uint64_t seed)
      : server(config, crypto::Random::from_test_seed(seed), {.monotonic = now, .wall = kToday}, pool, ledger) {}

  PacketPool pool;
  Timestamp now{std::chrono::hours(1)};
  bool open_relays = true;  // or leave them to the test
  std::vector<SocketAddress> opened{};
  std::vector<SocketAddress> closed{};
  std::vector<SocketAddress> tcp_opened{};
  std::vector<SocketAddress> tcp_closed{};
  std::vector<ConnectPeer> connects{};
  std::vector<Splice> splices{};
  std::vector<ConnectionId> peers_closed{};
  std::vector<AllocationMade> made{};
  std::vector<AllocationEnded> ended{};
  Server server;

  void run_for(Duration duration) {
    now += duration;
    server.handle_timeout(now);
    handle_events();
  }

  void handle_events() {
    while (auto event = server.poll_event()) {
      if (const auto* open = std::get_if<OpenRelay>(&*event)) {
        opened.push_back(open->address);
        if (open_relays) server.relay_opened(open->address, now);
      } else if (const auto* close = std::get_if<CloseRelay>(&*event)) {
        closed.push_back(close->address);
      } else if (const auto* open_tcp = std::get_if<OpenTcpRelay>(&*event)) {
        tcp_opened.push_back(open_tcp->address);
        if (open_relays) server.relay_opened(open_tcp->address, now);
      } else if (const auto* close_tcp = std::get_if<CloseTcpRelay>(&*event)) {
        tcp_closed.push_back(close_tcp->address);
      } else if (const auto* connect = std::get_if<ConnectPeer>(&*event)) {
        connects.push_back(*connect);
      } else if (const auto* splice = std::get_if<Splice>(&*event)) {
        splices.push_back(*splice);
      } else if (const auto* close_peer = std::get_if<ClosePeer>(&*event)) {
        peers_closed.push_back(close_peer->id);
      } else if (auto* one_made = std::get_if<AllocationMade>(&*event)) {
        made.push_back(std::move(*one_made));
      } else {
        ended.push_back(std::get<AllocationEnded>(std::move(*event)));
      }
    }
  }

  // Everything that leaves after this came in.
  std::vector<Datagram> exchange(const SocketAddress& local, const SocketAddress& remote, ByteView bytes,
                                 StreamId stream = {}) {
    server.handle_input({local, remote, pool.copy_of(bytes), stream}, now);
    return drain();
  }
  std::vector<Datagram> drain() {
    handle_events();
    std::vector<Datagram> out;
    while (auto datagram = server.poll_transmit()) out.push_back(std::move(*datagram));
    return out;
  }

  stun::TransactionId new_id() {
    stun::TransactionId id{};
    ids_.fill(id);
    return id;
  }

  // A request as `client` would sign it; without a nonce it is not signed.
  Bytes request(const TestClient& client, stun::Method method, const Fill& fill = {},
                std::optional<stun::TransactionId> id = {}) {
    Bytes buffer(1800);
    stun::MessageBuilder builder(buffer, stun::MessageClass::kRequest, method, id ? *id : new_id());
    if (fill) fill(builder);
    if (!client.nonce.empty()) sign(builder, client);
    const auto bytes = builder.finish();
    return bytes ? Bytes(bytes->begin(), bytes->end()) : Bytes{};
  }
  static void sign(stun::MessageBuilder& builder, const TestClient& client) {
    builder.add_text(stun::AttributeType::kUsername, client.username);
    builder.add_text(stun::AttributeType::kRealm, "tidewire");
    builder.add_text(stun::AttributeType::kNonce, client.nonce);
    const LongTermKey key(client.username, "tidewire", client.password, PasswordAlgorithm::kMd5);
    if (client.sha256) {
      builder.add_integrity_sha256(key.bytes());
    } else {
      builder.add_integrity(key.bytes());
    }
  }

  std::optional<Answer> ask_raw(const TestClient& client, ByteView bytes) {
    auto out = exchange(client.server, client.address, bytes, client.stream);
    if (out.size() != 1) return std::nullopt;
    return Answer{std::move(out.front())};
  }
  std::optional<Answer> ask(const TestClient& client, stun::Method method, const Fill& fill = {},
                            std::optional<stun::TransactionId> id = {}) {
    return ask_raw(client, request(client, method, fill, id));
  }

  // The answer's error code; 0: success, -1: no answer.
  int code(const TestClient& client, stun::Method method, const Fill& fill = {}) {
    const auto answer = ask(client, method, fill);
    return answer ? answer->error() : -1;
  }

  void challenge(TestClient& client) {
    const std::string before = std::exchange(client.nonce, "");
    const auto answer = ask(client, stun::Method::kAllocate, udp);
    client.nonce = answer ? answer->text(stun::AttributeType::kNonce) : before;
  }
  // Makes an allocation; tells its relayed address.
  SocketAddress allocate(TestClient& client, const Fill& fill = udp) {
    if (client.nonce.empty()) challenge(client);
    const auto answer = ask(client, stun::Method::kAllocate, fill);
    EXPECT_TRUE(answer && answer->is_success()) << (answer ? answer->error() : -1);
    return answer ? answer->relayed() : SocketAddress{};
  }
  int permit(const TestClient& client, const std::vector<SocketAddress>& peers) {
    return code(client, stun::Method::kCreatePermission, [&](stun::MessageBuilder& builder) {
      for (const SocketAddress& peer : peers) builder.add_xor_address(stun::AttributeType::kXorPeerAddress, peer);
    });
  }
  int bind(const TestClient& client, std::uint32_t channel, const SocketAddress& peer) {
    return code(client, stun::Method::kChannelBind, [&](stun::MessageBuilder& builder) {
      builder.add_u32(stun::AttributeType::kChannelNumber, channel << 16);
      builder.add_xor_address(stun::AttributeType::kXorPeerAddress, peer);
    });
  }
  int refresh(const TestClient& client, std::optional<std::uint32_t> lifetime) {
    return code(client, stun::Method::kRefresh, [&](stun::MessageBuilder& builder) {
      if (lifetime) builder.add_u32(stun::AttributeType::kLifetime, *lifetime);
    });
  }

  std::vector<Datagram> send_channel(const TestClient& client, std::uint16_t channel, std::string_view data) {
    Bytes bytes{static_cast<std::uint8_t>(channel >> 8), static_cast<std::uint8_t>(channel), 0,
                static_cast<std::uint8_t>(data.size())};
    bytes.insert(bytes.end(), data.begin(), data.end());
    return exchange(client.server, client.address, bytes, client.stream);
  }
  std::vector<Datagram> send_indication(const TestClient& client, const SocketAddress& peer, std::string_view data,
                                        bool dont_fragment = false) {
    Bytes buffer(1800);
    stun::MessageBuilder builder(buffer, stun::MessageClass::kIndication, stun::Method::kSend, new_id());
    builder.add_xor_address(stun::AttributeType::kXorPeerAddress, peer);
    if (dont_fragment) builder.add_flag(stun::AttributeType::kDontFragment);
    builder.add_text(stun::AttributeType::kData, data);
    return exchange(client.server, client.address, *builder.finish(), client.stream);
  }
  std::vector<Datagram> from_peer(const SocketAddress& relayed, const SocketAddress& peer, std::string_view data) {
    return exchange(relayed, peer, as_bytes(data));
  }

  static void tcp(stun::MessageBuilder& builder) {
    builder.add_u32(stun::AttributeType::kRequestedTransport, 6U << 24);
  }
  static void udp(stun::MessageBuilder& builder) {
    builder.add_u32(stun::AttributeType::kRequestedTransport, 17U << 24);
  }

 private:
  crypto::Random ids_ = crypto::Random::from_test_seed(8);
};

inline std::string text(const Datagram& datagram) { return std::string(as_text(datagram.packet.bytes())); }

}  // namespace tidewire::turn
