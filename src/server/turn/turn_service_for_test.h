// A service on loopback addresses, and those who use it.
#pragma once

#include <gmock/gmock.h>

#include <memory>

#include "crypto/certificate.h"
#include "server/turn/turn_client_for_test.h"
#include "server/turn/turn_service.h"

namespace tidewire::server {

class TurnServiceTest : public testing::Test {
 protected:
  using Clients = std::vector<std::unique_ptr<TurnTestClient>>;

  static std::string new_certificate() {
    const UnixTime now = io::EventLoop::wall_clock_anchor().wall;
    return crypto::Certificate::generate({now.since_epoch - std::chrono::hours(1)},
                                         {now.since_epoch + std::chrono::hours(1)})
        ->to_pem();
  }
  static TurnOptions options_of(std::size_t threads = 2, const IpAddress& ip = kLoopback) {
    TurnOptions options{.udp = {{ip, 0}}, .tcp = {{ip, 0}}, .threads = threads};
    turn::ServerConfig& machine = options.machine;
    (ip.is_v4() ? machine.relay_v4 : machine.relay_v6) = ip;
    machine.users = {{"alice", "wonderland"}, {"bob", "builder"}};
    machine.allow = {*turn::Cidr::parse("127.0.0.0/8"), *turn::Cidr::parse("::1")};
    machine.first_relay_port = 61'000;       // beyond Linux's ephemeral ports, which the clients here have
    machine.challenges_per_second = 10'000;  // all clients have one address
    machine.challenge_burst = 10'000;
    return options;
  }
  void start(const TurnOptions& options) {
    auto started = TurnService::start(options, nullptr);
    ASSERT_TRUE(started) << started.error().message;
    service_ = *std::move(started);
  }

  // What happens on the service's threads does not wake our loop.
  bool until(UniqueFunction<bool()> done) {
    io::Timer* again = nullptr;
    io::Timer wake(loop_, [&](Timestamp now) { again->set(now + std::chrono::milliseconds(5)); });
    again = &wake;
    wake.set(io::EventLoop::now());
    return loop_.run_until(std::move(done), io::EventLoop::now() + std::chrono::seconds(30));
  }
  // Where a client of this kind goes.
  const SocketAddress& door(Via via) const {
    const auto& doors = via == Via::kUdp   ? service_->udp_addresses()
                        : via == Via::kTcp ? service_->tcp_addresses()
                                           : service_->tls_addresses();
    return doors.front();
  }
  std::unique_ptr<TurnTestClient> connect(Via via, const TestUser& user = {}) {
    return std::make_unique<TurnTestClient>(loop_, via, door(via), user);
  }
  Clients connect_many(std::size_t count, Via via) {
    Clients clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(connect(via));
    return clients;
  }
  bool settle(const Clients& clients) {
    return until([&] { return std::ranges::all_of(clients, [](const auto& one) { return one->is_settled(); }); });
  }
  static std::size_t allocated(const Clients& clients) {
    return static_cast<std::size_t>(std::ranges::count_if(clients, [](const auto& one) { return !!one->relayed; }));
  }
  std::unique_ptr<TurnTestClient> allocate(Via via, const TestUser& user = {}) {
    auto client = connect(via, user);
    EXPECT_TRUE(until([&] { return client->is_settled(); }));
    EXPECT_TRUE(client->relayed) << (client->failed ? client->failed->reason : client->closed.value_or("nothing"));
    return client;
  }
  // Says the text again until the peer's answer comes, as over UDP one must.
  bool reaches(TurnTestClient& client, const SocketAddress& peer, const std::string& text,
               Duration patience = std::chrono::seconds(30)) {
    const Timestamp end = io::EventLoop::now() + patience;
    while (io::EventLoop::now() < end) {
      client.send(peer, text);
      const auto answered = [&] { return std::ranges::find(client.received, text) != client.received.end(); };
      if (loop_.run_until(answered, io::EventLoop::now() + std::chrono::milliseconds(200))) return true;
    }
    return false;
  }

  static constexpr IpAddress kLoopback = IpAddress::v4({127, 0, 0, 1});
  static constexpr IpAddress kPeerIp = IpAddress::v4({127, 0, 0, 2});

  io::EventLoop loop_;
  std::optional<TurnService> service_;
};

}  // namespace tidewire::server
