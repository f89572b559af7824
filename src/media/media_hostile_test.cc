// A peer that holds the keys and means ill: whatever it sends, memory stays bounded and the good stream goes on.
#include <gtest/gtest.h>

#include "media/call_for_test.h"
#include "rtp/rtcp_feedback.h"

namespace tidewire::media {
namespace {

// A VideoCall whose receiver, b, also gets what an attacker sends.
struct Attack : VideoCall {
  // As a sender writes it, with whatever it likes in the extensions.
  Packet packet(Ssrc ssrc, PayloadType type, std::uint16_t sequence_number, const rtp::Extensions& its,
                std::size_t size = 100) {
    Packet made = pool.copy_of(video_frame(sequence_number, true, size).payload);
    const rtp::HeaderFields fields{true, type, sequence_number, 1234, ssrc};
    EXPECT_TRUE(rtp::write_header(made, fields, its, extensions()));
    return made;
  }
  void attack(Packet made) { b.handle_rtp(std::move(made), now); }
  // Frames of the good stream, at the same time.
  void good(std::uint32_t count) { send_frames(count, 2000); }
  std::size_t streams() const { return b.stats(now).inbound.size(); }
};

TEST(MediaHostile, TenThousandSourcesMakeNoStreams) {
  Attack call;
  call.good(10);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    rtp::Extensions its;
    its.mid = i % 3 == 0 ? "nobody" : "w";
    if (i % 3 == 1) its.mid.reset();
    call.attack(call.packet(Ssrc(0x50000000 + i), PayloadType{77}, 7, its));
    if (i % 500 == 0) call.good(1);
  }
  EXPECT_EQ(call.b.counters().rtp_unroutable, 10'000U);
  EXPECT_EQ(call.streams(), 1U);
  const std::uint32_t before = call.received;
  call.good(30);
  EXPECT_GE(call.received, before + 28);
}

TEST(MediaHostile, RidsThatWereNeverNegotiatedAreOfNoStream) {
  Attack call;
  ReceiveStreamConfig low = video_in();
  low.mid = "s";
  low.rid = "low";
  low.extensions.add(ExtensionType::kRtpStreamId, 5);
  ASSERT_TRUE(call.b.add_receive_stream(low, call.now));
  rtp::ExtensionMap map = extensions();
  map.add(ExtensionType::kRtpStreamId, 5);
  for (std::uint32_t i = 0; i < 2'000; ++i) {
    const std::string rid = "r" + std::to_string(i);
    rtp::Extensions its;
    its.mid = "s";
    its.rtp_stream_id = rid;
    Packet made = call.pool.copy_of(video_frame(i, true, 100).payload);
    ASSERT_TRUE(rtp::write_header(made, {true, kVp8Type, 7, 1234, Ssrc(0x60000000 + i)}, its, map));
    call.attack(std::move(made));
  }
  EXPECT_EQ(call.b.counters().rtp_unroutable, 2'000U);
  EXPECT_EQ(call.streams(), 2U);
  call.good(30);
  EXPECT_GE(call.received, 28U);
}

// RFC 8285: an element that says that it is longer than its block, in both forms.
TEST(MediaHostile, ExtensionsThatOverrunAreNotRead) {
  Attack call;
  call.good(10);
  std::mt19937_64 random(5);
  for (int i = 0; i < 5'000; ++i) {
    Bytes bytes = {0x90, 96, 0, 7, 0, 0, 0, 0, 0x33, 0, 0, static_cast<std::uint8_t>(i)};
    const bool one_byte = i % 2 == 0;
    for (const int byte : {one_byte ? 0xbe : 0x10, one_byte ? 0xde : 0x00, 0, 1}) {
      bytes.push_back(static_cast<std::uint8_t>(byte));
    }
    const std::size_t rest = random() % 12;
    for (std::size_t k = 0; k < rest; ++k) bytes.push_back(static_cast<std::uint8_t>(random() | 0x0f));
    call.attack(call.pool.copy_of(bytes));
  }
  EXPECT_EQ(call.streams(), 1U);
  const std::uint32_t before = call.received;
  call.good(60);
  EXPECT_GE(call.received, before + 20);
}

struct RequestStorm : VideoCall {
  // Sends what `write` makes to the sender, 10,000 times in a second of time.
  template <typename Write>
  void storm(Write&& write) {
    for (std::uint32_t i = 0; i < 10'000; ++i) {
      Bytes bytes(200);
      rtp::RtcpWriter writer(bytes);
      ASSERT_TRUE(write(writer, i));
      a.handle_rtcp(ByteView(bytes).first(writer.size()), now);
      if (i % 300 == 0) send_frames(1, 3000);
    }
  }
  OutboundRtpStreamStats sent() { return a.stats(now).outbound.at(0); }
};

TEST(MediaHostile, AStormOfKeyFrameRequestsGivesFewKeyFrames) {
  RequestStorm call;
  const Timestamp began = call.now;
  call.storm([](rtp::RtcpWriter& writer, std::uint32_t i) {
    const Ssrc media(0x11111111);
    if (i % 2 == 0) return rtp::write_picture_loss_indication(writer, Ssrc(2), media);
    return rtp::write_full_intra_request(writer, Ssrc(2), media, static_cast<std::uint8_t>(i));
  });
  EXPECT_EQ(call.sent().pli_count, 5'000U);
  EXPECT_EQ(call.sent().fir_count, 5'000U);
  EXPECT_LE(call.key_frames_asked, (call.now - began) / SendStream::kKeyFrameInterval + 1);
  call.send_frames(30, 2000);
  EXPECT_GE(call.received, 60U);
}

TEST(MediaHostile, AStormOfPacketRequestsIsPaidFromABudget) {
  RequestStorm call;
  call.send_frames(30, 3000);
  const std::uint64_t good_before = call.sent().bytes_sent;
  const Timestamp began = call.now;
  call.storm([&](rtp::RtcpWriter& writer, std::uint32_t i) {
    std::array<std::uint16_t, 16> numbers{};
    for (std::size_t k = 0; k < numbers.size(); ++k) numbers[k] = static_cast<std::uint16_t>(i * 16 + k);
    return rtp::write_nack(writer, Ssrc(2), Ssrc(0x11111111), numbers);
  });
  const OutboundRtpStreamStats after = call.sent();
  EXPECT_EQ(after.nack_count, 10'000U);
  // Half the target rate of 2 Mbit/s, and what may come at once.
  const double seconds = std::chrono::duration<double>(call.now - began).count();
  EXPECT_LE(static_cast<double>(after.retransmitted_bytes_sent), 125'000 * seconds + 70'000);
  EXPECT_GT(after.bytes_sent, good_before);
  call.send_frames(30, 2000);
  EXPECT_GE(call.received, 85U);
}

// A key frame of 8K: what the receiver holds is bounded, and afterwards smaller ones arrive again.
TEST(MediaHostile, FramesThatAreTooLargeAreDroppedAsAWhole) {
  VideoCall call;
  call.send_frames(10, 2000);
  EncodedFrame huge = video_frame(call.number++, true, 4'000'000);
  const std::array<std::uint8_t, 4> size = {0x00, 0x1e, 0xe0, 0x10};  // 7680 x 4320
  std::ranges::copy(size, huge.payload.begin() + 6);
  EXPECT_FALSE(call.a.send_frame(call.out, huge, call.now));
  call.step(33ms);
  EXPECT_GE(call.a.stats(call.now).outbound.at(0).frames_dropped, 1U);
  const std::uint32_t before = call.received;
  call.send_frames(30, 2000);
  EXPECT_GE(call.received, before + 25);
}

// The same from one that does not end: packet upon packet of one frame, never complete.
TEST(MediaHostile, AFrameWithoutEndHoldsNoMoreThanTheReceiversWindow) {
  Attack call;
  call.good(10);
  const std::uint64_t received = call.received;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    rtp::Extensions its;
    its.mid = "v";
    Packet made = call.pool.copy_of(Bytes(1000, 1));
    made.bytes()[0] = i == 0 ? 0x10 : 0x00;  // RFC 7741: it starts, and goes on
    ASSERT_TRUE(rtp::write_header(made, {false, kVp8Type, static_cast<std::uint16_t>(i), 99, Ssrc(0x70000000)}, its,
                                  extensions()));
    call.attack(std::move(made));
  }
  EXPECT_EQ(call.received, received);
  EXPECT_LE(call.pool.allocations(), 3'000U);
  // The source of before comes back with its next key frame.
  call.key_frame_needed = true;
  call.good(60);
  EXPECT_GT(call.received, received + 20);
}

}  // namespace
}  // namespace tidewire::media
