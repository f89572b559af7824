// A TURN server that does as a test tells it, and a client joined to it in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stun/builder.h"
#include "stun/message.h"
#include "turn/channel_data.h"
#include "turn/client.h"
#include "turn/indication.h"
#include "turn/long_term_credential.h"

namespace tidewire::turn {

inline SocketAddress address(std::string_view text) { return *SocketAddress::parse(text); }

// Holds what a real one would: an allocation, permissions and channels with their ends, by the RFC's times.
class ScriptedServer {
 public:
  std::string realm = "example.org";
  std::string nonce = "nonce-1";
  std::string password = "secret";
  Bytes password_algorithms;  // offered when not empty
  PasswordAlgorithm algorithm = PasswordAlgorithm::kMd5;
  SocketAddress relayed = address("198.51.100.1:50000");
  std::optional<SocketAddress> relayed_v6;  // given beside the other one, to who asks for it
  int both_refused = 0;                     // the error that such a question is answered with
  SocketAddress mapped = address("203.0.113.9:6000");
  std::uint32_t lifetime = 600;
  std::map<stun::Method, int> errors;  // what to answer, authentically, instead of success
  std::vector<IpAddress> forbidden;
  // Adds to, or takes over, an answer: called before integrity.
  std::function<void(stun::MessageBuilder&)> extra;
  bool leave_out_integrity = false;

  struct Seen {
    stun::Method method{};
    stun::TransactionId id{};
    bool authenticated = false;
    std::vector<SocketAddress> peers;
    std::optional<std::uint32_t> lifetime;
    Timestamp at;
    Bytes bytes;
  };
  std::vector<Seen> seen;
  bool allocated = false;
  Timestamp allocated_until{};
  std::map<IpAddress, Timestamp> permissions;
  struct Binding {
    SocketAddress peer;
    Timestamp until;
  };
  std::map<std::uint16_t, Binding> channels;
  struct ToPeer {
    SocketAddress peer;
    std::string text;
    bool by_channel = false;
  };
  std::vector<ToPeer> to_peers;

  std::size_t count(stun::Method method) const {
    std::size_t n = 0;
    for (const Seen& s : seen) n += s.method == method ? 1 : 0;
    return n;
  }

  // The answer to a datagram of the client, or nothing.
  std::optional<Bytes> receive(ByteView bytes, Timestamp now) {
    if (const auto data = parse_channel_data(bytes)) return receive_channel(*data, now), std::nullopt;
    const auto message = stun::MessageView::parse(bytes);
    EXPECT_TRUE(message) << "the client sent what is no STUN message";
    if (!message) return std::nullopt;
    if (message->is(stun::MessageClass::kIndication, stun::Method::kSend)) {
      const auto view = read_indication(*message);
      EXPECT_TRUE(view);
      const auto permission = permissions.find(view->peer.ip);
      if (permission != permissions.end() && permission->second > now) {
        to_peers.push_back({view->peer, std::string(as_text(view->data)), false});
      }
      return std::nullopt;
    }
    EXPECT_EQ(message->message_class(), stun::MessageClass::kRequest);
    note(*message, now);
    if (!message->has_integrity() && !message->has_integrity_sha256()) return challenge(*message, 401);
    if (message->find_text(stun::AttributeType::kNonce) != nonce) return challenge(*message, 438);
    if (!verifies(*message)) return challenge(*message, 401);
    return answer(*message, now);
  }

  LongTermKey key() const { return LongTermKey("user", realm, password, algorithm); }

  Bytes challenge(const stun::MessageView& request, int code) const {
    return build(request, stun::MessageClass::kError, false, [&](stun::MessageBuilder& b) {
      b.add_error_code(static_cast<stun::ErrorNumber>(code));
      b.add_text(stun::AttributeType::kRealm, realm);
      b.add_text(stun::AttributeType::kNonce, nonce);
      if (!password_algorithms.empty()) b.add(stun::AttributeType::kPasswordAlgorithms, password_algorithms);
    });
  }
  Bytes error(const stun::MessageView& request, int code, bool sign) const {
    return build(request, stun::MessageClass::kError, sign,
                 [&](stun::MessageBuilder& b) { b.add_error_code(static_cast<stun::ErrorNumber>(code)); });
  }

