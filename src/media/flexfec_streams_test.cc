// Pictures with forward error correction from table to table.
#include <gtest/gtest.h>

#include "media/call_for_test.h"
#include "rtp/flexfec_header.h"

namespace tidewire::media {
namespace {

constexpr PayloadType kFlexfecType{49};
constexpr Ssrc kSource{0x11111111};
constexpr Ssrc kFlexfec{0x33333333};

struct ProtectedCall : VideoCall {
  explicit ProtectedCall(std::uint64_t seed = 1) : VideoCall(seed) {
    SendStreamConfig sender = video_out();
    sender.flexfec = FlexfecConfig{kFlexfec, kFlexfecType};
    ReceiveStreamConfig receiver = video_in();
    receiver.flexfec_payload_type = kFlexfecType;
    EXPECT_TRUE(a.update_send_stream(out, sender));
    EXPECT_TRUE(b.update_receive_stream(in, receiver));
    filter = [this](const StreamTable::Outgoing& outgoing) {
      const auto view = rtp::PacketView::parse(outgoing.packet.bytes());
      if (outgoing.kind != StreamTable::Outgoing::Kind::kRtp || !view) return true;
      largest = std::max(largest, outgoing.packet.size());
      if (view->header.ssrc == kFlexfec) {
        EXPECT_EQ(view->header.payload_type, kFlexfecType);
        EXPECT_FALSE(view->header.marker);
        EXPECT_EQ(view->header.csrc_count(), 1U);
        EXPECT_EQ(view->header.csrc(0), kSource);
        EXPECT_EQ(rtp::read_extensions(view->header, extensions()).mid, "v");
        const auto next = static_cast<std::uint16_t>(repair_number.value_or(view->header.sequence_number - 1) + 1);
        EXPECT_EQ(view->header.sequence_number, next);
        repair_number = view->header.sequence_number;
        ++repairs;
      }
      return true;
    };
    wire.delay = 150ms;
  }
  // Loss is known by the first reports.
  void warm_up() {
    wire.loss = 0.05;
    send_frames(150, 3000);
  }
  InboundRtpStreamStats received_stats() const { return b.stats(now).inbound.at(0); }
  OutboundRtpStreamStats sent_stats() const { return a.stats(now).outbound.at(0); }

