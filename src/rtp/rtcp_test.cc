#include "rtp/rtcp.h"

#include <gtest/gtest.h>

#include <array>

#include "rtp/rtcp_extended.h"
#include "rtp/rtcp_feedback.h"
#include "rtp/rtcp_reports.h"
#include "rtp/transport_feedback.h"

namespace tidewire::rtp {
namespace {

const ReportBlock kBlock{Ssrc(0x01020304), 128, -3, 0x00010005, 77, 0xaabbccdd, 0x00018000};

// One compound with every packet that the library writes.
Bytes everything() {
  Bytes buffer(2000);
  RtcpWriter writer(buffer);
  const std::array blocks{kBlock, kBlock};
  const std::array ssrcs{Ssrc(1), Ssrc(2)};
  const std::array<std::uint16_t, 4> numbers{65534, 65535, 0, 100};
  EXPECT_TRUE(write_sender_report(writer, Ssrc(1), {NtpTime{0x0102030405060708}, 9, 10, 11}, blocks));
  EXPECT_TRUE(write_receiver_report(writer, Ssrc(1), blocks));
  EXPECT_TRUE(write_source_description(writer, ssrcs, "cname"));
  EXPECT_TRUE(write_nack(writer, Ssrc(1), Ssrc(2), numbers));
  EXPECT_TRUE(write_picture_loss_indication(writer, Ssrc(1), Ssrc(2)));
  EXPECT_TRUE(write_full_intra_request(writer, Ssrc(1), Ssrc(2), 5));
  EXPECT_TRUE(write_remb(writer, Ssrc(1), 2'500'000, ssrcs));
  TransportFeedbackBuilder feedback;
  feedback.start(1, std::chrono::milliseconds{100}, 0);
  EXPECT_TRUE(feedback.add(1, std::chrono::milliseconds{100}));
  EXPECT_TRUE(feedback.add(3, std::chrono::milliseconds{90}));
  EXPECT_TRUE(feedback.write(writer, Ssrc(1), Ssrc(2)));
  EXPECT_TRUE(write_receiver_reference_time(writer, Ssrc(1), NtpTime{1}));
  EXPECT_TRUE(write_delay_since_last_receiver_report(writer, Ssrc(1), {Ssrc(2), 3, 4}));
  EXPECT_TRUE(write_bye(writer, ssrcs, "over"));
  buffer.resize(writer.size());
  return buffer;
}

// Reads a compound to its end through every parser; returns how many packets there were.
std::size_t read_all(ByteView compound) {
  std::size_t packets = 0;
  RtcpReader reader(compound);
  while (const auto packet = reader.next()) {
    ++packets;
    if (auto sr = SenderReport::parse(*packet)) {
      for (std::size_t i = 0; i < sr->blocks.size(); ++i) (void)sr->blocks[i];
    }
    if (auto rr = ReceiverReport::parse(*packet)) {
      for (std::size_t i = 0; i < rr->blocks.size(); ++i) (void)rr->blocks[i];
    }
    SourceDescriptionReader sdes(*packet);
    while (sdes.next()) {
    }
    if (auto bye = Bye::parse(*packet)) {
      for (std::size_t i = 0; i < bye->size(); ++i) (void)bye->ssrc(i);
    }
    if (auto nack = Nack::parse(*packet)) {
      while (nack->next()) {
      }
    }
    (void)PictureLossIndication::parse(*packet);
    if (auto fir = FullIntraRequest::parse(*packet)) {
      for (std::size_t i = 0; i < fir->size(); ++i) (void)(*fir)[i];
    }
    (void)ReceiverEstimatedMaxBitrate::parse(*packet);
    if (auto feedback = TransportFeedback::parse(*packet)) {
      while (feedback->next()) {
      }
    }
    if (auto xr = ExtendedReport::parse(*packet)) {
      while (xr->next()) {
      }
    }
  }
  return packets;
}

TEST(Rtcp, EveryPacketRoundTripsInOneCompound) {
  const Bytes compound = everything();
  RtcpReader reader(compound);
  const auto sr = SenderReport::parse(*reader.next());
  ASSERT_TRUE(sr);
  EXPECT_EQ(sr->sender, Ssrc(1));
  EXPECT_EQ(sr->info, (SenderInfo{NtpTime{0x0102030405060708}, 9, 10, 11}));
  ASSERT_EQ(sr->blocks.size(), 2U);
  EXPECT_EQ(sr->blocks[1], kBlock);
  const auto rr = ReceiverReport::parse(*reader.next());
  ASSERT_TRUE(rr);
  EXPECT_EQ(rr->blocks[0], kBlock);
  SourceDescriptionReader sdes(*reader.next());
  EXPECT_EQ(sdes.next()->ssrc, Ssrc(1));
  const auto second = sdes.next();
  EXPECT_EQ(second->ssrc, Ssrc(2));
  EXPECT_EQ(second->cname, "cname");
  EXPECT_FALSE(sdes.next());
  auto nack = Nack::parse(*reader.next());
  ASSERT_TRUE(nack);
  std::vector<std::uint16_t> numbers;
  while (const auto number = nack->next()) numbers.push_back(*number);
  EXPECT_EQ(numbers, (std::vector<std::uint16_t>{65534, 65535, 0, 100}));
  EXPECT_EQ(PictureLossIndication::parse(*reader.next())->media, Ssrc(2));
  const auto fir = FullIntraRequest::parse(*reader.next());
  ASSERT_EQ(fir->size(), 1U);
  EXPECT_EQ((*fir)[0].media, Ssrc(2));
  EXPECT_EQ((*fir)[0].sequence_number, 5);
  EXPECT_EQ(ReceiverEstimatedMaxBitrate::parse(*reader.next())->bits_per_second, 2'500'000U);
  auto feedback = TransportFeedback::parse(*reader.next());
  ASSERT_TRUE(feedback);
  EXPECT_EQ(feedback->next(), (TransportFeedback::Arrival{1, std::chrono::milliseconds{100}}));
  EXPECT_EQ(feedback->next(), (TransportFeedback::Arrival{3, std::chrono::milliseconds{90}}));
  EXPECT_FALSE(feedback->next());
  auto reference = ExtendedReport::parse(*reader.next());
  EXPECT_EQ(reference->next()->receiver_reference_time->ntp, NtpTime{1});
  auto delay = ExtendedReport::parse(*reader.next());
  EXPECT_EQ(delay->next()->delay_since_last_receiver_report->last_receiver_report, 3U);
  const auto bye = Bye::parse(*reader.next());
  ASSERT_EQ(bye->size(), 2U);
  EXPECT_EQ(bye->ssrc(1), Ssrc(2));
  EXPECT_EQ(bye->reason, "over");
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.malformed());
}

TEST(Rtcp, EveryTruncationIsReadWithoutHarm) {
  const Bytes compound = everything();
  const std::size_t whole = read_all(compound);
  EXPECT_EQ(whole, 11U);
  for (std::size_t n = 0; n < compound.size(); ++n) {
    const Bytes cut(compound.begin(), compound.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_LT(read_all(cut), whole) << n;
  }
}

// Each packet alone, its length field honest about a body that is cut short.
TEST(Rtcp, EveryShortBodyIsRefusedOrReadWithoutHarm) {
  const Bytes compound = everything();
  RtcpReader reader(compound);
  while (const auto packet = reader.next()) {
    for (std::size_t n = 0; n < packet->body.size(); n += 4) {
      Bytes cut{static_cast<std::uint8_t>(0x80 | packet->count), static_cast<std::uint8_t>(packet->type), 0,
                static_cast<std::uint8_t>(n / 4)};
      cut.insert(cut.end(), packet->body.begin(), packet->body.begin() + static_cast<std::ptrdiff_t>(n));
      EXPECT_EQ(read_all(cut), 1U);
    }
  }
}

TEST(Rtcp, FailsOnWhatIsNoRtcp) {
  struct Case {
    const char* name;
    Bytes bytes;
    std::size_t packets;
    bool malformed;
  };
  const std::vector<Case> cases{
      {"nothing", {}, 0, false},
      {"version 1", {0x40, 200, 0, 0}, 0, true},
      {"shorter than it says", {0x80, 201, 0, 1}, 0, true},
      {"padding of zero", {0xa0, 201, 0, 1, 0, 0, 0, 0}, 0, true},
      {"padding of more than there is", {0xa0, 201, 0, 1, 0, 0, 0, 8}, 0, true},
      {"padding without a body", {0xa0, 201, 0, 0}, 0, true},
      {"padding", {0xa0, 203, 0, 1, 0, 0, 0, 4}, 1, false},
      {"padding of three, as feedback has it", {0xa0, 205, 0, 1, 0, 0, 0, 3}, 1, false},
      {"garbage after a good packet", {0x80, 203, 0, 0, 1, 2, 3}, 1, true},
      {"types that nobody knows", {0x80, 192, 0, 0, 0x80, 223, 0, 0}, 2, false},
  };
  for (const Case& c : cases) {
    RtcpReader reader(c.bytes);
    std::size_t packets = 0;
    while (reader.next()) ++packets;
    EXPECT_EQ(packets, c.packets) << c.name;
    EXPECT_EQ(reader.malformed(), c.malformed) << c.name;
  }
}

TEST(Rtcp, WriterLeavesAFullBufferAsItWas) {
  Bytes buffer(40);
  RtcpWriter writer(buffer);
  EXPECT_TRUE(write_picture_loss_indication(writer, Ssrc(1), Ssrc(2)));
  const std::array blocks{kBlock};
  EXPECT_FALSE(write_receiver_report(writer, Ssrc(1), blocks));
  EXPECT_EQ(writer.size(), 12U);
  EXPECT_TRUE(write_picture_loss_indication(writer, Ssrc(1), Ssrc(3)));
  EXPECT_EQ(read_all(writer.written()), 2U);
}

TEST(Rtcp, CumulativeLossIsClampedTo24BitsWithSign) {
  for (const auto& [value, expected] : {std::pair{0x7fffffff, 0x7fffff}, {-0x7fffffff, -0x800000}, {-1, -1}}) {
    ReportBlock block;
    block.cumulative_lost = value;
    Bytes buffer(100);
    RtcpWriter writer(buffer);
    ASSERT_TRUE(write_receiver_report(writer, Ssrc(1), std::array{block}));
    RtcpReader reader(writer.written());
    EXPECT_EQ(ReceiverReport::parse(*reader.next())->blocks[0].cumulative_lost, expected);
  }
}

TEST(Rtcp, RembKeepsEighteenBitsOfTheRate) {
  for (const std::uint64_t rate : {0ULL, 1ULL, 262'143ULL, 262'144ULL, 1'000'000ULL, 123'456'789'012ULL}) {
    Bytes buffer(100);
    RtcpWriter writer(buffer);
    ASSERT_TRUE(write_remb(writer, Ssrc(1), rate, {}));
    RtcpReader reader(writer.written());
    const std::uint64_t read = ReceiverEstimatedMaxBitrate::parse(*reader.next())->bits_per_second;
    EXPECT_LE(read, rate);
    EXPECT_GE(read + (rate >> 17), rate);
  }
}

TEST(Rtcp, RembThatOverflowsIsRefused) {
  // exponent 63, mantissa 2^18 - 1
  const Bytes packet{0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 0, 0xff, 0xff, 0xff};
  RtcpReader reader(packet);
  EXPECT_FALSE(ReceiverEstimatedMaxBitrate::parse(*reader.next()));
}

TEST(Ntp, ConvertsBothWaysAndToTheCompactForm) {
  const UnixTime time{std::chrono::milliseconds{1'700'000'000'500}};
  const NtpTime ntp = to_ntp(time);
  EXPECT_EQ(ntp.value >> 32, 1'700'000'000U + 2'208'988'800U);
  EXPECT_EQ(ntp.value & 0xffffffffU, 0x80000000U);
  EXPECT_EQ(to_unix(ntp), time);
  EXPECT_EQ(to_compact_ntp(std::chrono::milliseconds{1500}), 0x00018000U);
  EXPECT_EQ(from_compact_ntp(0x00018000), std::chrono::milliseconds{1500});
  EXPECT_EQ(to_compact_ntp(std::chrono::seconds{-1}), 0U);
  EXPECT_EQ(to_compact_ntp(Duration::max()), 65'535U << 16);
  EXPECT_EQ(from_compact_ntp(0xffff0000), std::chrono::seconds{-1});
}

}  // namespace
}  // namespace tidewire::rtp