  template <typename Add>
  Bytes build(const stun::MessageView& request, stun::MessageClass message_class, bool sign, Add add) const {
    std::array<std::uint8_t, 2000> buffer;
    stun::MessageBuilder builder(buffer, message_class, request.method(), request.transaction_id());
    add(builder);
    if (extra) extra(builder);
    if (sign && !leave_out_integrity) {
      if (password_algorithms.empty()) {
        builder.add_integrity(key().bytes());
      } else {
        builder.add_integrity_sha256(key().bytes());
      }
    }
    const auto built = builder.finish();
    return Bytes(built->begin(), built->end());
  }

  // What a peer sends, as it goes to the client: by channel when there is one.
  Bytes from_peer(const SocketAddress& peer, std::string_view text, bool by_channel) const {
    PacketPool pool(1);
    Packet packet = pool.copy_of(as_bytes(text));
    if (by_channel) {
      for (const auto& [number, binding] : channels) {
        if (binding.peer == peer && !prepend_channel_header(packet, ChannelNumber{number})) ADD_FAILURE();
      }
    } else {
      EXPECT_TRUE(wrap_in_indication(packet, stun::Method::kData, stun::TransactionId{7}, peer));
    }
    return Bytes(packet.bytes().begin(), packet.bytes().end());
  }

 private:
  bool verifies(const stun::MessageView& message) const {
    if (message.username() != "user" || message.find_text(stun::AttributeType::kRealm) != realm) return false;
    if (password_algorithms.empty()) return message.verify_integrity(key().bytes());
    const auto echo = message.find(stun::AttributeType::kPasswordAlgorithms);
    const auto choice = message.find(stun::AttributeType::kPasswordAlgorithm);
    return echo && Bytes(echo->begin(), echo->end()) == password_algorithms && choice &&
           first_known_algorithm(*choice) == algorithm && message.verify_integrity_sha256(key().bytes());
  }

  void note(const stun::MessageView& message, Timestamp now) {
    Seen s{.method = message.method(),
           .id = message.transaction_id(),
           .authenticated = message.has_integrity() || message.has_integrity_sha256(),
           .lifetime = message.find_u32(stun::AttributeType::kLifetime),
           .at = now,
           .bytes = Bytes(message.bytes().begin(), message.bytes().end())};
    // Each XOR-PEER-ADDRESS is read as the only one of a message of the same transaction.
    for (const stun::Attribute attribute : message.attributes()) {
      if (attribute.type != stun::AttributeType::kXorPeerAddress) continue;
      std::array<std::uint8_t, 100> buffer;
      stun::MessageBuilder builder(buffer, stun::MessageClass::kRequest, message.method(), s.id);
      builder.add(attribute.type, attribute.value);
      s.peers.push_back(*stun::MessageView::parse(*builder.finish())->find_xor_address(attribute.type));
    }
    seen.push_back(std::move(s));
  }

  void receive_channel(const ChannelDataView& data, Timestamp now) {
    const auto found = channels.find(data.channel.value());
    EXPECT_TRUE(found != channels.end() && found->second.until > now) << "the client used a channel that is not bound";
    if (found == channels.end() || permissions[found->second.peer.ip] <= now) return;
    to_peers.push_back({found->second.peer, std::string(as_text(data.data)), true});
  }

