// UdpHub: sockets that come and go, what goes wrong, and what many have to share.
#include <array>
#include <set>

#include "io/message_listener.h"
#include "io/udp_hub_test_support.h"

#ifdef __SANITIZE_ADDRESS__
// Of the sanitizer's runtime; g++ comes without the header (sanitizer/allocator_interface.h).
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                                         void (*on_free)(const volatile void*));
#endif

namespace tidewire::io {
namespace {

using testing::ElementsAre;

class UdpHubLifeTest : public UdpHubTest {};

TEST_P(UdpHubLifeTest, ASocketMayBeClosedInItsCallback) {
  UdpHub hub(loop_, handler_);
  const SocketId closing = open(hub);
  const SocketId staying = open(hub);
  const PlainSocket far(any_port());
  std::vector<SocketId> heard;
  std::optional<SocketId> opened;
  handler_.datagram = [&](SocketId socket, const SocketAddress& remote, ByteView bytes) {
    heard.push_back(socket);
    if (socket != closing) return;
    hub.send(closing, remote, as_bytes("queued before the end: "), bytes);
    hub.close(closing);
    hub.send(closing, remote, {}, bytes);
    opened = open(hub);
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(far.send("x", hub.local_address(closing)));
  EXPECT_THAT(heard_by(far, 1), ElementsAre("queued before the end: x"));
  EXPECT_THAT(heard, ElementsAre(closing));
  EXPECT_EQ(hub.stats().dropped_error, 1U) << "sent after it was closed";
  EXPECT_EQ(hub.local_address(closing), SocketAddress{});
  EXPECT_NE(*opened, closing) << "no id comes again in the turn that closed it";
  EXPECT_EQ(open(hub), closing) << "it does after that";
  ASSERT_TRUE(far.send("x", hub.local_address(staying)));
  ASSERT_TRUE(until([&] { return heard.size() == 2; }));
  EXPECT_EQ(heard.back(), staying);
}

TEST_P(UdpHubLifeTest, ATrainEndsWithItsSocket) {
  UdpHub hub(loop_, handler_);
  const SocketId socket = open(hub);
  const SocketId other = open(hub);
  const PlainSocket far(any_port());
  std::size_t heard = 0;
  bool other_heard = false;
  handler_.datagram = [&](SocketId from, const SocketAddress&, ByteView) {
    if (from == other) {
      other_heard = true;
    } else {
      ++heard;
      hub.close(socket);
    }
  };
  if (!far.send_train(std::string(400, 'x'), 100, hub.local_address(socket)))
    GTEST_SKIP() << "the system makes no trains";
  ASSERT_TRUE(far.send("x", hub.local_address(other)));
  ASSERT_TRUE(until([&] { return other_heard; }));
  EXPECT_EQ(heard, 1U);
}

TEST_P(UdpHubLifeTest, MayBeDestroyedInEitherCallback) {
  const PlainSocket far(any_port());
  for (const bool in_datagram : {true, false}) {
    std::optional<UdpHub> hub;
    hub.emplace(loop_, handler_);
    const SocketId socket = open(*hub);
    int calls = 0;
    const auto destroy = [&](bool now) {
      if (!now) return;
      ++calls;
      hub.reset();
    };
    handler_.datagram = [&](SocketId, const SocketAddress& remote, ByteView bytes) {
      hub->send(socket, remote, {}, bytes);
      destroy(in_datagram);
    };
    handler_.batch_end = [&] { destroy(!in_datagram); };
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(far.send("x", hub->local_address(socket)));
    ASSERT_TRUE(until([&] { return !hub; }));
    EXPECT_EQ(calls, 1);
  }
  EXPECT_EQ(far.receive(), std::nullopt);
}

TEST_P(UdpHubLifeTest, ABadRemoteCostsItsOwnDatagramOnly) {
  UdpHub hub(loop_, handler_);
  const SocketId socket = open(hub);
  const PlainSocket far(any_port());
  const bool v4 = any_port().ip.is_v4();
  const SocketAddress bad[] = {
      {any_port().ip, 0},                                             // no port
      *SocketAddress::parse(v4 ? "[::1]:9" : "127.0.0.1:9"),          // of the other family
      *SocketAddress::parse(v4 ? "255.255.255.255:9" : "[::]:9"),     // forbidden; means this host, and nobody is there
      *SocketAddress::parse(v4 ? "224.0.0.1:9" : "[2001:db8::1]:9"),  // from loopback: no way there
  };
  std::size_t sent = 0;
  for (const SocketAddress& remote : bad) {
    hub.send(socket, remote, {}, as_bytes("lost"));
    hub.send(socket, remote, {}, as_bytes("lost"));
    hub.send(socket, far.address(), as_bytes(std::to_string(sent++)), {});
  }
  hub.flush();
  EXPECT_THAT(heard_by(far, sent), ElementsAre("0", "1", "2", "3"));
  EXPECT_GE(hub.stats().dropped_error, 4U);
  EXPECT_EQ(hub.stats().dropped_error + hub.stats().datagrams_sent, 12U);
}

TEST_P(UdpHubLifeTest, AnAddressThatCannotBeUsedIsToldInASentence) {
  UdpHub hub(loop_, handler_);
  const SocketId socket = open(hub);
  const auto again = hub.open(hub.local_address(socket));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kNetwork);
  EXPECT_EQ(again.error().message,
            "cannot open UDP socket " + hub.local_address(socket).to_string() + ": Address already in use");
}

TEST_P(UdpHubLifeTest, AFloodOnOneSocketStarvesNeitherTheOthersNorTheLoop) {
  UdpHub hub(loop_, handler_);
  UdpHub::SocketOptions options;
  options.receive_buffer = 4 << 20;
  const SocketId flooded = open(hub, options);
  std::vector<SocketId> others;
  others.reserve(300);
  for (int i = 0; i < 300; ++i) others.push_back(open(hub));
  const PlainSocket far(any_port());
  // It never ends: what was read is sent again.
  std::size_t flood = 0;
  std::set<SocketId> heard;
  handler_.datagram = [&](SocketId socket, const SocketAddress& remote, ByteView bytes) {
    if (socket != flooded) {
      heard.insert(socket);
      return;
    }
    ++flood;
    EXPECT_EQ(remote.ip, any_port().ip);
    hub.send(flooded, hub.local_address(flooded), {}, bytes);
  };
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(far.send("flood", hub.local_address(flooded)));
  ASSERT_TRUE(until([&] { return flood > 2000; }));
  for (const SocketId other : others) ASSERT_TRUE(far.send("x", hub.local_address(other)));
  bool posted = false;
  loop_.post([&] { posted = true; });
  ASSERT_TRUE(until([&] { return posted && heard.size() == others.size(); }));
  const std::size_t before = flood;
  ASSERT_TRUE(until([&] { return flood > before + 1000; })) << "the flood goes on";
}

TEST_P(UdpHubLifeTest, TwoHubsShareAPortWhenBothSaySo) {
  HubHandler second_handler;
  UdpHub first(loop_, handler_);
  UdpHub second(loop_, second_handler);
  UdpHub::SocketOptions options;
  options.reuse_port = true;
  const SocketId socket = open(first, options);
  const auto shared = second.open(first.local_address(socket), options);
  ASSERT_TRUE(shared) << shared.error().message;
  EXPECT_FALSE(second.open(first.local_address(socket)));
  std::map<SocketAddress, std::set<const UdpHub*>> served_by;
  std::size_t heard = 0;
  const auto note = [&](const UdpHub& hub) {
    return [&](SocketId, const SocketAddress& remote, ByteView) {
      served_by[remote].insert(&hub);
      ++heard;
    };
  };
  handler_.datagram = note(first);
  second_handler.datagram = note(second);
  std::vector<std::unique_ptr<PlainSocket>> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(std::make_unique<PlainSocket>(any_port()));
    for (int k = 0; k < 3; ++k) ASSERT_TRUE(clients.back()->send("x", first.local_address(socket)));
  }
  ASSERT_TRUE(until([&] { return heard == 3 * clients.size(); }));
  for (const auto& [remote, hubs] : served_by) EXPECT_EQ(hubs.size(), 1U) << remote.to_string();
  EXPECT_GT(first.stats().datagrams_received, 0U);
  EXPECT_GT(second.stats().datagrams_received, 0U);
}

#ifdef __SANITIZE_ADDRESS__
std::size_t allocations = 0;  // NOLINT: the sanitizer's hooks take no argument
bool counting = false;        // NOLINT

TEST_P(UdpHubLifeTest, TakesNothingFromTheHeapInTheSteadyState) {
  static const int installed = __sanitizer_install_malloc_and_free_hooks(
      [](const volatile void*, std::size_t) { allocations += counting ? 1 : 0; }, [](const volatile void*) {});
  ASSERT_NE(installed, 0);
  UdpHub hub(loop_, handler_);
  std::vector<SocketId> sockets;
  for (int i = 0; i < 50; ++i) sockets.push_back(open(hub));
  const SocketAddress home = hub.local_address(sockets[0]);
  // Round and round: from each socket to the next one.
  std::size_t hops = 0;
  handler_.datagram = [&](SocketId socket, const SocketAddress&, ByteView bytes) {
    ++hops;
    const std::size_t next = (socket.value() + 1) % sockets.size();
    hub.send(socket, hub.local_address(sockets[next]), bytes.first(4), bytes.subspan(4), 0);
  };
  for (int i = 0; i < 200; ++i) hub.send(sockets[1], home, {}, as_bytes("round and round"));
  hub.flush();
  ASSERT_TRUE(until([&] { return hops > 20'000; }));
  counting = true;
  const bool done = until([&] { return hops > 60'000; });
  counting = false;
  ASSERT_TRUE(done);
  EXPECT_LE(allocations, 2U) << "those of this test's own function";
}
#endif

INSTANTIATE_TEST_SUITE_P(BothFamilies, UdpHubLifeTest, testing::Values("127.0.0.1", "::1"));

}  // namespace
}  // namespace tidewire::io
