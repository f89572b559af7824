// The resolver against a responder of the test's own, over multicast on the loopback interface.
#include "io/mdns_resolver.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "io/host_resolver.h"
#include "io/mdns_packet.h"
#include "io/socket_address.h"

namespace tidewire::io {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 20s;
constexpr std::uint16_t kPort = 45353;  // not the real one: nothing leaves this test
constexpr IpAddress kLoopback = IpAddress::v4({127, 0, 0, 1});

MdnsResolver::Options test_options() {
  MdnsResolver::Options options;
  options.port = kPort;
  options.group = IpAddress::v4({239, 255, 83, 53});
  options.interfaces = {kLoopback};
  return options;
}

// Says what it is told to the group, and hears the queries, on the resolver's port.
class Responder {
 public:
  Responder() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    const int yes = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd_, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    SystemAddress address;
    const socklen_t length = to_system({IpAddress(), kPort}, address);
    usable_ = ::bind(fd_, &address.any, length) == 0;
    const ip_mreq membership{{htonl(0xEFFF5335)}, {htonl(INADDR_LOOPBACK)}};
    usable_ = usable_ && setsockopt(fd_, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership) == 0;
    usable_ = usable_ && setsockopt(fd_, IPPROTO_IP, IP_MULTICAST_IF, &membership.imr_interface, sizeof(in_addr)) == 0;
  }
  ~Responder() { ::close(fd_); }
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  bool usable() const { return usable_; }
  void say(ByteView packet) {
    SystemAddress group;
    const socklen_t length = to_system({test_options().group, kPort}, group);
    sendto(fd_, packet.data(), packet.size(), 0, &group.any, length);
  }
  // The questions of one query that has arrived, if any.
  std::vector<MdnsQuestion> hear() {
    std::array<std::uint8_t, 1500> buffer;
    const ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
    if (n <= 0) return {};
    return parse_mdns_query({buffer.data(), static_cast<std::size_t>(n)}).questions;
  }

 private:
  int fd_;
  bool usable_ = false;
};

class MdnsResolverTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!responder_.usable()) GTEST_SKIP() << "no multicast on the loopback interface here";
  }
  bool until(UniqueFunction<bool()> done) { return loop_.run_until(std::move(done), EventLoop::now() + kPatience); }
  // Turns the loop until the responder hears a query for the name's IPv4 address.
  bool until_asked(const std::string& name) {
    return until([&] {
      loop_.post([] {});  // keeps the loop turning: the responder is not part of it
      const auto questions = responder_.hear();
      return std::any_of(questions.begin(), questions.end(),
                         [&](const MdnsQuestion& question) { return question.name == name && question.v4; });
    });
  }

  EventLoop loop_;
  Responder responder_;
};

TEST_F(MdnsResolverTest, ResolvesANameThatSomebodyAnswersFor) {
  MdnsResolver resolver(loop_, test_options());
  std::optional<Result<IpAddress>> found;
  resolver.resolve("Abc-1.local", kPatience, [&](Result<IpAddress> result) { found = std::move(result); });
  EXPECT_FALSE(found);
  ASSERT_TRUE(until_asked("abc-1.local"));
  responder_.say(Bytes(100, 0xFF));
  responder_.say(build_mdns_response({"other.local", IpAddress::v4({10, 0, 0, 9})}));
  responder_.say(build_mdns_response({"abc-1.local", IpAddress::v4({10, 0, 0, 1})}));
  ASSERT_TRUE(until([&] { return found.has_value(); }));
  ASSERT_TRUE(*found);
  EXPECT_EQ(found->value(), IpAddress::v4({10, 0, 0, 1}));
}

TEST_F(MdnsResolverTest, ResolvesANameThatHasAnIpv6AddressOnly) {
  MdnsResolver resolver(loop_, test_options());
  std::optional<Result<IpAddress>> found;
  resolver.resolve("six.local", kPatience, [&](Result<IpAddress> result) { found = std::move(result); });
  ASSERT_TRUE(until_asked("six.local"));
  responder_.say(build_mdns_response({"six.local", *IpAddress::parse("fe80::1")}));  // where? nobody can tell
  responder_.say(build_mdns_response({"six.local", *IpAddress::parse("2001:db8::1")}));
  ASSERT_TRUE(until([&] { return found.has_value(); }));
  ASSERT_TRUE(*found);
  EXPECT_EQ(found->value(), *IpAddress::parse("2001:db8::1"));
}

TEST_F(MdnsResolverTest, AsksAgainWhenNobodyAnswers) {
  MdnsResolver resolver(loop_, test_options());
  bool found = false;
  resolver.resolve("slow.local", kPatience, [&](const Result<IpAddress>& result) { found = result.has_value(); });
  ASSERT_TRUE(until_asked("slow.local"));
  ASSERT_TRUE(until_asked("slow.local"));
  responder_.say(build_mdns_response({"slow.local", IpAddress::v4({10, 0, 0, 1})}));
  EXPECT_TRUE(until([&] { return found; }));
}

TEST_F(MdnsResolverTest, GivesUpAfterItsTimeout) {
  MdnsResolver resolver(loop_, test_options());
  std::string error;
  resolver.resolve("nobody.local", 20ms, [&](const Result<IpAddress>& result) { error = result.error().message; });
  ASSERT_TRUE(until([&] { return !error.empty(); }));
  EXPECT_EQ(error, "nobody answered for nobody.local by multicast DNS");
}

TEST_F(MdnsResolverTest, WhatIsNoLocalNameIsRefused) {
  MdnsResolver resolver(loop_, test_options());
  for (const char* name : {"example.org", "local", ".local", "", "a b.local"}) {
    std::optional<ErrorCode> code;
    resolver.resolve(name, kPatience, [&](const Result<IpAddress>& result) { code = result.error().code; });
    EXPECT_FALSE(code) << "not inside the call";
    ASSERT_TRUE(until([&] { return code.has_value(); })) << name;
    EXPECT_EQ(*code, ErrorCode::kSyntax) << name;
  }
}

TEST_F(MdnsResolverTest, MayBeDestroyedInItsCallbackAndThenStaysSilent) {
  std::optional<MdnsResolver> resolver;
  resolver.emplace(loop_, test_options());
  int calls = 0;
  for (int i = 0; i < 3; ++i) {
    resolver->resolve("nobody.local", 1ms, [&](const Result<IpAddress>&) {
      ++calls;
      resolver.reset();
    });
  }
  ASSERT_TRUE(until([&] { return calls > 0; }));
  EXPECT_FALSE(loop_.run_until([&] { return calls > 1; }, EventLoop::now() + 10ms));
}

TEST(HostResolver, ResolvesAddressesAndLocalhostAndRefusesNonsense) {
  EventLoop loop;
  HostResolver resolver(loop);
  std::vector<std::string> lines;
  const auto note = [&](const Result<std::vector<IpAddress>>& result) {
    lines.push_back(result ? result->front().to_string() : result.error().message);
  };
  const auto next = [&](std::string host) {
    resolver.resolve(std::move(host), note);
    const std::size_t count = lines.size() + 1;
    loop.run_until([&] { return lines.size() == count; }, EventLoop::now() + kPatience);
    return lines.back();
  };
  EXPECT_EQ(next("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(next("2001:db8::1"), "2001:db8::1");
  EXPECT_THAT(next("localhost"), testing::AnyOf("127.0.0.1", "::1"));
  EXPECT_THAT(next("no such host"), testing::StartsWith("cannot find the host no such host: "));
}

}  // namespace
}  // namespace tidewire::io
