#include "io/udp_hub.h"

#include <set>

#include "io/udp_hub_test_support.h"

namespace tidewire::io {
namespace {

using testing::ElementsAre;

// Different for each n, and of sizes on both sides of what the path carries in one piece.
std::string text_of(std::size_t n) {
  const std::size_t size = n % 50 == 49 ? 20'000 + n : (n * 37) % 1400;
  return std::to_string(n) + std::string(size, static_cast<char>('a' + n % 26));
}

TEST_P(UdpHubTest, PassesDatagramsOfAllSizesOnByteForByteWithPrefixAndPadding) {
  UdpHub hub(loop_, handler_);
  const SocketId in = open(hub);
  const SocketId out = open(hub);
  const PlainSocket near(any_port());
  const PlainSocket far(any_port());
  std::size_t n = 0;
  handler_.datagram = [&](SocketId socket, const SocketAddress& remote, ByteView bytes) {
    EXPECT_EQ(socket, in);
    EXPECT_EQ(remote, near.address());
    const std::string prefix(n % (UdpHub::kMaxPrefix + 1), 'P');
    hub.send(out, far.address(), as_bytes(prefix), bytes, n % 4);
    ++n;
  };
  std::vector<std::string> heard;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(near.send(text_of(i), hub.local_address(in)));
    expected.push_back(std::string(i % (UdpHub::kMaxPrefix + 1), 'P') + text_of(i) + std::string(i % 4, '\0'));
    // A few at a time, so that the system's small buffers suffice.
    ASSERT_TRUE(i % 20 != 19 || until([&] { return n == i + 1; }));
    far.collect(heard, expected.size());
  }
  EXPECT_TRUE(heard == expected) << heard.size();
  EXPECT_EQ(hub.stats().datagrams_received, 1000U);
  EXPECT_EQ(hub.stats().datagrams_sent, 1000U);
  EXPECT_LT(hub.stats().send_calls, 1000U);
}

TEST_P(UdpHubTest, ATrainArrivesTakenApartAndLeavesAsOne) {
  UdpHub hub(loop_, handler_);
  const SocketId in = open(hub);
  const SocketId out = open(hub);
  const PlainSocket near(any_port());
  const PlainSocket far(any_port());
  std::vector<std::size_t> sizes;
  handler_.datagram = [&](SocketId, const SocketAddress&, ByteView bytes) {
    sizes.push_back(bytes.size());
    hub.send(out, far.address(), as_bytes("head"), bytes, 0);
  };
  std::string train;
  for (const char c : {'a', 'b', 'c', 'd'}) train += std::string(1000, c);
  if (!near.send_train(train + "end", 1000, hub.local_address(in))) GTEST_SKIP() << "the system makes no trains";
  EXPECT_THAT(heard_by(far, 5),
              ElementsAre("head" + std::string(1000, 'a'), "head" + std::string(1000, 'b'),
                          "head" + std::string(1000, 'c'), "head" + std::string(1000, 'd'), "headend"));
  EXPECT_THAT(sizes, ElementsAre(1000, 1000, 1000, 1000, 3));
  EXPECT_EQ(hub.stats().coalesced_receives, 1U);
  EXPECT_EQ(hub.stats().receive_calls, 1U);
  EXPECT_EQ(hub.stats().segmented_sends, 1U);
  EXPECT_EQ(hub.stats().send_calls, 1U);
  EXPECT_EQ(hub.stats().datagrams_sent, 5U);
}

TEST_P(UdpHubTest, OnlyEqualDatagramsInARowToOneRemoteMakeATrain) {
  const PlainSocket far(any_port());
  const PlainSocket other(any_port());
  struct Case {
    std::vector<std::pair<const PlainSocket*, std::size_t>> datagrams;
    std::uint64_t trains;
  };
  const Case cases[] = {
      {{{&far, 9}, {&far, 9}}, 1},
      {{{&far, 9}, {&far, 5}, {&far, 5}}, 1},             // 9 5, 5
      {{{&far, 5}, {&far, 9}}, 0},                        // a longer one cannot follow
      {{{&far, 9}, {&other, 9}, {&far, 9}}, 0},           // no order is given up for a train
      {{{&far, 0}, {&far, 0}, {&far, 9}, {&far, 0}}, 0},  // an empty one has no place in a train
      {{{&far, 9}, {&far, 9}, {&other, 9}, {&other, 9}}, 2},
  };
  for (const Case& c : cases) {
    UdpHub hub(loop_, handler_);
    const SocketId socket = open(hub);
    std::size_t to_far = 0;
    for (const auto& [to, size] : c.datagrams) {
      static const std::string text(9, 'x');
      hub.send(socket, to->address(), as_bytes(text).first(size), {});
      if (to == &far) ++to_far;
    }
    hub.flush();
    EXPECT_EQ(hub.stats().segmented_sends, c.trains);
    EXPECT_EQ(hub.stats().datagrams_sent, c.datagrams.size());
    EXPECT_EQ(heard_by(far, to_far).size(), to_far);
    EXPECT_EQ(heard_by(other, c.datagrams.size() - to_far).size(), c.datagrams.size() - to_far);
  }
}

TEST_P(UdpHubTest, TrainsStayWithinWhatTheKernelTakes) {
  UdpHub hub(loop_, handler_);
  const SocketId socket = open(hub);
  const PlainSocket far(any_port());
  const std::string small(10, 's');
  const std::string large(1400, 'l');
  for (int i = 0; i < 130; ++i) hub.send(socket, far.address(), {}, as_bytes(small));
  for (int i = 0; i < 60; ++i) hub.send(socket, far.address(), {}, as_bytes(large));
  hub.flush();
  // 64 + 64 + 2 of the small ones; 46 + 14 of the large ones, of which 46 are less than 65,000 bytes.
  EXPECT_EQ(hub.stats().segmented_sends, 5U);
  EXPECT_EQ(hub.stats().send_calls, 1U);
  EXPECT_EQ(hub.stats().segmentation_refused, 0U);
  EXPECT_EQ(heard_by(far, 190).size(), 190U);
}

TEST_P(UdpHubTest, WhatTheKernelWillNotSegmentGoesOneByOne) {
  UdpHub hub(loop_, handler_);
  const SocketId socket = open(hub);
  const PlainSocket far(any_port());
  const int fd = descriptor_of(hub.local_address(socket));
  // Datagrams that the path has to have in fragments, or without checksums, make no trains.
  const int mtu = 1280;
  const int yes = 1;
  const bool v4 = any_port().ip.is_v4();
  ASSERT_EQ(v4 ? setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &yes, sizeof yes)
               : setsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, sizeof mtu),
            0);
  const std::string texts[] = {std::string(1400, 'a'), std::string(1400, 'b'), std::string(1000, 'c'), "d"};
  for (int round = 1; round <= 2; ++round) {
    for (const std::string& text : texts) hub.send(socket, far.address(), {}, as_bytes(text));
    hub.flush();
    EXPECT_THAT(heard_by(far, 4), testing::ElementsAreArray(texts));
    EXPECT_GE(hub.stats().segmentation_refused, 1U);
  }
  EXPECT_EQ(hub.stats().datagrams_sent, 8U);
  EXPECT_EQ(hub.stats().dropped_error, 0U);
}

