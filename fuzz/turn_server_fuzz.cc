// A TURN server under a script of bytes: clients who sign and strangers, whole and garbled messages, peers, ports that
// open or not, time. What leaves is held to the rules: nothing to where nothing may go, nobody's answer much longer
// than his question, ports closed as often as opened, and nothing left at the end.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <set>
#include <span>
#include <string>
#include <variant>

#include "base/byte_reader.h"
#include "stun/builder.h"
#include "turn/server.h"

using namespace tidewire;
using namespace tidewire::turn;
using stun::AttributeType;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

const SocketAddress kListen{IpAddress::v4({192, 0, 2, 1}), 3478};
const SocketAddress kAlternate{IpAddress::v4({192, 0, 2, 9}), 3479};
constexpr std::size_t kMaxAllocations = 6;

ServerConfig config() {
  ServerConfig config;
  config.listen = {kListen};
  config.alternate = kAlternate;
  config.relay_v4 = kListen.ip;
  config.relay_v6 = IpAddress::parse("2001:db8::1");
  config.first_relay_port = 50000;
  config.last_relay_port = 50007;
  config.users = {{"a", "a"}, {"b", "b"}};
  config.shared_secrets = {"s"};
  config.max_allocations = kMaxAllocations;
  config.max_allocations_per_user = 4;
  config.software = "fuzz";
  config.relays_set_dont_fragment = true;
  return config;
}

struct Client {
  SocketAddress address;
  StreamId stream;
  std::string nonce;
};

class Script {
 public:
  explicit Script(ByteView bytes) : in_(bytes) {}

  void run() {
    for (int steps = 0; !in_.empty() && steps < 300; ++steps) {
      step();
      settle();
    }
    for (const SocketAddress& address : std::set(open_)) server_.relay_opened(address, now_);
    settle();
    now_ += std::chrono::hours(3);
    settle();
    check(server_.stats().allocations == 0 && server_.stats().users == 0);
    check(open_.empty() && living_ == 0 && connections_.empty() && server_.stats().connections == 0);
    check(server_.next_timeout() == kNever);
  }

 private:
  void step() {
    const std::uint8_t op = in_.u8();
    Client& client = clients_[op >> 6];
    switch (op & 0x0f) {
      case 0: input(client, in_.take(in_.u8())); break;
      case 1: channel_data(client); break;
      case 2: send_indication(client); break;
      case 3: from_peer(); break;
      case 4: now_ += std::chrono::seconds(in_.u8()); break;
      case 5: now_ += std::chrono::milliseconds(in_.u8()); break;
      case 6: now_ += std::chrono::minutes(in_.u8() % 64); break;
      case 7: server_.stream_closed(kListen, client.address, client.stream, now_); break;
      case 8: opens_ = in_.u8() & 1; break;
      case 9: answer_open(); break;
      case 10: server_.set_draining(in_.u8() & 1); break;
      case 11: reconfigure(); break;
      case 12: peer_connection(); break;
      case 13: tcp_request(client); break;
      default: request(client); break;
    }
  }

  void reconfigure() {
    const std::uint8_t how = in_.u8();
    config_.max_allocations_per_user = how & 3U;
    config_.max_bytes_per_second = how & 4 ? 100 : 0;
    config_.deny.clear();
    if (how & 8) config_.deny.push_back(*Cidr::parse("198.51.100.8"));
    policy_ = PeerPolicy(config_);
    check(server_.reconfigure(config_).has_value());
    ServerConfig other = config_;
    other.last_relay_port = 50006;
    check(!server_.reconfigure(other).has_value());
  }

  SocketAddress peer() {
    static const std::array peers{
        SocketAddress{IpAddress::v4({198, 51, 100, 7}), 5000},  SocketAddress{IpAddress::v4({198, 51, 100, 8}), 5000},
        SocketAddress{IpAddress::v4({127, 0, 0, 1}), 80},       SocketAddress{IpAddress::v4({192, 0, 2, 1}), 50000},
        SocketAddress{*IpAddress::parse("2001:db8::7"), 5000},  SocketAddress{*IpAddress::parse("fe80::7"), 5000},
        SocketAddress{*IpAddress::parse("::ffff:10.0.0.1"), 1}, kListen};
    return peers[in_.u8() % peers.size()];
  }

