// The responder and our resolver, over multicast on the loopback interface.
#include "io/mdns_responder.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "io/mdns_packet.h"
#include "io/mdns_resolver.h"
#include "io/socket_address.h"

namespace tidewire::io {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 20s;
constexpr IpAddress kLoopback = IpAddress::v4({127, 0, 0, 1});
constexpr IpAddress kAddress = IpAddress::v4({192, 0, 2, 7});

// Not the real port, and one of this process: tests that run at the same time do not hear each other.
MdnsGroup test_group() {
  const auto port = static_cast<std::uint16_t>(10000 + getpid() % 9000);
  return {port, IpAddress::v4({239, 255, 83, 54}), {kLoopback}};
}

// Hears all that is said, and asks.
class Listener {
 public:
  Listener() : fd_(open_mdns_socket(test_group()).value_or(-1)) {}
  ~Listener() { ::close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  bool usable() {
    if (fd_ < 0) return false;
    say(as_bytes("probe"));
    return hear().has_value();
  }
  void say(ByteView packet) const { send_mdns(fd_, test_group(), packet); }
  std::optional<Bytes> hear() const {
    std::array<std::uint8_t, kMaxMdnsPacket> buffer;
    const auto packet = receive_mdns(fd_, test_group(), buffer);
    if (!packet) return std::nullopt;
    return Bytes(packet->begin(), packet->end());
  }

 private:
  int fd_;
};

class MdnsResponderTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!listener_.usable()) GTEST_SKIP() << "no multicast on the loopback interface here";
  }
  std::unique_ptr<MdnsResponder> make(std::size_t max_names = 64) {
    MdnsResponder::Options options{test_group(), max_names};
    return std::make_unique<MdnsResponder>(loop_, crypto::Random::from_test_seed(1), options);
  }
  bool until(UniqueFunction<bool()> done) { return loop_.run_until(std::move(done), EventLoop::now() + kPatience); }
  // Turns the loop until the packet has been heard, and notes what is heard.
  bool until_heard(const Bytes& wanted) {
    return until([&] {
      loop_.post([] {});  // keeps the loop turning: the listener is not part of it
      const auto heard = listener_.hear();
      if (heard) heard_.push_back(*heard);
      return heard == wanted;
    });
  }

  EventLoop loop_;
  Listener listener_;
  std::vector<Bytes> heard_;
};

TEST_F(MdnsResponderTest, OurResolverFindsWhatItPublishes) {
  const auto responder = make();
  const IpAddress v6 = *IpAddress::parse("2001:db8::7");
  const std::string names[] = {*responder->publish(kAddress), *responder->publish(v6)};
  EXPECT_NE(names[0], names[1]);
  MdnsResolver::Options options;
  options.port = test_group().port;
  options.group = test_group().address;
  options.interfaces = {kLoopback};
  MdnsResolver resolver(loop_, options);
  std::vector<IpAddress> found;
  for (const std::string& name : names) {
    resolver.resolve(name, kPatience, [&](const Result<IpAddress>& result) {
      ASSERT_TRUE(result);
      found.push_back(*result);
    });
  }
  ASSERT_TRUE(until([&] { return found.size() == 2; }));
  EXPECT_THAT(found, testing::UnorderedElementsAre(kAddress, v6));
}

TEST_F(MdnsResponderTest, NamesAreRandomUuids) {
  const auto responder = make();
  EXPECT_THAT(*responder->publish(kAddress),
              testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\\.local"));
}

TEST_F(MdnsResponderTest, AnnouncesTwiceAndSaysGoodbye) {
  auto responder = make();
  const std::string name = *responder->publish(kAddress);
  const Bytes announcement = build_mdns_response({name, kAddress});
  EXPECT_TRUE(until_heard(announcement));
  EXPECT_TRUE(until_heard(announcement));
  responder->withdraw("other.local");
  responder->withdraw(name);
  EXPECT_TRUE(until_heard(build_mdns_response({name, kAddress}, true)));
  EXPECT_EQ(heard_.size(), 3U);
  const std::string last = *responder->publish(kAddress);
  responder.reset();
  EXPECT_TRUE(until_heard(build_mdns_response({last, kAddress}, true)));
}

TEST_F(MdnsResponderTest, AnswersAtOnceAndThenOnceInASecond) {
  const auto responder = make();
  const std::string name = *responder->publish(kAddress);
  const std::string marker = *responder->publish(kAddress);
  const Bytes answer = build_mdns_response({name, kAddress});
  const Bytes marked = build_mdns_response({marker, kAddress});
  ASSERT_TRUE(until_heard(marked));  // both are announced
  heard_.clear();
  listener_.say(build_mdns_query(name));
  ASSERT_TRUE(until_heard(answer));
  for (int i = 0; i < 20; ++i) listener_.say(build_mdns_query(name));
  ASSERT_TRUE(until_heard(answer));
  listener_.say(build_mdns_query(marker));
  ASSERT_TRUE(until_heard(marked));
  // The first answer, one for all the twenty, and the second announcement.
  EXPECT_LE(std::count(heard_.begin(), heard_.end(), answer), 3);
}

TEST_F(MdnsResponderTest, IsSilentForOtherNamesOtherTypesKnownAnswersAndGarbage) {
  const auto responder = make();
  const std::string name = *responder->publish(kAddress);
  const std::string marker = *responder->publish(kAddress);
  const Bytes answer = build_mdns_response({name, kAddress});
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(until_heard(build_mdns_response({marker, kAddress})));  // all is announced
  heard_.clear();
  listener_.say(build_mdns_query("other.local"));
  listener_.say(build_mdns_query(name, MdnsType::kAaaa));
  listener_.say(Bytes(100, 0xFF));
  listener_.say(answer);
  // A query that has the answer in it.
  Bytes known = build_mdns_query(name);
  known[7] = 1;
  const Bytes record(answer.begin() + 12, answer.end());
  known.insert(known.end(), record.begin(), record.end());
  ASSERT_EQ(parse_mdns_query(known).known.size(), 1U);
  listener_.say(known);
  listener_.say(build_mdns_query(marker));
  ASSERT_TRUE(until_heard(build_mdns_response({marker, kAddress})));
  EXPECT_EQ(std::count(heard_.begin(), heard_.end(), answer), 1) << "the one of this test itself";
}

TEST_F(MdnsResponderTest, MoreNamesThanItsLimitAreRefused) {
  const auto responder = make(1);
  const std::string name = *responder->publish(kAddress);
  EXPECT_EQ(responder->publish(kAddress).error().code, ErrorCode::kOperation);
  responder->withdraw(name);
  EXPECT_TRUE(responder->publish(kAddress));
}

}  // namespace
}  // namespace tidewire::io
