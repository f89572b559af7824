#include "doctor/relay_host_check.h"

#include <gmock/gmock.h>

namespace tidewire::doctor {
namespace {

using testing::HasSubstr;

struct Case {
  std::string_view name;
  std::string_view relay;
  std::string_view advertised;  // empty: none
  std::string no_port;
  bool asked = false;
  bool answered = false;
  std::string_view seen;  // ADDR:PORT; the relayed port is 50000
  Behaviour filtering = Behaviour::kUnknown;
  RelayHostStanding standing{};
  std::string_view says;
};

TEST(RelayHostCheck, SaysWhetherARelayFromOutsideCanWorkAndWhatToDo) {
  using enum RelayHostStanding;
  const Case cases[] = {
      {.name = "no port",
       .relay = "203.0.113.1",
       .no_port = "all ports are taken",
       .standing = kFails,
       .says = "taken"},
      {.name = "loopback", .relay = "127.0.0.1", .standing = kUntested, .says = "this machine only"},
      {.name = "private", .relay = "10.0.0.5", .standing = kUntested, .says = "--public-ip"},
      {.name = "nobody asked", .relay = "203.0.113.1", .standing = kUntested, .says = "--ice-server stun:HOST"},
      {.name = "no answer", .relay = "203.0.113.1", .asked = true, .standing = kFails, .says = "firewall keeps UDP in"},
      {.name = "a NAT that nobody told of",
       .relay = "10.0.0.5",
       .asked = true,
       .answered = true,
       .seen = "203.0.113.1:50000",
       .standing = kFails,
       .says = "--public-ip 203.0.113.1"},
      {.name = "ports change",
       .relay = "10.0.0.5",
       .advertised = "203.0.113.1",
       .asked = true,
       .answered = true,
       .seen = "203.0.113.1:1234",
       .standing = kFails,
       .says = "50000 became 1234"},
      {.name = "a firewall",
       .relay = "203.0.113.1",
       .asked = true,
       .answered = true,
       .seen = "203.0.113.1:50000",
       .filtering = Behaviour::kAddressAndPortDependent,
       .standing = kFails,
       .says = "open UDP ports 49152-65535"},
      {.name = "a server with one address",
       .relay = "203.0.113.1",
       .asked = true,
       .answered = true,
       .seen = "203.0.113.1:50000",
       .standing = kUntested,
       .says = "cannot be told"},
      {.name = "all well behind a 1:1 NAT",
       .relay = "10.0.0.5",
       .advertised = "203.0.113.1",
       .asked = true,
       .answered = true,
       .seen = "203.0.113.1:50000",
       .filtering = Behaviour::kEndpointIndependent,
       .standing = kWorks,
       .says = "203.0.113.1"},
  };
  for (const Case& c : cases) {
    RelayHostOptions options{.relay = *IpAddress::parse(c.relay),
                             .advertised = IpAddress::parse(c.advertised),
                             .ports = {49152, 65535},
                             .outside = {}};
    RelayHostEvidence evidence{.no_port = c.no_port, .nat = {}};
    if (c.asked) {
      evidence.nat = NatFindings{.answered = c.answered,
                                 .local = {options.relay, 50000},
                                 .mapped = SocketAddress::parse(c.seen).value_or(SocketAddress{}),
                                 .filtering = c.filtering};
    }
    const RelayHostVerdict verdict = judge(options, evidence);
    EXPECT_EQ(verdict.standing, c.standing) << c.name;
    EXPECT_THAT(verdict.message, HasSubstr(std::string(c.says))) << c.name;
  }
}

TEST(RelayHostCheck, OpensARelayedPortAndTellsWhenNoneIsFree) {
  io::EventLoop loop;
  auto taken = io::UdpSocket::bind(loop, {IpAddress::v4({127, 0, 0, 1}), 0}, [](std::span<Datagram>) {});
  ASSERT_TRUE(taken);
  const std::uint16_t port = taken->local_address().port;
  std::optional<RelayHostVerdict> verdict;
  RelayHostCheck check(loop,
                       {.relay = IpAddress::v4({127, 0, 0, 1}), .advertised = {}, .ports = {port, port}, .outside = {}},
                       [&](RelayHostVerdict said) { verdict = std::move(said); });
  EXPECT_FALSE(verdict) << "never inside of a call";
  ASSERT_TRUE(loop.run_until([&] { return verdict.has_value(); }, io::EventLoop::now() + std::chrono::seconds(30)));
  EXPECT_EQ(verdict->standing, RelayHostStanding::kFails);
}

}  // namespace
}  // namespace tidewire::doctor
