#include "stun/stream_framer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crypto/random.h"
#include "stun/builder.h"
#include "stun/message.h"

namespace tidewire::stun {
namespace {

Bytes stun_message(std::size_t software = 5) {
  std::array<std::uint8_t, 70000> buffer;
  MessageBuilder builder(buffer, MessageClass::kRequest, Method::kBinding, TransactionId{1, 2, 3});
  builder.add_text(AttributeType::kSoftware, std::string(software, 's'));
  const auto built = builder.finish();
  return Bytes(built->begin(), built->end());
}

Bytes channel_data(std::size_t size) {
  Bytes bytes{0x40, 0x07, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return bytes;
}

Bytes on_stream(PacketPool& pool, const std::vector<Bytes>& messages, StreamFraming framing) {
  Bytes stream;
  for (const Bytes& message : messages) {
    Packet packet = pool.copy_of(message);
    EXPECT_TRUE(add_stream_framing(packet, framing));
    stream.insert(stream.end(), packet.bytes().begin(), packet.bytes().end());
  }
  return stream;
}

std::vector<Bytes> cut(StreamFramer& framer, ByteView bytes) {
  std::vector<Bytes> messages;
  while (const auto packet = framer.next(bytes)) {
    messages.emplace_back(packet->bytes().begin(), packet->bytes().end());
    EXPECT_EQ(packet->headroom(), Packet::kHeadroom);
  }
  EXPECT_TRUE(bytes.empty() || framer.failed());
  return messages;
}

std::vector<Bytes> some_messages() {
  std::vector<Bytes> messages{stun_message()};
  for (std::size_t size = 0; size < 6; ++size) messages.push_back(channel_data(size));
  messages.push_back(stun_message(0));
  return messages;
}

class FramerOf : public testing::TestWithParam<StreamFraming> {
 protected:
  PacketPool pool_;
};

TEST_P(FramerOf, CutsMessagesThatAreGluedTogether) {
  const std::vector<Bytes> messages = some_messages();
  StreamFramer framer(GetParam(), pool_);
  EXPECT_EQ(cut(framer, on_stream(pool_, messages, GetParam())), messages);
}

TEST_P(FramerOf, PutsTogetherMessagesThatAreSplitAnywhere) {
  const std::vector<Bytes> messages = some_messages();
  const Bytes stream = on_stream(pool_, messages, GetParam());
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    StreamFramer framer(GetParam(), pool_);
    std::vector<Bytes> out = cut(framer, ByteView(stream).first(split));
    for (Bytes& message : cut(framer, ByteView(stream).subspan(split))) out.push_back(std::move(message));
    EXPECT_EQ(out, messages) << split;
  }
}

TEST_P(FramerOf, PutsTogetherSingleBytes) {
  const std::vector<Bytes> messages = some_messages();
  const Bytes stream = on_stream(pool_, messages, GetParam());
  StreamFramer framer(GetParam(), pool_);
  std::vector<Bytes> out;
  for (const std::uint8_t byte : stream) {
    for (Bytes& message : cut(framer, ByteView(&byte, 1))) out.push_back(std::move(message));
  }
  EXPECT_EQ(out, messages);
}

TEST_P(FramerOf, TakesTheLongestMessageThatFitsAPacket) {
  const Bytes message = channel_data(Packet::kMaxPayload - 4);
  StreamFramer framer(GetParam(), pool_);
  EXPECT_EQ(cut(framer, on_stream(pool_, {message}, GetParam())), std::vector<Bytes>{message});
}

TEST_P(FramerOf, GivesBlocksBackToThePool) {
  const std::vector<Bytes> messages = some_messages();
  StreamFramer framer(GetParam(), pool_);
  const Bytes stream = on_stream(pool_, messages, GetParam());
  const std::uint64_t before = pool_.allocations();
  for (int i = 0; i < 100; ++i) cut(framer, stream);
  EXPECT_LE(pool_.allocations(), before + 1);
}

INSTANTIATE_TEST_SUITE_P(Framings, FramerOf, testing::Values(StreamFraming::kStun, StreamFraming::kLength));

TEST(StreamFramer, SkipsWhatIsTooLongAndGoesOn) {
  PacketPool pool;
  for (const std::size_t size : {std::size_t{1917}, std::size_t{5001}, std::size_t{65535}}) {
    Bytes stream = channel_data(size);
    stream.resize((stream.size() + 3) / 4 * 4);
    const Bytes next = stun_message();
    stream.insert(stream.end(), next.begin(), next.end());
    StreamFramer framer(StreamFraming::kStun, pool);
    EXPECT_EQ(cut(framer, stream), std::vector<Bytes>{next}) << size;
    EXPECT_EQ(framer.skipped(), 1U);
  }
  Bytes stream = stun_message(40000);
  const Bytes next = channel_data(3);
  stream.insert(stream.end(), next.begin(), next.end());
  StreamFramer framer(StreamFraming::kStun, pool);
  EXPECT_EQ(cut(framer, stream), std::vector<Bytes>{next});
}

TEST(StreamFramer, SkipsLongAndEmptyPacketsOfTheLengthFraming) {
  PacketPool pool;
  Bytes stream{0, 0, 0x08, 0x00};  // an empty one, and one of 2048 bytes
  stream.resize(stream.size() + 2048);
  for (const int byte : {0, 0, 0, 2, 7, 8}) stream.push_back(static_cast<std::uint8_t>(byte));
  StreamFramer framer(StreamFraming::kLength, pool);
  EXPECT_EQ(cut(framer, stream), (std::vector<Bytes>{{7, 8}}));
  EXPECT_EQ(framer.skipped(), 1U);
}

TEST(StreamFramer, FailsForGoodOnBytesThatAreNoMessage) {
  Bytes bad_cookie = stun_message();
  bad_cookie[4] ^= 1;
  Bytes odd_length = stun_message();
  odd_length[3] |= 1;
  const Bytes cases[] = {bad_cookie,      odd_length,       {0x3f, 0, 0, 0},
                         {0x04, 0, 0, 0}, {22, 3, 3, 0, 5}, {0x80, 0x60, 0, 1}};
  PacketPool pool;
  for (const Bytes& bytes : cases) {
    StreamFramer framer(StreamFraming::kStun, pool);
    EXPECT_TRUE(cut(framer, bytes).empty());
    EXPECT_TRUE(framer.failed()) << int{bytes[0]};
    EXPECT_TRUE(cut(framer, stun_message()).empty());
  }
}

TEST(StreamFramer, SurvivesAnyBytes) {
  PacketPool pool;
  crypto::Random random = crypto::Random::from_test_seed(7);
  for (int round = 0; round < 2000; ++round) {
    StreamFramer framer(round % 2 == 0 ? StreamFraming::kStun : StreamFraming::kLength, pool);
    for (int i = 0; i < 8; ++i) {
      Bytes bytes(random.below(40));
      random.fill(bytes);
      if (!bytes.empty() && round % 3 != 0) bytes[0] &= 0x43;
      for (const Bytes& message : cut(framer, bytes)) EXPECT_LE(message.size(), Packet::kMaxPayload);
    }
  }
}

TEST(StreamFramer, PadsChannelDataOnceHoweverOftenItIsAsked) {
  PacketPool pool;
  Packet packet = pool.copy_of(channel_data(5));
  ASSERT_TRUE(add_stream_framing(packet, StreamFraming::kStun));
  ASSERT_TRUE(add_stream_framing(packet, StreamFraming::kStun));
  EXPECT_EQ(packet.size(), 12U);
}

TEST(StreamFramer, SaysWhenAPacketHasNoRoomForItsFraming) {
  PacketPool pool;
  Packet full = pool.make();
  ASSERT_TRUE(full.resize(Packet::kMaxPayload - 1));
  EXPECT_TRUE(add_stream_framing(full, StreamFraming::kStun));
  Packet odd = pool.make();
  ASSERT_TRUE(odd.prepend(odd.headroom() - 1) && odd.resize(Packet::kCapacity - 1));
  EXPECT_FALSE(add_stream_framing(odd, StreamFraming::kLength));
}

}  // namespace
}  // namespace tidewire::stun