  void attributes(stun::MessageBuilder& builder) {
    for (std::uint8_t count = in_.u8() % 6; count > 0; --count) {
      switch (in_.u8() % 12) {
        case 0: builder.add_u32(AttributeType::kRequestedTransport, 17U << 24); break;
        case 1: builder.add_u32(AttributeType::kLifetime, in_.u16()); break;
        case 2: builder.add_u32(AttributeType::kRequestedAddressFamily, (in_.u8() & 3U) << 24); break;
        case 3: builder.add_u32(AttributeType::kAdditionalAddressFamily, 2U << 24); break;
        case 4: builder.add(AttributeType::kEvenPort, Bytes{in_.u8()}); break;
        case 5: builder.add_u64(AttributeType::kReservationToken, token_); break;
        case 6: builder.add_xor_address(AttributeType::kXorPeerAddress, peer()); break;
        case 7: builder.add_u32(AttributeType::kChannelNumber, (0x4000U + in_.u8() % 4) << 16); break;
        case 8: builder.add_u32(AttributeType::kChangeRequest, in_.u8()); break;
        case 9: builder.add_flag(AttributeType::kDontFragment); break;
        case 11: builder.add_u32(AttributeType::kConnectionId, connection_id_); break;
        case 10: builder.add(AttributeType{in_.u16()}, in_.take(in_.u8() % 16)); break;
        default: break;
      }
    }
  }

  void request(Client& client) {
    static constexpr std::array kMethods{stun::Method::kAllocate, stun::Method::kRefresh,
                                         stun::Method::kCreatePermission, stun::Method::kChannelBind,
                                         stun::Method::kBinding};
    request(client, kMethods, 17);
  }
  void tcp_request(Client& client) {
    static constexpr std::array kMethods{stun::Method::kAllocate, stun::Method::kConnect,
                                         stun::Method::kConnectionBind};
    request(client, kMethods, 6);
  }
  void request(Client& client, std::span<const stun::Method> methods, std::uint32_t transport) {
    const std::uint8_t how = in_.u8();
    Bytes buffer(1500);
    stun::TransactionId id{};
    id[0] = how & 0x10 ? 0 : in_.u8();
    const stun::Method method = methods[how % methods.size()];
    stun::MessageBuilder builder(buffer, stun::MessageClass::kRequest, method, id);
    if (method == stun::Method::kAllocate) builder.add_u32(AttributeType::kRequestedTransport, transport << 24);
    if (method == stun::Method::kConnect) builder.add_xor_address(AttributeType::kXorPeerAddress, peer());
    if (method == stun::Method::kConnectionBind) builder.add_u32(AttributeType::kConnectionId, connection_id_);
    attributes(builder);
    if (how & 0x20) sign(builder, client, how);
    if (how & 0x40) builder.add_fingerprint();
    if (const auto message = builder.finish()) input(client, *message);
  }

  static void sign(stun::MessageBuilder& builder, const Client& client, std::uint8_t how) {
    const std::string name = how & 0x80 ? "b" : "a";
    builder.add_text(AttributeType::kUsername, name);
    builder.add_text(AttributeType::kRealm, "tidewire");
    builder.add_text(AttributeType::kNonce, client.nonce);
    const LongTermKey key(name, "tidewire", name, PasswordAlgorithm::kMd5);
    if (how & 0x08) {
      builder.add_integrity_sha256(key.bytes());
    } else {
      builder.add_integrity(key.bytes());
    }
  }

  void channel_data(const Client& client) {
    const std::uint8_t channel = in_.u8() & 7;
    const std::uint8_t stated = in_.u8();
    Bytes bytes{0x40, channel, 0, stated};
    const ByteView data = in_.take(in_.u8() & 0x3f);
    bytes.insert(bytes.end(), data.begin(), data.end());
    input(client, bytes);
  }

