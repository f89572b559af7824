// How the service starts, or does not, and what changes while it runs.
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "server/turn/turn_service_for_test.h"

namespace tidewire::server {
namespace {

using testing::HasSubstr;

SocketAddress free_address(io::EventLoop& loop, const IpAddress& ip) {
  return io::UdpSocket::bind(loop, {ip, 0}, [](std::span<Datagram>) {})->local_address();
}

TEST_F(TurnServiceTest, ChoosesOnePortForUdpAndTcpOutsideTheRelayedOnes) {
  for (int i = 0; i < 10; ++i) {
    TurnOptions options = options_of(2);
    options.machine.first_relay_port = 36'000;  // most of what the system chooses from
    start(options);
    const std::uint16_t port = door(Via::kUdp).port;
    EXPECT_NE(port, 0);
    EXPECT_LT(port, 36'000);
    EXPECT_EQ(port, door(Via::kTcp).port);
  }
  (void)allocate(Via::kUdp);
}

TEST_F(TurnServiceTest, AFailedStartNamesTheAddressAndLeavesNothingOpen) {
  auto taken = io::UdpSocket::bind(loop_, {kPeerIp, 0}, [](std::span<Datagram>) {});
  ASSERT_TRUE(taken);
  TurnOptions options = options_of();
  options.udp = {{IpAddress::v4({127, 0, 0, 9}), taken->local_address().port}, taken->local_address()};
  options.tcp.clear();
  options.machine.first_relay_port = options.machine.last_relay_port = 1024;
  const auto failed = TurnService::start(options, nullptr);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr(taken->local_address().to_string()));
  EXPECT_TRUE(io::UdpSocket::bind(loop_, options.udp[0], [](std::span<Datagram>) {}));
  taken->close();
  start(options);
}

// Who shares an address among threads would else share it with another process.
TEST_F(TurnServiceTest, SharesItsAddressesWithNoOtherService) {
  start(options_of());
  for (const bool udp : {true, false}) {
    TurnOptions options = options_of();
    options.udp = udp ? service_->udp_addresses() : std::vector<SocketAddress>{};
    options.tcp = udp ? std::vector<SocketAddress>{} : service_->tcp_addresses();
    const auto second = TurnService::start(options, nullptr);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr(door(Via::kUdp).to_string()));
  }
  (void)allocate(Via::kTcp);
}

TEST_F(TurnServiceTest, SaysWhatIsWrongWithItsOptions) {
  const SocketAddress one{kLoopback, 3478};
  const auto error = [&](auto change) {
    TurnOptions options = options_of();
    change(options);
    const auto started = TurnService::start(options, nullptr);
    return started ? "started" : started.error().message;
  };
  EXPECT_THAT(error([](TurnOptions& o) { o.udp.clear(), o.tcp.clear(); }), HasSubstr("no address"));
  EXPECT_THAT(error([](TurnOptions& o) { o.udp = {{IpAddress(), 3478}}; }), HasSubstr("0.0.0.0:3478"));
  EXPECT_THAT(error([](TurnOptions& o) { o.tls = {{kLoopback, 0}}; }), HasSubstr("certificate"));
  EXPECT_THAT(error([](TurnOptions& o) {
                o.tls = {{kLoopback, 0}}, o.certificate_pem = "x";
              }),
              HasSubstr("ertificate"));
  EXPECT_THAT(error([&](TurnOptions& o) { o.udp = {one, one}; }), HasSubstr("127.0.0.1:3478 is listened on twice"));
  EXPECT_THAT(error([&](TurnOptions& o) { o.tcp = o.tls = {one}, o.certificate_pem = "x"; }), HasSubstr("twice"));
  EXPECT_THAT(error([](TurnOptions& o) { o.udp = {{kLoopback, 62'000}}; }), HasSubstr("62000"));
  EXPECT_THAT(error([](TurnOptions& o) {
                o.tls = {{kLoopback, 62'000}}, o.certificate_pem = "x";
              }),
              HasSubstr("62000"));
  EXPECT_THAT(error([](TurnOptions& o) { o.machine.realm = "much too long"; }), HasSubstr("realm"));
}

TEST_F(TurnServiceTest, TakesNewUsersAndForgetsOldOnes) {
  start(options_of());
  const auto before = allocate(Via::kUdp);
  TurnOptions options = options_of();
  options.machine.users = {{"carol", "singer"}};
  ASSERT_TRUE(service_->reconfigure(options));
  (void)allocate(Via::kUdp, {"carol", "singer"});
  (void)allocate(Via::kTcp, {"carol", "singer"});
  for (const Via via : {Via::kUdp, Via::kTcp}) {
    const auto refused = connect(via);
    ASSERT_TRUE(until([&] { return refused->is_settled(); }));
    ASSERT_TRUE(refused->failed);
    EXPECT_EQ(refused->failed->cause, turn::Cause::kCredentials);
  }
  EchoPeer peer(loop_, kPeerIp);
  EXPECT_TRUE(reaches(*before, peer.address(), "still here"));
}

TEST_F(TurnServiceTest, ANewDenyRangeEndsPermissions) {
  start(options_of());
  EchoPeer peer(loop_, kPeerIp);
  EchoPeer other(loop_, IpAddress::v4({127, 0, 0, 3}));
  Clients clients;
  for (const Via via : {Via::kUdp, Via::kUdp, Via::kUdp, Via::kTcp}) {
    auto& client = clients.emplace_back(allocate(via));
    ASSERT_TRUE(reaches(*client, peer.address(), "before"));
    ASSERT_TRUE(reaches(*client, other.address(), "before at the other"));
  }
  TurnOptions options = options_of();
  options.machine.deny = {*turn::Cidr::parse("127.0.0.2")};
  ASSERT_TRUE(service_->reconfigure(options));
  for (const auto& client : clients) {
    client->send(peer.address(), "after");
    // What is sent later arrives: so the other has been dropped.
    EXPECT_TRUE(reaches(*client, other.address(), "after"));
  }
  EXPECT_THAT(peer.heard, testing::Not(testing::Contains("after")));
}

TEST_F(TurnServiceTest, RefusesOtherAddressesAndThenNothingHasChanged) {
  start(options_of());
  const auto error = [&](auto change) {
    TurnOptions options = options_of();
    options.machine.users = {{"carol", "singer"}};
    change(options);
    const auto changed = service_->reconfigure(options);
    return changed ? "changed" : changed.error().message;
  };
  EXPECT_THAT(error([&](TurnOptions& o) { o.udp.push_back(free_address(loop_, kPeerIp)); }), HasSubstr("addresses"));
  EXPECT_THAT(error([](TurnOptions& o) { o.tcp.clear(); }), HasSubstr("addresses"));
  EXPECT_THAT(error([](TurnOptions& o) { o.tls = {{kLoopback, 0}}; }), HasSubstr("addresses"));
  EXPECT_THAT(error([](TurnOptions& o) { o.threads = 7; }), HasSubstr("threads"));
  EXPECT_THAT(error([](TurnOptions& o) { o.machine.relay_v4 = kPeerIp; }), HasSubstr("relay_v4"));
  EXPECT_THAT(error([](TurnOptions& o) { o.machine.last_relay_port = 62'000; }), HasSubstr("last_relay_port"));
  EXPECT_THAT(error([](TurnOptions& o) { o.machine.realm = "much too long"; }), HasSubstr("realm"));
  (void)allocate(Via::kUdp);
  // Naming the port that was chosen is no change.
  TurnOptions named = options_of();
  named.udp = service_->udp_addresses();
  EXPECT_TRUE(service_->reconfigure(named));
}

TEST_F(TurnServiceTest, DrainedItTakesNobodyAnyMore) {
  start(options_of());
  EchoPeer peer(loop_, kPeerIp);
  const auto early = allocate(Via::kUdp);
  service_->drain();
  for (const Via via : {Via::kUdp, Via::kTcp, Via::kUdp}) {
    const auto late = connect(via);
    ASSERT_TRUE(until([&] { return late->is_settled(); }));
    ASSERT_TRUE(late->failed);
    EXPECT_EQ(late->failed->code, 508);
  }
  EXPECT_TRUE(reaches(*early, peer.address(), "still here"));
  early->give_back();
  EXPECT_TRUE(until([&] { return service_->allocations() == 0; }));
}

// Which certificate is shown is seen by who trusts it alone.
class TurnServiceCertificates : public TurnServiceTest {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "tidewire_turn_" + std::to_string(getpid());
    for (const char* name : {"one", "two"}) {
      const std::string command = "mkdir -p " + directory_ + " && cd " + directory_ +
                                  " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                                  "-subj /CN=test -addext subjectAltName=DNS:turn.test -keyout key.pem -out " +
                                  name + ".pem 2>log && cat key.pem " + name + ".pem > both_" + name;
      if (std::system(command.c_str()) != 0) GTEST_SKIP() << "no openssl(1) here";  // NOLINT(concurrency-mt-unsafe)
    }
  }
  void TearDown() override {
    for (const char* name : {"/one.pem", "/two.pem", "/both_one", "/both_two", "/key.pem", "/log"}) {
      unlink((directory_ + name).c_str());
    }
    rmdir(directory_.c_str());
  }
  TurnOptions options_with(const std::string& name) const {
    TurnOptions options = options_of();
    options.tls = {{kLoopback, 0}};
    std::ifstream file(directory_ + "/both_" + name);
    options.certificate_pem = {std::istreambuf_iterator<char>(file), {}};
    return options;
  }
  // Several, so that each thread has one.
  bool shows(const std::string& name) {
    Clients clients;
    for (int i = 0; i < 6; ++i) {
      clients.push_back(std::make_unique<TurnTestClient>(loop_, Via::kTls, door(Via::kTls), TestUser{},
                                                         directory_ + "/" + name + ".pem"));
    }
    EXPECT_TRUE(settle(clients));
    return allocated(clients) == clients.size();
  }

  std::string directory_;
};

TEST_F(TurnServiceCertificates, AreReplacedWhileItRuns) {
  start(options_with("one"));
  EXPECT_TRUE(shows("one"));
  ASSERT_TRUE(service_->reconfigure(options_with("two")));
  EXPECT_TRUE(shows("two"));
  EXPECT_FALSE(shows("one"));
  // What is refused has changed nothing, the certificate neither.
  TurnOptions wrong = options_with("one");
  wrong.machine.relay_v4 = kPeerIp;
  EXPECT_FALSE(service_->reconfigure(wrong));
  EXPECT_TRUE(shows("two"));
  wrong = options_with("one");
  wrong.certificate_pem = "nothing";
  EXPECT_FALSE(service_->reconfigure(wrong));
  EXPECT_TRUE(shows("two"));
}

}  // namespace
}  // namespace tidewire::server
