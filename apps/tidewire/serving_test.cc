// What a reload of the configuration changes, and what it leaves alone.
#include "serving.h"

#include <gmock/gmock.h>

#include <sstream>

#include "io/message_listener.h"
#include "io/udp_socket.h"

namespace tidewire::app {
namespace {

using testing::HasSubstr;
using testing::Not;

class ServingTest : public testing::Test {
 protected:
  static ServeOptions turn_only() {
    ServeOptions options;
    options.only = "turn";
    options.turn.listen = {"127.0.0.1:0"};
    options.turn.users = {"alice:wonderland"};
    options.turn.threads = 1;
    return options;
  }
  // Starts with the one, reloads the other, and tells what was logged.
  static std::string log_of(const ServeOptions& before, const Result<ServeOptions>& after) {
    std::ostringstream text;
    server::Log log({.output = &text});
    {
      EventLoop loop;
      Serving serving(loop, log);
      const auto started = serving.start(before);
      EXPECT_TRUE(started) << started.error().message;
      serving.reload(after);
    }
    log = server::Log({});  // writes the rest
    return text.str();
  }
};

TEST_F(ServingTest, ReloadsUsersAndPeers) {
  ServeOptions after = turn_only();
  after.turn.users = {"bob:builder"};
  after.turn.deny_peers = {"198.51.100.0/24"};
  after.drain_timeout = std::chrono::seconds(1);
  const std::string log = log_of(turn_only(), after);
  EXPECT_THAT(log, HasSubstr("reloaded"));
  EXPECT_THAT(log, Not(HasSubstr("reload_failed")));
}

TEST_F(ServingTest, SaysWhatAReloadCannotChange) {
  const auto says = [](const std::function<void(ServeOptions&)>& change) {
    ServeOptions after = turn_only();
    change(after);
    const std::string log = log_of(turn_only(), after);
    EXPECT_THAT(log, Not(HasSubstr("reloaded")));
    return log;
  };
  EXPECT_THAT(says([](ServeOptions& o) { o.only.clear(); }), HasSubstr("--only"));
  EXPECT_THAT(says([](ServeOptions& o) { o.listen = "127.0.0.1:8081"; }), HasSubstr("--listen"));
  EXPECT_THAT(says([](ServeOptions& o) { o.ice_urls = {"stun:192.0.2.1"}; }), HasSubstr("--ice-server"));
  EXPECT_THAT(says([](ServeOptions& o) { o.metrics_listen = "127.0.0.1:9464"; }), HasSubstr("--metrics-listen"));
  EXPECT_THAT(says([](ServeOptions& o) { o.log_level = "debug"; }), HasSubstr("--log-level"));
  EXPECT_THAT(says([](ServeOptions& o) { o.turn.listen = {"127.0.0.1:3478"}; }), HasSubstr("--turn-listen"));
  EXPECT_THAT(says([](ServeOptions& o) { o.turn.threads = 2; }), HasSubstr("--threads"));
  EXPECT_THAT(says([](ServeOptions& o) { o.turn.relay_ports = "50000-50001"; }), HasSubstr("--relay-ports"));
  EXPECT_THAT(says([](ServeOptions& o) { o.turn.users = {"bob"}; }), HasSubstr("--turn-user"));
  EXPECT_THAT(log_of(turn_only(), Error{ErrorCode::kSyntax, "the file is wrong"}), HasSubstr("the file is wrong"));
}

TEST_F(ServingTest, TurnIsNotSwitchedOnByAReload) {
  ServeOptions before;
  before.listen = "127.0.0.1:0";
  ServeOptions after = before;
  after.turn = turn_only().turn;
  EXPECT_THAT(log_of(before, after), HasSubstr("with a restart only"));
}

TEST_F(ServingTest, SaysWhichFlagHelpsWhenAnAddressIsTaken) {
  io::EventLoop other;
  const SocketAddress loopback{IpAddress::v4({127, 0, 0, 1}), 0};
  const auto udp = io::UdpSocket::bind(other, loopback, [](std::span<Datagram>) {});
  const auto tcp = io::MessageListener::listen(other, loopback, [](io::MessageStream) {}, {});
  ASSERT_TRUE(udp && tcp);
  const auto error = [](const ServeOptions& options) {
    server::Log log({.level = server::LogLevel::kOff});
    EventLoop loop;
    Serving serving(loop, log);
    const auto started = serving.start(options);
    return started ? "started" : started.error().message;
  };
  ServeOptions turn = turn_only();
  turn.turn.listen = {udp->local_address().to_string()};
  turn.turn.relay_ports = "1024-1025";
  EXPECT_THAT(error(turn), testing::AllOf(HasSubstr(udp->local_address().to_string()), HasSubstr("--turn-listen")));
  ServeOptions page;
  page.listen = tcp->local_address().to_string();
  EXPECT_THAT(error(page), testing::AllOf(HasSubstr(page.listen), HasSubstr("--listen")));
  page.listen = "127.0.0.1:0";
  page.metrics_listen = tcp->local_address().to_string();
  EXPECT_THAT(error(page), testing::AllOf(HasSubstr(page.metrics_listen), HasSubstr("--metrics-listen")));
}

}  // namespace
}  // namespace tidewire::app