  void send_indication(const Client& client) {
    Bytes buffer(400);
    stun::MessageBuilder builder(buffer, stun::MessageClass::kIndication, stun::Method::kSend, {});
    builder.add_xor_address(AttributeType::kXorPeerAddress, peer());
    builder.add(AttributeType::kData, in_.take(in_.u8()));
    input(client, *builder.finish());
  }

  void input(const Client& client, ByteView bytes) {
    asked_ = bytes.size();
    const std::uint8_t how = in_.u8();
    input(how == 9 ? kAlternate : kListen, client.address, client.stream, bytes, how & 0x80);
  }

  // In a packet, or in place.
  void input(const SocketAddress& local, const SocketAddress& remote, StreamId stream, ByteView bytes, bool in_place) {
    if (!in_place) return server_.handle_input({local, remote, pool_.copy_of(bytes), stream}, now_);
    Forwarding out;
    if (!server_.forward(local, remote, stream, bytes, now_, out)) return;
    check(out.offset <= bytes.size() && out.size <= bytes.size() - out.offset);
    check(out.padding <= 3 && out.prefix_size <= out.prefix.size());
    Packet packet = pool_.copy_of(out.prefix_bytes());
    check(packet.append(bytes.subspan(out.offset, out.size)) && packet.append(Bytes(out.padding)));
    leaves({out.local, out.remote, std::move(packet), out.stream});
  }

  void from_peer() {
    const auto port = static_cast<std::uint16_t>(50000 + in_.u8() % 9);
    const SocketAddress from = peer();
    const IpAddress to = from.ip.is_v4() ? kListen.ip : *config_.relay_v6;
    asked_ = Packet::kMaxPayload;
    const ByteView bytes = in_.take(in_.u8());
    input({to, port}, from, {}, bytes, in_.u8() & 1);
  }

  // One of the peers' connections is made, fails, comes, carries or ends.
  void peer_connection() {
    const std::uint8_t how = in_.u8();
    if (how % 5 == 0) {
      const SocketAddress relay{kListen.ip, static_cast<std::uint16_t>(50000 + in_.u8() % 9)};
      const auto id = server_.peer_accepted(relay, peer(), now_);
      if (id) check(connections_.insert({*id, Connection::kAccepted}).second);
      return;
    }
    if (connections_.empty()) return;
    auto which = connections_.begin();
    std::advance(which, in_.u8() % connections_.size());
    const auto [id, state] = *which;
    if (how % 5 == 1 && state == Connection::kConnecting) {
      which->second = Connection::kConnected;
      server_.peer_connected(id, now_);
    } else if (how % 5 == 2 && state == Connection::kConnecting) {
      connections_.erase(which);
      server_.peer_connect_failed(id, now_);
    } else if (how % 5 == 3) {
      check(server_.spliced(id, {in_.u16(), in_.u16()}, now_) >= now_);
    } else if (how % 5 == 4 && state != Connection::kConnecting) {
      connections_.erase(which);
      server_.peer_closed(id, now_);
    }
  }

  void answer_open() {
    if (open_.empty()) return;
    auto which = open_.begin();
    std::advance(which, in_.u8() % open_.size());
    const SocketAddress address = *which;
    if (in_.u8() & 1) {
      waiting_.erase(address);
      return server_.relay_opened(address, now_);
    }
    const std::uint64_t made = server_.stats().allocations_made;
    if (waiting_.erase(address) == 0) return;
    open_.erase(address);
    server_.relay_failed(address, now_);
    check(server_.stats().allocations_made <= made + 1);
  }

  void settle() {
    server_.handle_timeout(now_);
    check(server_.next_timeout() > now_);
    check(server_.stats().allocations <= kMaxAllocations);
    while (const auto event = server_.poll_event()) {
      if (const auto* opened = std::get_if<OpenRelay>(&*event)) {
        check(open_.insert(opened->address).second);
        if (opens_) {
          server_.relay_opened(opened->address, now_);
        } else {
          waiting_.insert(opened->address);
        }
      } else if (const auto* closed = std::get_if<CloseRelay>(&*event)) {
        check(open_.erase(closed->address) == 1);
        waiting_.erase(closed->address);
      } else if (settle_tcp(*event)) {
        continue;
      } else {
        living_ += std::holds_alternative<AllocationMade>(*event) ? 1 : -1;
        check(living_ >= 0);
      }
    }
    while (const auto datagram = server_.poll_transmit()) leaves(*datagram);
  }