TEST_P(UdpHubTest, WithoutTrainsEachDatagramIsItsOwnMessage) {
  UdpHub::Options options;
  options.trains = false;
  UdpHub hub(loop_, handler_, options);
  const SocketId socket = open(hub);
  const PlainSocket far(any_port());
  for (int i = 0; i < 100; ++i) hub.send(socket, far.address(), {}, as_bytes("equal"));
  hub.flush();
  EXPECT_EQ(hub.stats().segmented_sends, 0U);
  EXPECT_EQ(hub.stats().send_calls, 2U) << "64 messages are one call";
  EXPECT_EQ(heard_by(far, 100).size(), 100U);
}

TEST_P(UdpHubTest, PacketsAreKeptUntilTheyHaveLeft) {
  UdpHub hub(loop_, handler_);
  const SocketId socket = open(hub);
  const PlainSocket far(any_port());
  for (int i = 0; i < 3; ++i) {
    hub.send(socket, far.address(), loop_.packet_pool().copy_of(as_bytes("packet " + std::to_string(i))));
  }
  EXPECT_EQ(loop_.packet_pool().allocations(), 3U);
  hub.flush();
  EXPECT_THAT(heard_by(far, 3), ElementsAre("packet 0", "packet 1", "packet 2"));
  const Packet recycled = loop_.packet_pool().make();
  EXPECT_EQ(loop_.packet_pool().allocations(), 3U);
}

TEST_P(UdpHubTest, AFullQueueLeavesAtOnceAndDropsNothing) {
  UdpHub hub(loop_, handler_);
  const SocketId socket = open(hub);
  const PlainSocket far(any_port());
  for (int i = 0; i < 1100; ++i) hub.send(socket, far.address(), {}, as_bytes("x"));
  EXPECT_EQ(hub.stats().datagrams_sent, 1024U);
  hub.flush();
  EXPECT_EQ(heard_by(far, 1100).size(), 1100U);
}

TEST_P(UdpHubTest, TheEndOfABatchIsTheLastChanceToSend) {
  UdpHub hub(loop_, handler_);
  const SocketId socket = open(hub);
  const PlainSocket far(any_port());
  ByteView received;
  handler_.datagram = [&](SocketId, const SocketAddress&, ByteView bytes) { received = bytes; };
  handler_.batch_end = [&] { hub.send(socket, far.address(), {}, received); };
  ASSERT_TRUE(far.send("back", hub.local_address(socket)));
  EXPECT_THAT(heard_by(far, 1), ElementsAre("back"));
}

TEST_P(UdpHubTest, WhenTheSlotsAreFullTheBatchEndsAndTheTurnGoesOn) {
  UdpHub::Options options;
  options.receive_slots = 4;
  UdpHub hub(loop_, handler_, options);
  const SocketId socket = open(hub);
  const PlainSocket far(any_port());
  std::size_t in_batch = 0;
  std::size_t batches = 0;
  handler_.datagram = [&](SocketId, const SocketAddress& remote, ByteView bytes) {
    EXPECT_LE(++in_batch, 4U);
    hub.send(socket, remote, {}, bytes);
  };
  handler_.batch_end = [&] {
    ++batches;
    in_batch = 0;
  };
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < 50; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_TRUE(far.send(sent.back(), hub.local_address(socket)));
  }
  EXPECT_EQ(heard_by(far, 50), sent);
  EXPECT_GE(batches, 13U);
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, UdpHubTest, testing::Values("127.0.0.1", "::1"));

}  // namespace
}  // namespace tidewire::io