  std::size_t largest = 0;
  std::uint64_t repairs = 0;
  std::optional<int> repair_number;
};

TEST(FlexfecStreams, RebuildMostOfWhatIsLost) {
  ProtectedCall call;
  call.warm_up();
  const InboundRtpStreamStats before = call.received_stats();
  call.send_frames(600, 3000);
  const InboundRtpStreamStats after = call.received_stats();
  const auto lost = static_cast<std::uint64_t>(after.packets_lost - before.packets_lost);
  const std::uint64_t repaired = after.packets_repaired - before.packets_repaired;
  EXPECT_GT(lost, 60U) << "in reports, what was rebuilt stays lost";
  EXPECT_GT(repaired, lost * 3 / 4);
  EXPECT_GT(after.fec_packets_received, 0U);
  EXPECT_GT(after.fec_bytes_received, after.fec_packets_received * 500);
  EXPECT_LT(after.fec_packets_discarded, after.fec_packets_received);
  EXPECT_EQ(after.fec_ssrc, kFlexfec.value());
  EXPECT_EQ(after.ssrc, kSource.value());
  EXPECT_GT(after.retransmitted_packets_received, before.retransmitted_packets_received) << "RTX goes on beside it";
  EXPECT_GT(call.received, 700U);
}

TEST(FlexfecStreams, CountRepairsByThemselvesAndStayWithinThePacketSize) {
  ProtectedCall call;
  call.warm_up();
  call.send_frames(300, 5000);
  const OutboundRtpStreamStats stats = call.sent_stats();
  EXPECT_GT(call.repairs, 100U);
  EXPECT_EQ(stats.fec_packets_sent, call.repairs);
  EXPECT_EQ(stats.fec_ssrc, kFlexfec.value());
  EXPECT_GT(stats.fec_overhead, 0.1);
  EXPECT_LE(stats.fec_overhead, 0.5);
  EXPECT_LE(stats.fec_bytes_sent, stats.bytes_sent / 2);
  EXPECT_LE(call.largest, video_out().max_packet_size);
}

TEST(FlexfecStreams, SendNothingWithoutLossOrOnAShortRoundTrip) {
  for (const bool lossy : {false, true}) {
    ProtectedCall call;
    call.wire.loss = lossy ? 0.05 : 0;
    call.wire.delay = lossy ? 20ms : 150ms;
    call.send_frames(300, 3000);
    EXPECT_EQ(call.repairs, 0U);
    EXPECT_EQ(call.sent_stats().fec_overhead, 0);
  }
}

TEST(FlexfecStreams, BeginAndEndInTheMiddleOfACall) {
  ProtectedCall call;
  call.warm_up();
  call.send_frames(60, 3000);
  EXPECT_GT(call.repairs, 0U);
  ASSERT_TRUE(call.a.update_send_stream(call.out, video_out()));
  const std::uint64_t before = call.repairs;
  call.send_frames(90, 3000);
  EXPECT_EQ(call.repairs, before);
  EXPECT_GT(call.received, 270U);
}

TEST(FlexfecStreams, OfSimulcastAreFoundByTheNameOfWhatTheyRepair) {
  ProtectedCall call;
  rtp::ExtensionMap map = extensions();
  map.add(ExtensionType::kRtpStreamId, 5);
  map.add(ExtensionType::kRepairedRtpStreamId, 6);
  SendStreamConfig sender = video_out(Ssrc{0x700});
  sender.rtp_stream_id = "q";
  sender.mid = "s";
  sender.extensions = map;
  sender.flexfec = FlexfecConfig{Ssrc{0x702}, kFlexfecType};
  call.filter = {};
  const StreamId out = *call.a.add_send_stream(sender, call.now);
  std::vector<StreamId> in;
  for (const char* rid : {"h", "q"}) {
    ReceiveStreamConfig receiver = video_in();
    receiver.mid = "s";
    receiver.rid = rid;
    receiver.extensions = map;
    receiver.flexfec_payload_type = kFlexfecType;
    in.push_back(*call.b.add_receive_stream(receiver, call.now));
  }
  call.wire.loss = 0.05;
  for (std::uint32_t i = 0; i < 450; ++i) {
    ASSERT_TRUE(call.a.send_frame(out, video_frame(i, i == 0, 3000), call.now));
    call.run(33ms);
    call.take_events(call.a);
    call.take_events(call.b);
  }
  for (const InboundRtpStreamStats& stats : call.b.stats(call.now).inbound) {
    EXPECT_EQ(stats.fec_packets_received > 0, stats.ssrc == 0x700) << stats.ssrc;
    EXPECT_EQ(stats.packets_repaired > 0, stats.ssrc == 0x700) << stats.ssrc;
  }
}

TEST(FlexfecStreams, AFloodOfRepairPacketsTakesNoMemoryAndHarmsNobody) {
  ProtectedCall call;
  call.wire.delay = 10ms;
  call.send_frames(30, 3000);
  const std::uint64_t blocks = call.pool.allocations();
  std::mt19937_64 random(5);
  const std::uint64_t discarded = call.received_stats().fec_packets_discarded;
  for (int i = 0; i < 20'000; ++i) {
    Packet packet = call.pool.copy_of(Bytes(1000, 0xff));
    rtp::FlexfecHeader header;
    header.protection_count = 1;
    header.protections[0] = {kSource, static_cast<std::uint16_t>(random()), {}};
    // Several at least: one alone would be a packet that is believed, as any packet of the peer is.
    for (std::size_t bit = 0; bit < 110; ++bit) header.protections[0].mask[bit] = bit % 50 == 0 || random() % 3 == 0;
    header.recovery = {0, 96, static_cast<std::uint16_t>(random()), 0};
    std::array<std::uint8_t, 64> room{};
    const std::size_t size = rtp::write_flexfec_header(header, room);
    ASSERT_TRUE(packet.prepend(size));
    std::copy_n(room.begin(), size, packet.data());
    rtp::Extensions its;
    its.mid = "v";
    const rtp::HeaderFields fields{false, kFlexfecType, static_cast<std::uint16_t>(i),
                                   0,     kFlexfec,     std::span(&kSource, 1)};
    ASSERT_TRUE(rtp::write_header(packet, fields, its, extensions()));
    call.b.handle_rtp(std::move(packet), call.now);
    if (i % 500 == 0) call.send_frames(1, 3000);
  }
  const InboundRtpStreamStats stats = call.received_stats();
  EXPECT_EQ(stats.fec_packets_received, 20'000U);
  EXPECT_GT(stats.fec_packets_discarded - discarded, 20'000U - FlexfecReceiver::kMaxRepairs - 1);
  // The sender remembers the three packets of each of forty frames; of the flood nothing is held in blocks.
  EXPECT_LE(call.pool.allocations(), blocks + 3 * 40 + 10);
  const std::uint32_t before = call.received;
  call.send_frames(30, 3000);
  EXPECT_GE(call.received, before + 29);
}

TEST(NackList, DoesNotAskForWhatWasRebuilt) {
  NackList list;
  Timestamp now{1s};
  for (const std::int64_t number : {1, 4, 5}) list.handle_packet(number, now);
  EXPECT_EQ(list.size(), 2U);
  list.handle_recovered(2);
  list.handle_recovered(7);
  EXPECT_EQ(list.size(), 1U);
  std::array<std::uint16_t, 8> numbers{};
  ASSERT_EQ(list.collect(numbers, now + 1s, 100ms), 1U);
  EXPECT_EQ(numbers[0], 3);
  EXPECT_EQ(list.reorder_tolerance(), NackList::kReorderTolerance) << "nothing was overtaken";
  list.handle_recovered(3);
  EXPECT_EQ(list.next_timeout(), kNever);
  EXPECT_FALSE(list.round_trip_time()) << "nothing was repeated";
}

}  // namespace
}  // namespace tidewire::media
