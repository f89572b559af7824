#include "turn/channel_data.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tidewire::turn {
namespace {

TEST(ChannelData, PutsAndTakesItsHeaderInPlace) {
  PacketPool pool;
  Packet packet = pool.copy_of(as_bytes("hello"));
  const std::uint8_t* payload = packet.data();
  ASSERT_TRUE(prepend_channel_header(packet, ChannelNumber{0x4abc}));
  const Bytes expected{0x4a, 0xbc, 0, 5, 'h', 'e', 'l', 'l', 'o'};
  EXPECT_TRUE(std::equal(packet.bytes().begin(), packet.bytes().end(), expected.begin(), expected.end()));
  const auto view = parse_channel_data(packet.bytes());
  ASSERT_TRUE(view);
  EXPECT_EQ(view->channel, ChannelNumber{0x4abc});
  EXPECT_EQ(as_text(view->data), "hello");
  strip_channel_header(packet, view->data.size());
  EXPECT_EQ(packet.data(), payload);
  EXPECT_EQ(as_text(packet.bytes()), "hello");
}

TEST(ChannelData, IsRefusedWhenItIsShorterThanItSays) {
  const Bytes whole{0x40, 0x00, 0, 4, 1, 2, 3, 4};
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_channel_data(ByteView(whole).first(size))) << size;
  }
  EXPECT_TRUE(parse_channel_data(whole));
}

TEST(ChannelData, MayBeFollowedByPaddingAndMayBeEmpty) {
  const Bytes padded{0x40, 0x01, 0, 1, 7, 0, 0, 0};
  ASSERT_TRUE(parse_channel_data(padded));
  EXPECT_EQ(parse_channel_data(padded)->data.size(), 1U);
  const Bytes empty{0x4f, 0xff, 0, 0};
  ASSERT_TRUE(parse_channel_data(empty));
  EXPECT_TRUE(parse_channel_data(empty)->data.empty());
}

TEST(ChannelData, IsToldFromOtherProtocolsByItsFirstByte) {
  for (int first = 0; first < 256; ++first) {
    const Bytes bytes{static_cast<std::uint8_t>(first), 0, 0, 0};
    EXPECT_EQ(looks_like_channel_data(bytes), first >= 0x40 && first <= 0x7f) << first;
  }
}

TEST(ChannelData, NeedsHeadroom) {
  PacketPool pool;
  Packet packet = pool.copy_of(as_bytes("x"));
  ASSERT_TRUE(packet.prepend(packet.headroom() - 3));
  const std::size_t size = packet.size();
  EXPECT_FALSE(prepend_channel_header(packet, kFirstChannel));
  EXPECT_EQ(packet.size(), size);
}

}  // namespace
}  // namespace tidewire::turn