  bool settle_tcp(const ServerEvent& event) {
    if (const auto* opened = std::get_if<OpenTcpRelay>(&event)) {
      check(open_.insert(opened->address).second);
      if (opens_) {
        server_.relay_opened(opened->address, now_);
      } else {
        waiting_.insert(opened->address);
      }
    } else if (const auto* closed = std::get_if<CloseTcpRelay>(&event)) {
      check(open_.erase(closed->address) == 1);
      waiting_.erase(closed->address);
    } else if (const auto* connect = std::get_if<ConnectPeer>(&event)) {
      check(open_.contains(connect->from) && connect->from != connect->to);
      check(policy_.allows(connect->to.ip) && policy_.allows_port(connect->to));
      check(connections_.insert({connect->id, Connection::kConnecting}).second);
      connection_id_ = connect->id.value();
    } else if (const auto* splice = std::get_if<Splice>(&event)) {
      const auto connection = connections_.find(splice->id);
      check(connection != connections_.end() && splice->client.stream.value());
      check(connection->second == Connection::kConnected || connection->second == Connection::kAccepted);
      connection->second = Connection::kSpliced;
    } else if (const auto* closed_peer = std::get_if<ClosePeer>(&event)) {
      check(connections_.erase(closed_peer->id) == 1);
    } else {
      return false;
    }
    return true;
  }

  void leaves(const Datagram& datagram) {
    if (datagram.local.port >= 50000) {
      check(!datagram.stream.value());
      check(policy_.allows(datagram.remote.ip) && policy_.allows_port(datagram.remote));
      return;
    }
    const auto client = std::find_if(clients_.begin(), clients_.end(), [&](const Client& one) {
      return one.address == datagram.remote && one.stream == datagram.stream;
    });
    check(client != clients_.end());
    const auto message = stun::MessageView::parse(datagram.packet.bytes());
    if (!message) return check(looks_like_channel_data(datagram.packet.bytes()));
    if (const auto nonce = message->find_text(AttributeType::kNonce)) {
      client->nonce = std::string(*nonce);
      // With IP and UDP headers.
      check(datagram.stream.value() || (datagram.packet.size() + 28) * 2 <= (asked_ + 28) * 3);
    }
    connection_id_ = message->find_u32(AttributeType::kConnectionId).value_or(connection_id_);
    token_ = message->find_u64(AttributeType::kReservationToken).value_or(token_);
  }

  ByteReader in_;
  Timestamp now_ = Timestamp{} + std::chrono::seconds(1);
  PacketPool pool_;
  ServerConfig config_ = config();
  PeerPolicy policy_{config_};
  Server server_{config_, crypto::Random::from_test_seed(1), {now_, {std::chrono::hours(1)}}, pool_};
  std::array<Client, 4> clients_{Client{.address = {IpAddress::v4({203, 0, 113, 1}), 1000}},
                                 Client{.address = {IpAddress::v4({203, 0, 113, 1}), 1001}},
                                 Client{.address = {IpAddress::v4({203, 0, 113, 2}), 1000}, .stream = StreamId(1)},
                                 Client{.address = {IpAddress::v4({203, 0, 113, 2}), 1000}, .stream = StreamId(2)}};
  std::set<SocketAddress> open_;     // as the owner sees it
  std::set<SocketAddress> waiting_;  // of them: neither opened nor failed
  enum class Connection { kConnecting, kConnected, kAccepted, kSpliced };
  std::map<ConnectionId, Connection> connections_;  // as the owner sees them
  std::uint32_t connection_id_ = 1;
  bool opens_ = true;
  int living_ = 0;  // allocations by what the log says
  std::uint64_t token_ = 1;
  std::size_t asked_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script({data, size}).run();
  return 0;
}
