#include "io/udp_socket.h"

#include <atomic>
#include <cstdlib>
#include <new>
#include <optional>
#include <set>

#include "io/udp_hub_test_support.h"

namespace {

std::atomic<std::size_t> allocations_from_heap = 0;

}  // namespace

// Those of this whole test program, which count.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations_from_heap;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return operator new(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace tidewire::io {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 20s;

class UdpSocketTest : public testing::TestWithParam<const char*> {
 protected:
  SocketAddress any_port() const { return {*IpAddress::parse(GetParam()), 0}; }
  UdpSocket bind(UdpSocket::OnDatagrams on_datagrams, UdpSocket::Options options = {}) {
    auto socket = UdpSocket::bind(loop_, any_port(), std::move(on_datagrams), options);
    EXPECT_TRUE(socket) << socket.error().message;
    return *std::move(socket);
  }
  Result<UdpSocket> bind_in(PortRange range) {
    return UdpSocket::bind_in_range(loop_, any_port().ip, range, [](std::span<Datagram>) {}, {});
  }
  Packet packet(std::string_view text) { return loop_.packet_pool().copy_of(as_bytes(text)); }
  bool until(UniqueFunction<bool()> done) { return loop_.run_until(std::move(done), EventLoop::now() + kPatience); }

  EventLoop loop_;
};

TEST_P(UdpSocketTest, MovesBatchesWithTheirAddresses) {
  std::set<std::string> heard;
  UdpSocket sender = bind([](std::span<Datagram>) { FAIL(); });
  std::optional<UdpSocket> receiver;
  receiver.emplace(bind([&](std::span<Datagram> batch) {
    for (const Datagram& datagram : batch) {
      EXPECT_EQ(datagram.remote, sender.local_address());
      EXPECT_EQ(datagram.local, receiver->local_address());
      heard.insert(std::string(as_text(datagram.packet.bytes())));
    }
  }));
  EXPECT_NE(receiver->local_address().port, 0);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(sender.send(packet(std::to_string(i)), receiver->local_address()));
  EXPECT_EQ(sender.stats().datagrams_sent, 0U) << "they leave at the end of the turn";
  ASSERT_TRUE(until([&] { return heard.size() == 100; }));
  EXPECT_EQ(sender.stats().datagrams_sent, 100U);
  EXPECT_LE(sender.stats().send_calls, 4U);
  EXPECT_LE(receiver->stats().receive_calls, 10U);
}

TEST_P(UdpSocketTest, TakesNothingFromTheHeapInTheSteadyState) {
  constexpr std::size_t kBatch = 100;
  UdpSocket sender = bind([](std::span<Datagram>) {});
  std::optional<UdpSocket> receiver;
  const auto send_some = [&] {
    for (std::size_t i = 0; i < kBatch; ++i) sender.send(packet("x"), receiver->local_address());
  };
  std::size_t heard = 0;
  std::size_t before = 0;
  std::size_t after = 1;
  receiver.emplace(bind([&](std::span<Datagram> batch) {
    for (Datagram& datagram : batch) {
      const Packet taken = std::move(datagram.packet);  // back to the pool at once
      ++heard;
    }
    if (heard == 5 * kBatch) before = allocations_from_heap;
    if (heard == 20 * kBatch) {
      after = allocations_from_heap;
      loop_.stop();
    } else if (heard % kBatch == 0) {
      send_some();
    }
  }));
  Timer too_late(loop_, [this](Timestamp) { loop_.stop(); });
  too_late.set(EventLoop::now() + kPatience);
  send_some();
  loop_.run();
  EXPECT_EQ(heard, 20 * kBatch);
  EXPECT_EQ(after, before);
}

TEST_P(UdpSocketTest, PacketsThatTheCallbackChangedAreWholeAgainForTheNextBatch) {
  std::vector<std::string> heard;
  UdpSocket receiver = bind([&](std::span<Datagram> batch) {
    for (Datagram& datagram : batch) {
      heard.emplace_back(as_text(datagram.packet.bytes()));
      datagram.packet.remove_prefix(datagram.packet.size());
    }
  });
  UdpSocket sender = bind([](std::span<Datagram>) {});
  for (const std::size_t size : {std::size_t{5}, Packet::kMaxPayload}) {
    sender.send(packet(std::string(size, 'x')), receiver.local_address());
    ASSERT_TRUE(until([&] { return !heard.empty() && heard.back().size() == size; }));
  }
}

