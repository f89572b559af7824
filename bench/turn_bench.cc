// What our TURN server computes for each datagram and each request: no sockets, no copies.
#include <benchmark/benchmark.h>

#include <string>
#include <variant>
#include <vector>

#include "stun/builder.h"
#include "turn/server.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::MessageClass;
using stun::Method;

constexpr std::size_t kMediaSize = 1200;
const SocketAddress kListen{IpAddress::v4({192, 0, 2, 1}), 3478};
const SocketAddress kPeer{IpAddress::v4({198, 51, 100, 7}), 5000};
const SocketAddress kPermittedOnly{IpAddress::v4({198, 51, 100, 8}), 5000};
const LongTermKey kKey("alice", "tidewire", "wonderland", PasswordAlgorithm::kMd5);

ServerConfig config() {
  ServerConfig config;
  config.listen = {kListen};
  config.relay_v4 = kListen.ip;
  config.users = {{"alice", "wonderland"}};
  config.max_allocations_per_user = 10'000;
  config.challenge_burst = 10'000;
  return config;
}

struct Client {
  SocketAddress address;
  std::string nonce{};
  SocketAddress relayed{};
};

SocketAddress client_address(std::size_t i) {
  return {IpAddress::v4({203, 0, 113, static_cast<std::uint8_t>(i)}), static_cast<std::uint16_t>(10'000 + i)};
}

// A server, and clients with an allocation, a channel and a permission each.
class Service {
 public:
  explicit Service(std::size_t clients) {
    for (std::size_t i = 0; i < clients; ++i) {
      clients_.push_back({client_address(i)});
      prepare(clients_.back());
    }
    // A stride, so that one client's data does not follow upon its own.
    for (std::size_t i = 0; i < clients; ++i) order_.push_back(i * 619 % clients);
  }

  const Client& next() {
    at_ = at_ + 1 == order_.size() ? 0 : at_ + 1;
    return clients_[order_[at_]];
  }
  const Client& first() const { return clients_.front(); }

  template <typename Fill>  // of a MessageBuilder
  Bytes request(const Client& client, Method method, Fill fill) {
    Bytes buffer(600);
    stun::TransactionId id{};
    random_.fill(id);
    stun::MessageBuilder builder(buffer, MessageClass::kRequest, method, id);
    fill(builder);
    if (!client.nonce.empty()) {
      builder.add_text(AttributeType::kUsername, "alice");
      builder.add_text(AttributeType::kRealm, "tidewire");
      builder.add_text(AttributeType::kNonce, client.nonce);
      builder.add_integrity(kKey.bytes());
    }
    const ByteView message = *builder.finish();
    return {message.begin(), message.end()};
  }

  Packet ask(const Client& client, ByteView bytes) {
    Forwarding out;
    (void)server.forward(kListen, client.address, {}, bytes, now, out);
    while (const auto event = server.poll_event()) {
      if (const auto* open = std::get_if<OpenRelay>(&*event)) server.relay_opened(open->address, now);
    }
    auto answer = server.poll_transmit();
    return answer ? std::move(answer->packet) : Packet{};
  }

  void challenge(Client& client) {
    const Packet answer = ask(client, request(client, Method::kAllocate, udp));
    client.nonce = std::string(*stun::MessageView::parse(answer.bytes())->find_text(AttributeType::kNonce));
  }

  static void udp(stun::MessageBuilder& builder) { builder.add_u32(AttributeType::kRequestedTransport, 17U << 24); }

  PacketPool pool;
  Timestamp now{std::chrono::hours(1)};
  Server server{config(), crypto::Random::from_test_seed(1), {now, {std::chrono::hours(1)}}, pool};

 private:
  void prepare(Client& client) {
    challenge(client);
    const Packet allocated = ask(client, request(client, Method::kAllocate, udp));
    client.relayed = stun::MessageView::parse(allocated.bytes())
                         ->find_xor_address(AttributeType::kXorRelayedAddress)
                         .value_or(SocketAddress{});
    (void)ask(client, request(client, Method::kChannelBind, [](stun::MessageBuilder& builder) {
                builder.add_u32(AttributeType::kChannelNumber, 0x4000U << 16);
                builder.add_xor_address(AttributeType::kXorPeerAddress, kPeer);
              }));
    (void)ask(client, request(client, Method::kCreatePermission, [](stun::MessageBuilder& builder) {
                builder.add_xor_address(AttributeType::kXorPeerAddress, kPermittedOnly);
              }));
  }

  crypto::Random random_ = crypto::Random::from_test_seed(2);
  std::vector<Client> clients_;
  std::vector<std::size_t> order_;
  std::size_t at_ = 0;
};

void forward_from_client(benchmark::State& state, ByteView bytes) {
  Service service(static_cast<std::size_t>(state.range(0)));
  Forwarding out;
  for (auto _ : state) {
    if (!service.server.forward(kListen, service.next().address, {}, bytes, service.now, out)) {
      state.SkipWithError("not forwarded");
      break;
    }
    benchmark::DoNotOptimize(out);
  }
}

void forward_from_peer(benchmark::State& state, const SocketAddress& peer) {
  Service service(static_cast<std::size_t>(state.range(0)));
  const Bytes bytes(kMediaSize);
  Forwarding out;
  for (auto _ : state) {
    if (!service.server.forward(service.next().relayed, peer, {}, bytes, service.now, out)) {
      state.SkipWithError("not forwarded");
      break;
    }
    benchmark::DoNotOptimize(out);
  }
}

void TurnServerForwardFromClient(benchmark::State& state) {
  Bytes bytes(kChannelHeaderSize + kMediaSize);
  write_channel_header(std::span(bytes).first<kChannelHeaderSize>(), ChannelNumber{0x4000}, kMediaSize);
  forward_from_client(state, bytes);
}
BENCHMARK(TurnServerForwardFromClient)->Name("TurnServer/ForwardFromClient")->Arg(1)->Arg(1000);

void TurnServerForwardFromPeer(benchmark::State& state) { forward_from_peer(state, kPeer); }
BENCHMARK(TurnServerForwardFromPeer)->Name("TurnServer/ForwardFromPeer")->Arg(1)->Arg(1000);

void TurnServerSendIndication(benchmark::State& state) {
  Bytes buffer(kMediaSize + 100);
  stun::MessageBuilder builder(buffer, MessageClass::kIndication, Method::kSend, {});
  builder.add_xor_address(AttributeType::kXorPeerAddress, kPermittedOnly);
  builder.add(AttributeType::kData, Bytes(kMediaSize));
  forward_from_client(state, *builder.finish());
}
BENCHMARK(TurnServerSendIndication)->Name("TurnServer/SendIndication")->Arg(1)->Arg(1000);

void TurnServerDataIndication(benchmark::State& state) { forward_from_peer(state, kPermittedOnly); }
BENCHMARK(TurnServerDataIndication)->Name("TurnServer/DataIndication")->Arg(1)->Arg(1000);

void TurnServerBinding(benchmark::State& state) {
  Service service(1);
  const Bytes bytes = service.request({}, Method::kBinding, [](stun::MessageBuilder&) {});
  for (auto _ : state) benchmark::DoNotOptimize(service.ask(service.first(), bytes));
}
BENCHMARK(TurnServerBinding)->Name("TurnServer/Binding");

// An allocation made and given back, the two requests' building not counted.
void TurnServerAllocateAndRefresh(benchmark::State& state) {
  Service service(static_cast<std::size_t>(state.range(0)));
  Client client{client_address(5000)};
  service.challenge(client);
  const Bytes allocate = service.request(client, Method::kAllocate, Service::udp);
  const Bytes end = service.request(
      client, Method::kRefresh, [](stun::MessageBuilder& builder) { builder.add_u32(AttributeType::kLifetime, 0); });
  for (auto _ : state) {
    benchmark::DoNotOptimize(service.ask(client, allocate));
    benchmark::DoNotOptimize(service.ask(client, end));
  }
  if (service.server.stats().allocations != static_cast<std::size_t>(state.range(0))) state.SkipWithError("left over");
}
BENCHMARK(TurnServerAllocateAndRefresh)->Name("TurnServer/AllocateAndRefresh")->Arg(1)->Arg(1000);

}  // namespace
}  // namespace tidewire::turn