  std::optional<Bytes> answer(const stun::MessageView& request, Timestamp now) {
    const Seen& s = seen.back();
    const bool both = request.has(stun::AttributeType::kAdditionalAddressFamily);
    if (const auto code = errors.find(s.method); code != errors.end()) return error(request, code->second, true);
    if (s.method != stun::Method::kAllocate && (!allocated || allocated_until <= now)) return error(request, 437, true);
    for (const SocketAddress& peer : s.peers) {
      if (std::find(forbidden.begin(), forbidden.end(), peer.ip) != forbidden.end()) return error(request, 403, true);
    }
    switch (s.method) {
      case stun::Method::kAllocate:
        if (both && both_refused != 0) return error(request, both_refused, true);
        allocated = true;
        allocated_until = now + std::chrono::seconds(lifetime);
        return build(request, stun::MessageClass::kSuccess, true, [&](stun::MessageBuilder& b) {
          if (both && relayed_v6) b.add_xor_address(stun::AttributeType::kXorRelayedAddress, *relayed_v6);
          b.add_xor_address(stun::AttributeType::kXorRelayedAddress, relayed);
          b.add_xor_address(stun::AttributeType::kXorMappedAddress, mapped);
          b.add_u32(stun::AttributeType::kLifetime, lifetime);
        });
      case stun::Method::kRefresh:
        allocated = s.lifetime != 0U;
        allocated_until = now + std::chrono::seconds(lifetime);
        return build(request, stun::MessageClass::kSuccess, true, [&](stun::MessageBuilder& b) {
          b.add_u32(stun::AttributeType::kLifetime, allocated ? lifetime : 0);
        });
      case stun::Method::kChannelBind: {
        const auto number = static_cast<std::uint16_t>(*request.find_u32(stun::AttributeType::kChannelNumber) >> 16);
        EXPECT_TRUE(is_bindable(ChannelNumber{number}));
        if (!may_bind(number, s.peers.at(0), now)) return error(request, 400, true);
        channels[number] = {s.peers[0], now + std::chrono::minutes(10)};
        permissions[s.peers[0].ip] = now + std::chrono::minutes(5);
        return build(request, stun::MessageClass::kSuccess, true, [](stun::MessageBuilder&) {});
      }
      default:
        for (const SocketAddress& peer : s.peers) permissions[peer.ip] = now + std::chrono::minutes(5);
        return build(request, stun::MessageClass::kSuccess, true, [](stun::MessageBuilder&) {});
    }
  }

  // RFC 8656 §12: channel and peer belong together until five minutes after the end.
  bool may_bind(std::uint16_t number, const SocketAddress& peer, Timestamp now) const {
    for (const auto& [other, binding] : channels) {
      if (binding.until + std::chrono::minutes(5) <= now) continue;
      if ((other == number) != (binding.peer == peer)) return false;
    }
    return true;
  }
};

class ClientPair {
 public:
  explicit ClientPair(ClientConfig config = default_config())
      : client(std::move(config), crypto::Random::from_test_seed(1), pool) {}

  static ClientConfig default_config() {
    return {.local = address("10.0.0.2:6000"),
            .server = address("192.0.2.1:3478"),
            .username = "user",
            .password = "secret"};
  }

  PacketPool pool;
  Timestamp now = Timestamp{} + std::chrono::hours(1);
  ScriptedServer server;
  Client client;
  std::function<bool(std::size_t)> lose;  // whether the n-th datagram of the client is lost
  std::size_t sent = 0;
  std::vector<Event> events;

  std::optional<Datagram> deliver(ByteView bytes) {
    return client.handle_input({.local = client.config().local,
                                .remote = client.config().server,
                                .packet = pool.copy_of(bytes),
                                .stream = client.config().stream},
                               now);
  }
  void to_server(const Datagram& datagram) {
    EXPECT_EQ(datagram.local, client.config().local);
    EXPECT_EQ(datagram.remote, client.config().server);
    EXPECT_EQ(datagram.stream, client.config().stream);
    if (lose && lose(sent++)) return;
    const auto answer = server.receive(datagram.packet.bytes(), now);
    if (answer && deliver(*answer)) ADD_FAILURE() << "an answer was taken for data of a peer";
  }
  void settle() {
    while (auto datagram = client.poll_transmit()) to_server(*datagram);
    while (auto event = client.poll_event()) events.push_back(std::move(*event));
  }
  void run_for(Duration duration) {
    const Timestamp end = now + duration;
    settle();
    while (client.next_timeout() <= end) {
      EXPECT_GT(client.next_timeout(), now) << "a deadline that is never over";
      if (client.next_timeout() <= now) return;
      now = client.next_timeout();
      client.handle_timeout(now);
      settle();
    }
    now = end;
  }
  void allocate() {
    client.start(now);
    settle();
    ASSERT_EQ(client.state(), ClientState::kAllocated);
  }
  void send(std::string_view text, const SocketAddress& peer) {
    settle();
    if (const auto datagram = client.wrap(pool.copy_of(as_bytes(text)), peer, now)) to_server(*datagram);
  }
  std::optional<Datagram> receive(std::string_view text, const SocketAddress& peer, bool by_channel) {
    return deliver(server.from_peer(peer, text, by_channel));
  }
  template <typename T>
  const T* last() const {
    return events.empty() ? nullptr : std::get_if<T>(&events.back());
  }
};

}  // namespace tidewire::turn