TEST_P(UdpSocketTest, EqualDatagramsInARowTravelAsTrainsAndAllArriveInOrder) {
  std::vector<std::string> heard;
  UdpSocket receiver = bind([&](std::span<Datagram> batch) {
    for (const Datagram& datagram : batch) heard.emplace_back(as_text(datagram.packet.bytes()));
  });
  UdpSocket sender = bind([](std::span<Datagram>) {});
  std::vector<std::string> sent;
  // 64 + 36 of the first; what grows begins a train, what shrinks ends one, and an empty one is none.
  for (int i = 0; i < 100; ++i) sent.push_back("number " + std::to_string(100 + i));
  for (const std::size_t size : {50U, 50U, 20U, 20U, 60U, 0U, 60U, 1400U, 1400U}) sent.emplace_back(size, 'x');
  for (const std::string& text : sent) EXPECT_TRUE(sender.send(packet(text), receiver.local_address()));
  sender.flush();
  EXPECT_EQ(sender.stats().send_calls, 1U);
  EXPECT_EQ(sender.stats().segmented_sends, 4U);
  EXPECT_EQ(sender.stats().datagrams_sent, sent.size());
  ASSERT_TRUE(until([&] { return heard.size() >= sent.size(); }));
  EXPECT_EQ(heard, sent);
  EXPECT_GE(receiver.stats().coalesced_receives, 1U);
  EXPECT_EQ(receiver.stats().datagrams_received, sent.size());
}

TEST_P(UdpSocketTest, DatagramsToTwoRemotesMakeNoTrain) {
  std::size_t heard = 0;
  const auto count = [&](std::span<Datagram> batch) { heard += batch.size(); };
  UdpSocket one = bind(count);
  UdpSocket two = bind(count);
  UdpSocket sender = bind([](std::span<Datagram>) {});
  for (int i = 0; i < 10; ++i) {
    sender.send(packet("x"), one.local_address());
    sender.send(packet("x"), two.local_address());
  }
  ASSERT_TRUE(until([&] { return heard == 20; }));
  EXPECT_EQ(sender.stats().segmented_sends, 0U);
  EXPECT_EQ(sender.stats().send_calls, 1U);
}

TEST_P(UdpSocketTest, WhatTheKernelWillNotSegmentGoesOneByOne) {
  UdpSocket sender = bind([](std::span<Datagram>) {});
  std::vector<std::string> heard;
  UdpSocket receiver = bind([&](std::span<Datagram> batch) {
    for (const Datagram& datagram : batch) heard.emplace_back(as_text(datagram.packet.bytes()));
  });
  // Datagrams without checksums, or that the path has to have in fragments, make no trains.
  const int fd = descriptor_of(sender.local_address());
  const int mtu = 1280;
  const int yes = 1;
  const bool v4 = any_port().ip.is_v4();
  ASSERT_EQ(v4 ? setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &yes, sizeof yes)
               : setsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, sizeof mtu),
            0);
  const std::string texts[] = {std::string(1400, 'a'), std::string(1400, 'b'), std::string(1000, 'c'), "d"};
  for (std::size_t round = 1; round <= 2; ++round) {
    for (const std::string& text : texts) sender.send(packet(text), receiver.local_address());
    ASSERT_TRUE(until([&] { return heard.size() == 4 * round; }));
    EXPECT_THAT(std::span(heard).last(4), testing::ElementsAreArray(texts));
    EXPECT_GE(sender.stats().segmentation_refused, 1U);
  }
  EXPECT_EQ(sender.stats().datagrams_sent, 8U);
  EXPECT_EQ(sender.stats().dropped_error, 0U);
}

TEST_P(UdpSocketTest, EachPacketSaysWhetherItMayGoInFragments) {
  UdpSocket sender = bind([](std::span<Datagram>) {});
  std::vector<std::string> heard;
  UdpSocket receiver = bind([&](std::span<Datagram> batch) {
    for (const Datagram& datagram : batch) heard.emplace_back(as_text(datagram.packet.bytes()));
  });
  const int fd = descriptor_of(sender.local_address());
  const bool v4 = any_port().ip.is_v4();
  const auto mode = [&] {
    int value = -1;
    socklen_t size = sizeof value;
    getsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &value, &size);
    return value;
  };
  // The path takes less, as far as the system knows. (It cannot be told so of IPv4.)
  const int mtu = 1280;
  if (!v4) {
    ASSERT_EQ(setsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, sizeof mtu), 0);
  }
  const int usual = mode();
  const auto send = [&](char fill, std::size_t size, Fragmentation fragmentation) {
    Packet one = packet(std::string(size, fill));
    one.set_fragmentation(fragmentation);
    sender.send(std::move(one), receiver.local_address());
  };
  send('a', 1400, Fragmentation::kAsUsual);
  send('b', 1400, Fragmentation::kForbidden);
  send('c', 1000, Fragmentation::kForbidden);
  send('d', 1400, Fragmentation::kAsUsual);
  send('e', 1400, Fragmentation::kAllowed);
  send('f', 1400, Fragmentation::kAllowed);
  send('g', 1000, Fragmentation::kAsUsual);
  const std::size_t arrive = v4 ? 7 : 6;
  ASSERT_TRUE(until([&] { return heard.size() == arrive; }));
  std::string order;
  for (const std::string& text : heard) order += text.front();
  EXPECT_EQ(order, v4 ? "abcdefg" : "acdefg");
  EXPECT_EQ(sender.stats().dropped_error, v4 ? 0U : 1U);
  EXPECT_EQ(mode(), usual);
}

