// The whole examination on loopback, with real sockets and our own server behind them.
#include "doctor/examination.h"

#include <gmock/gmock.h>

#include <deque>
#include <optional>

#include "doctor/verdict.h"
#include "io/os_random.h"
#include "io/udp_socket.h"
#include "turn/server.h"

namespace tidewire::doctor {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const IpAddress kLoopback = *IpAddress::parse("127.0.0.1");
constexpr Duration kPatience = 60s;

// A STUN and TURN server on one UDP socket; relayed ports are sockets too.
class Server {
 public:
  explicit Server(io::EventLoop& loop)
      : loop_(loop), timer_(loop, [this](Timestamp now) { server_->handle_timeout(now), pump(); }) {
    open({kLoopback, 0});
    turn::ServerConfig config;
    config.listen = {address()};
    config.relay_v4 = kLoopback;
    config.first_relay_port = 61000;  // beyond those that the system gives to sockets, such as the server's own
    config.users = {{"alice", "wonderland"}};
    config.allow = {*turn::Cidr::parse("127.0.0.0/8")};
    server_.emplace(config, io::os_random(), io::EventLoop::wall_clock_anchor(), loop.packet_pool());
  }

  SocketAddress address() const { return sockets_.front().local_address(); }
  std::size_t allocations() const { return server_->stats().allocations; }
  std::string url(const std::string& scheme, const std::string& query = {}) const {
    return scheme + ":" + address().to_string() + query;
  }

 private:
  bool open(const SocketAddress& at) {
    auto socket = io::UdpSocket::bind(loop_, at, [this](std::span<Datagram> batch) {
      for (Datagram& datagram : batch) server_->handle_input(std::move(datagram), io::EventLoop::now());
      pump();
    });
    if (socket) sockets_.push_back(*std::move(socket));
    return socket.has_value();
  }
  void pump() {
    const Timestamp now = io::EventLoop::now();
    while (auto event = server_->poll_event()) {
      const auto* wanted = std::get_if<turn::OpenRelay>(&*event);
      if (wanted && open(wanted->address)) {
        server_->relay_opened(wanted->address, now);
      } else if (wanted) {
        server_->relay_failed(wanted->address, now);
      }
    }
    while (auto datagram = server_->poll_transmit()) {
      for (io::UdpSocket& socket : sockets_)
        if (socket.local_address() == datagram->local) socket.send(std::move(datagram->packet), datagram->remote);
    }
    timer_.set(server_->next_timeout());
  }

  io::EventLoop& loop_;
  io::Timer timer_;
  std::deque<io::UdpSocket> sockets_;
  std::optional<turn::Server> server_;
};

Findings examine(io::EventLoop& loop, const std::vector<std::string>& urls, const std::string& password = "wonderland",
                 const std::string& http_url = {}) {
  ExaminationOptions options{.username = "alice", .credential = password, .http_url = http_url, .timeout = 3s};
  for (const std::string& url : urls) options.servers.push_back(io::parse_ice_url(url).value());
  std::optional<Findings> findings;
  Examination examination(loop, options, [&](Findings found) { findings = std::move(found); });
  EXPECT_FALSE(findings);  // not inside the call
  EXPECT_TRUE(loop.run_until([&] { return findings.has_value(); }, io::EventLoop::now() + kPatience));
  return findings.value_or(Findings{});
}

TEST(Examination, FindsAServerThatAnswersAndRelays) {
  io::EventLoop loop;
  Server server(loop);
  const Findings found = examine(loop, {server.url("stun"), server.url("turn")});
  EXPECT_FALSE(found.interfaces.empty());
  ASSERT_EQ(found.servers.size(), 2U);
  for (const ServerFinding& finding : found.servers) {
    EXPECT_TRUE(finding.answered) << finding.url;
    EXPECT_TRUE(finding.mapped) << finding.url;
    EXPECT_EQ(finding.problem, Problem::kNone) << finding.message;
  }
  EXPECT_FALSE(found.servers[0].relay);
  ASSERT_TRUE(found.servers[1].relay);
  EXPECT_TRUE(found.servers[1].relays());
  EXPECT_EQ(found.servers[1].relay->path, RelayPath::kPeerSocket);
  ASSERT_TRUE(found.nat_v4);
  EXPECT_TRUE(found.nat_v4->answered);
  EXPECT_FALSE(found.nat_v4->translated);
  EXPECT_FALSE(found.nat_v6);
  ASSERT_TRUE(found.mtu);
  EXPECT_EQ(found.mtu->largest_packet, 1500U);
  EXPECT_FALSE(found.clock);
  EXPECT_TRUE(judge(found).works());
  EXPECT_EQ(server.allocations(), 0U);
}

TEST(Examination, SaysWhatIsWrongWithEachServer) {
  io::EventLoop loop;
  Server server(loop);
  const Findings found =
      examine(loop, {server.url("turn"), "turn:127.0.0.1:1?transport=tcp", "turns:127.0.0.1:1", "stun:127.0.0.1:1"},
              "rabbit", "http://127.0.0.1:1/r/tea");
  ASSERT_EQ(found.servers.size(), 4U);
  EXPECT_EQ(found.servers[0].problem, Problem::kCredentialsRefused);
  EXPECT_THAT(found.servers[0].message, HasSubstr("--ice-credential"));
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(found.servers[i].problem, Problem::kServersUnreachable) << found.servers[i].url;
    EXPECT_THAT(found.servers[i].message, HasSubstr("127.0.0.1:1"));
    EXPECT_FALSE(found.servers[i].answered);
  }
  ASSERT_TRUE(found.clock);
  EXPECT_FALSE(found.clock->ahead);
  EXPECT_THAT(found.clock->error, HasSubstr("127.0.0.1:1"));
}

TEST(Examination, WithoutServersEndsAtOnce) {
  io::EventLoop loop;
  const Findings found = examine(loop, {});
  EXPECT_TRUE(found.servers.empty());
  EXPECT_FALSE(found.nat_v4);
  EXPECT_FALSE(found.mtu);
}

TEST(Examination, MayBeDroppedAtAnyTime) {
  for (const Duration after : {Duration(0), Duration(1ms), Duration(20ms), Duration(200ms)}) {
    io::EventLoop loop;
    Server server(loop);
    int calls = 0;
    {
      ExaminationOptions options{.username = "alice", .credential = "wonderland", .http_url = "http://127.0.0.1:1/"};
      options.servers = {io::parse_ice_url(server.url("turn")).value(),
                         io::parse_ice_url("turn:127.0.0.1:1?transport=tcp").value()};
      const Examination examination(loop, options, [&](Findings) { ++calls; });
      loop.run_until([] { return false; }, io::EventLoop::now() + after);
    }
    loop.run_until([] { return false; }, io::EventLoop::now() + 20ms);
    EXPECT_EQ(calls, 0);
  }
}

}  // namespace
}  // namespace tidewire::doctor