TEST_P(UdpSocketTest, MarksTravelWithTheirDatagrams) {
  std::vector<std::pair<char, Ecn>> heard;
  UdpSocket sender = bind([](std::span<Datagram>) {});
  UdpSocket receiver = bind([&](std::span<Datagram> batch) {
    for (const Datagram& datagram : batch) heard.emplace_back(datagram.packet.data()[0], datagram.packet.ecn());
  });
  const auto send = [&](char fill, Ecn ecn) {
    Packet one = packet(std::string(1000, fill));
    one.set_ecn(ecn);
    sender.send(std::move(one), receiver.local_address());
  };
  send('a', Ecn::kNotEct);
  for (int i = 0; i < 3; ++i) send('b', Ecn::kEct1);  // a train
  send('c', Ecn::kEct0);
  send('d', Ecn::kCe);
  send('e', Ecn::kNotEct);
  ASSERT_TRUE(until([&] { return heard.size() == 7; }));
  using P = std::pair<char, Ecn>;
  EXPECT_THAT(heard,
              testing::ElementsAre(P{'a', Ecn::kNotEct}, P{'b', Ecn::kEct1}, P{'b', Ecn::kEct1}, P{'b', Ecn::kEct1},
                                   P{'c', Ecn::kEct0}, P{'d', Ecn::kCe}, P{'e', Ecn::kNotEct}));
  EXPECT_EQ(sender.stats().dropped_error, 0U);
}

TEST_P(UdpSocketTest, ATrainOfDatagramsThatAreTooLongCountsEachOfThem) {
  std::vector<std::size_t> heard;
  UdpSocket receiver = bind([&](std::span<Datagram> batch) {
    for (const Datagram& datagram : batch) heard.push_back(datagram.packet.size());
  });
  const PlainSocket far(any_port());
  const std::uint16_t segment = Packet::kMaxPayload + 1;
  ASSERT_TRUE(far.send_train(std::string(2 * segment + 7, 'x'), segment, receiver.local_address()));
  ASSERT_TRUE(until([&] { return !heard.empty(); }));
  EXPECT_THAT(heard, testing::ElementsAre(7));
  EXPECT_EQ(receiver.stats().dropped_oversize, 2U);
}

TEST_P(UdpSocketTest, AFullQueueDropsAndCounts) {
  UdpSocket::Options options;
  options.send_queue = 4;
  UdpSocket sender = bind([](std::span<Datagram>) {}, options);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(sender.send(packet("x"), sender.local_address()));
  EXPECT_FALSE(sender.send(packet("x"), sender.local_address()));
  EXPECT_EQ(sender.stats().dropped_queue, 1U);
  sender.flush();
  EXPECT_TRUE(sender.send(packet("x"), sender.local_address()));
}

TEST_P(UdpSocketTest, AnUnreachableAddressHarmsNothing) {
  std::size_t heard = 0;
  UdpSocket receiver = bind([&](std::span<Datagram> batch) { heard += batch.size(); });
  UdpSocket sender = bind([](std::span<Datagram>) {});
  const SocketAddress closed_port = [&] { return bind([](std::span<Datagram>) {}).local_address(); }();
  const SocketAddress no_route{IpAddress::v4({255, 255, 255, 255}),
                               9};  // forbidden without SO_BROADCAST; wrong family on v6
  for (int i = 0; i < 3; ++i) {
    sender.send(packet("x"), closed_port);
    sender.send(packet("x"), no_route);
    sender.send(packet("x"), receiver.local_address());
  }
  ASSERT_TRUE(until([&] { return heard == 3; }));
  EXPECT_EQ(sender.stats().dropped_error, 3U);
}

TEST_P(UdpSocketTest, MayBeDestroyedInItsOwnCallback) {
  int calls = 0;
  std::optional<UdpSocket> receiver;
  receiver.emplace(bind([&, held = std::string(100, 'x')](std::span<Datagram> batch) {
    ++calls;
    receiver.reset();
    EXPECT_EQ(held.size(), 100U);
    EXPECT_FALSE(batch.empty());
  }));
  UdpSocket sender = bind([](std::span<Datagram>) {});
  // More than a batch, in trains: the rest of them is nobody's.
  for (int i = 0; i < 200; ++i) sender.send(packet("x"), receiver->local_address());
  ASSERT_TRUE(until([&] { return calls == 1; }));
  EXPECT_FALSE(receiver.has_value());
}

TEST_P(UdpSocketTest, ATakenPortIsOneClearSentence) {
  const UdpSocket first = bind([](std::span<Datagram>) {});
  const auto second = UdpSocket::bind(loop_, first.local_address(), [](std::span<Datagram>) {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            "cannot open UDP socket " + first.local_address().to_string() + ": Address already in use");
}

TEST_P(UdpSocketTest, APortOfARangeHearsAndSpeaks) {
  std::size_t heard = 0;
  auto socket = UdpSocket::bind_in_range(loop_, any_port().ip, {20000, 60000},
                                         [&](std::span<Datagram> batch) { heard += batch.size(); }, {});
  ASSERT_TRUE(socket) << socket.error().message;
  socket->send(packet("x"), socket->local_address());
  EXPECT_TRUE(until([&] { return heard == 1; }));
}

TEST_P(UdpSocketTest, ARangeWithoutPortsAndAForeignAddressAreRefused) {
  EXPECT_EQ(bind_in({0, 10}).error().code, ErrorCode::kRange);
  EXPECT_EQ(bind_in({10, 9}).error().code, ErrorCode::kRange);
  const IpAddress foreign = *IpAddress::parse(any_port().ip.is_v4() ? "192.0.2.1" : "2001:db8::1");
  const auto result = UdpSocket::bind_in_range(loop_, foreign, {40000, 50000}, [](std::span<Datagram>) {}, {});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, testing::EndsWith("Cannot assign requested address"));
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, UdpSocketTest, testing::Values("127.0.0.1", "::1"),
                         [](const auto& param) { return std::string(param.index == 0 ? "Ipv4" : "Ipv6"); });

TEST(UdpSocketRange, GivesEachPortOnceThenSaysThatAllAreTakenAndFindsTheOneThatIsFreed) {
  // An address and ports that no other test uses, not even one that runs at the same time.
  const auto pid = static_cast<std::uint32_t>(getpid());
  const IpAddress ip = IpAddress::v4({127, static_cast<std::uint8_t>(1 + (pid >> 16) % 100),
                                      static_cast<std::uint8_t>(pid >> 8), static_cast<std::uint8_t>(pid)});
  EventLoop loop;
  const auto bind = [&] { return UdpSocket::bind_in_range(loop, ip, {20001, 20006}, [](std::span<Datagram>) {}, {}); };
  std::vector<UdpSocket> sockets;
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 6; ++i) {
    auto socket = bind();
    ASSERT_TRUE(socket) << socket.error().message;
    ports.insert(socket->local_address().port);
    sockets.push_back(*std::move(socket));
  }
  EXPECT_THAT(ports, testing::ElementsAre(20001, 20002, 20003, 20004, 20005, 20006));
  EXPECT_EQ(bind().error().message,
            "no UDP port of " + ip.to_string() + " in the range 20001-20006 is free: all of them are taken");
  const std::uint16_t freed = sockets[2].local_address().port;
  sockets.erase(sockets.begin() + 2);
  const auto found = bind();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->local_address().port, freed);
}

TEST(UdpSocketOversize, DatagramsLongerThanAPacketAreCountedAndDropped) {
  EventLoop loop;
  std::vector<std::size_t> heard;
  auto receiver = UdpSocket::bind(loop, {*IpAddress::parse("127.0.0.1"), 0}, [&](std::span<Datagram> batch) {
    for (const Datagram& datagram : batch) heard.push_back(datagram.packet.size());
  });
  ASSERT_TRUE(receiver);
  SystemAddress to;
  const socklen_t length = to_system(receiver->local_address(), to);
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  const std::string text(4000, 'x');
  for (const std::size_t size : {std::size_t{4000}, Packet::kMaxPayload + 1, Packet::kMaxPayload}) {
    EXPECT_EQ(sendto(fd, text.data(), size, 0, &to.any, length), static_cast<ssize_t>(size));
  }
  ::close(fd);
  ASSERT_TRUE(loop.run_until([&] { return !heard.empty(); }, EventLoop::now() + kPatience));
  EXPECT_THAT(heard, testing::ElementsAre(Packet::kMaxPayload));
  EXPECT_EQ(receiver->stats().dropped_oversize, 2U);
}

}  // namespace
}  // namespace tidewire::io
