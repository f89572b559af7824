// Both ends of feedback by RFC 8888: the generator's reports, read by the history of what was sent.
#include <gtest/gtest.h>

#include <vector>

#include "congestion/congestion_feedback_generator.h"
#include "congestion/ecn_check.h"
#include "congestion/send_control.h"
#include "congestion/sent_packet_history.h"

namespace tidewire::congestion {
namespace {

using namespace std::chrono_literals;
using rtp::Ssrc;

constexpr Ssrc kVideo{10};
constexpr Ssrc kSound{20};

Timestamp at(Duration d) { return Timestamp{d}; }
rtp::NtpTime ntp_at(Timestamp t) { return rtp::to_ntp(WallClockAnchor{Timestamp{}, {1'700'000'000s}}.to_wall(t)); }

struct Ends {
  SentPacketHistory sender;
  CongestionFeedbackGenerator receiver;
  std::vector<PacketResult> results;

  void send(Ssrc ssrc, std::uint16_t number, Timestamp now, bool marked = true) {
    (void)sender.add(1000, now);
    sender.name_last({.ssrc = ssrc, .sequence_number = number, .marked = marked, .transport_wide = false});
  }
  std::optional<Bytes> report(Timestamp now) {
    Bytes buffer(1200);
    rtp::RtcpWriter writer(buffer);
    if (!receiver.write(writer, Ssrc(1), now, ntp_at(now))) return std::nullopt;
    buffer.resize(writer.size());
    return buffer;
  }
  // How many reports there were.
  std::size_t carry(Timestamp now) {
    std::size_t reports = 0;
    for (auto bytes = report(now); bytes; bytes = report(now)) {
      ++reports;
      const auto got = sender.handle_feedback(parse(*bytes), now);
      results.insert(results.end(), got.begin(), got.end());
    }
    return reports;
  }
  static rtp::CongestionFeedback parse(const Bytes& bytes) {
    return *rtp::CongestionFeedback::parse(*rtp::RtcpReader(bytes).next());
  }
};

TEST(CongestionFeedbackGenerator, ReportsAsOftenAsTransportWideFeedbackDoes) {
  CongestionFeedbackGenerator generator;
  EXPECT_EQ(generator.next_timeout(), kNever);
  generator.handle_packet(kVideo, 1, Ecn::kNotEct, at(0ms));
  EXPECT_EQ(generator.next_timeout(), at(100ms));
  for (std::uint16_t i = 2; i < 30; ++i) generator.handle_packet(kVideo, i, Ecn::kNotEct, at(1ms));
  EXPECT_EQ(generator.next_timeout(), at(50ms));
  Bytes buffer(1200);
  rtp::RtcpWriter writer(buffer);
  EXPECT_FALSE(generator.write(writer, Ssrc(1), at(49ms), {}));
  EXPECT_TRUE(generator.write(writer, Ssrc(1), at(50ms), {}));
  EXPECT_FALSE(generator.write(writer, Ssrc(1), at(50ms), {}));
  EXPECT_EQ(generator.next_timeout(), kNever);
}

TEST(CongestionFeedbackGenerator, SaysOfCopiesWhenTheFirstCameAndWhetherAnyWasMarked) {
  Ends ends;
  ends.receiver.handle_packet(kVideo, 5, Ecn::kEct1, at(10ms));
  ends.receiver.handle_packet(kVideo, 5, Ecn::kCe, at(60ms));
  ends.receiver.handle_packet(kVideo, 5, Ecn::kEct1, at(70ms));
  const Bytes bytes = ends.report(at(1010ms)).value_or(Bytes());
  auto feedback = Ends::parse(bytes);
  const auto block = *feedback.next();
  ASSERT_EQ(block.size(), 1U);
  EXPECT_EQ(block[0].ecn, Ecn::kCe);
  EXPECT_EQ(block[0].before_report, 1s);
}

TEST(CongestionFeedbackGenerator, ReportsOnManyPacketsInSeveralFeedbackPackets) {
  Ends ends;
  for (std::uint16_t i = 0; i < 700; ++i) {
    ends.send(kVideo, i, at(0ms));
    ends.send(kSound, i, at(0ms));
    ends.receiver.handle_packet(kVideo, i, Ecn::kEct1, at(10ms));
    ends.receiver.handle_packet(kSound, i, Ecn::kEct1, at(10ms));
  }
  EXPECT_EQ(ends.carry(at(200ms)), 3U);
  EXPECT_EQ(ends.sender.packets_acknowledged(), 1400U);
  EXPECT_EQ(ends.sender.packets_lost(), 0U);
  EXPECT_EQ(ends.sender.bytes_in_flight(), 0U);
}

TEST(CongestionFeedbackGenerator, RemembersStreamsUpToItsBound) {
  CongestionFeedbackGenerator generator;
  for (std::uint32_t i = 0; i < 2 * CongestionFeedbackGenerator::kMaxStreams; ++i) {
    generator.handle_packet(Ssrc(i), 1, Ecn::kNotEct, at(1ms * i));
  }
  std::size_t reported = 0;
  for (;;) {
    Bytes buffer(1200);
    rtp::RtcpWriter writer(buffer);
    if (!generator.write(writer, Ssrc(1), at(10s), {})) break;
    auto feedback = rtp::CongestionFeedback::parse(*rtp::RtcpReader(writer.written()).next());
    while (const auto block = feedback->next()) {
      EXPECT_GE(block->media.value(), CongestionFeedbackGenerator::kMaxStreams) << "the oldest ones had to go";
      ++reported;
    }
  }
  EXPECT_EQ(reported, CongestionFeedbackGenerator::kMaxStreams);
}

TEST(CongestionFeedbackGenerator, DoesNotCallLostWhatTheWindowForgot) {
  Ends ends;
  for (std::uint16_t i = 0; i < 3000; ++i) {
    ends.send(kVideo, i, at(0ms));
    ends.receiver.handle_packet(kVideo, i, Ecn::kEct1, at(10ms));
  }
  (void)ends.carry(at(200ms));
  EXPECT_EQ(ends.sender.packets_lost(), 0U);
  EXPECT_EQ(ends.sender.packets_acknowledged(), CongestionFeedbackGenerator::kWindow);
}

TEST(SentPacketHistory, LearnsFromReportsByStreamInTheOrderOfSending) {
  Ends ends;
  for (std::uint16_t i = 0; i < 10; ++i) {
    ends.send(kVideo, static_cast<std::uint16_t>(65530 + i), at(10ms * i));
    ends.send(kSound, i, at(10ms * i + 1ms));
  }
  for (std::uint16_t i = 0; i < 10; ++i) {
    if (i != 4) {
      ends.receiver.handle_packet(kVideo, static_cast<std::uint16_t>(65530 + i), i == 7 ? Ecn::kCe : Ecn::kEct1,
                                  at(10ms * i + 50ms));
    }
    ends.receiver.handle_packet(kSound, i, Ecn::kEct1, at(10ms * i + 51ms));
  }
  EXPECT_EQ(ends.carry(at(200ms)), 1U);
  ASSERT_EQ(ends.results.size(), 20U);
  std::optional<Duration> shift;  // between the clocks
  for (std::size_t i = 0; i < 20; ++i) {
    const PacketResult& result = ends.results[i];
    EXPECT_EQ(result.number, static_cast<std::int64_t>(i));
    EXPECT_EQ(result.arrival.has_value(), i != 8) << i;
    EXPECT_EQ(result.congested, i == 14) << i;
    if (!result.arrival) continue;
    const Duration transit = *result.arrival - result.sent.time_since_epoch();
    if (!shift) shift = transit;
    EXPECT_NEAR(static_cast<double>((transit - *shift).count()), 0, 1e6) << "1/1024 s is all that can be said";
  }
  EXPECT_EQ(ends.sender.marks().kept, 19U);
  EXPECT_EQ(ends.sender.marks().congested, 1U);
  EXPECT_EQ(ends.sender.marks().lost, 1U);
  EXPECT_EQ(ends.sender.round_trip_time(), 109ms);
}

TEST(SentPacketHistory, TakesALossBackWhenThePacketCameLate) {
  Ends ends;
  for (std::uint16_t i = 0; i < 3; ++i) ends.send(kVideo, i, at(0ms));
  ends.receiver.handle_packet(kVideo, 0, Ecn::kEct1, at(10ms));
  ends.receiver.handle_packet(kVideo, 2, Ecn::kEct1, at(11ms));
  EXPECT_EQ(ends.carry(at(200ms)), 1U);
  EXPECT_EQ(ends.sender.packets_lost(), 1U);
  ends.receiver.handle_packet(kVideo, 1, Ecn::kEct1, at(210ms));
  EXPECT_EQ(ends.carry(at(400ms)), 1U);
  EXPECT_EQ(ends.sender.packets_lost(), 0U);
  EXPECT_EQ(ends.sender.packets_acknowledged(), 3U);
}

TEST(SentPacketHistory, DoesNotWaitForWhatALostReportWasAbout) {
  Ends ends;
  for (std::uint16_t i = 0; i < 40; ++i) {
    ends.send(kVideo, i, at(10ms * i));
    ends.receiver.handle_packet(kVideo, i, Ecn::kEct1, at(10ms * i));
    if (i == 19) {
      EXPECT_TRUE(ends.report(at(1s))) << "and it is lost";
    }
  }
  EXPECT_EQ(ends.carry(at(2s)), 1U);
  EXPECT_EQ(ends.sender.packets_acknowledged(), 20U);
  EXPECT_EQ(ends.sender.packets_lost(), 0U);
  EXPECT_EQ(ends.sender.bytes_in_flight(), 0U);
}

TEST(SentPacketHistory, DoesNotWaitForTheEndOfAStreamThatEndedWithALoss) {
  Ends ends;
  for (std::uint16_t i = 0; i < 10; ++i) {
    ends.send(kVideo, i, at(10ms * i));
    if (i < 5) ends.receiver.handle_packet(kVideo, i, Ecn::kEct1, at(10ms * i));
  }
  for (std::uint16_t i = 0; i < 10; ++i) {
    ends.send(kSound, i, at(100ms + 20ms * i));
    ends.receiver.handle_packet(kSound, i, Ecn::kEct1, at(100ms + 20ms * i));
  }
  EXPECT_EQ(ends.carry(at(1s)), 1U);
  EXPECT_EQ(ends.sender.bytes_in_flight(), 0U);
}

// One block about `count` packets, all of which are said to be the same.
Bytes lie(Ssrc ssrc, std::uint16_t begin, std::size_t count, Timestamp now,
          const rtp::CongestionFeedbackBuilder::Arrival& arrival) {
  Bytes buffer(count * 2 + 100);
  rtp::CongestionFeedbackBuilder builder(buffer.size());
  builder.start(now, ntp_at(now));
  EXPECT_TRUE(builder.begin(ssrc, begin));
  for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(builder.add(arrival));
  rtp::RtcpWriter writer(buffer);
  EXPECT_TRUE(builder.write(writer, Ssrc(1)));
  buffer.resize(writer.size());
  return buffer;
}

TEST(SentPacketHistory, ReportsThatLieHarmNothing) {
  struct Case {
    const char* what;
    Ssrc ssrc;
    std::uint16_t begin;
    std::size_t count;
    std::size_t results;
  };
  const Case cases[] = {
      {"of a stream that is not ours", Ssrc(99), 1000, 10, 0},
      {"of what was never sent", kVideo, 1010, 400, 0},
      {"of what was sent, and on", kVideo, 1005, 400, 5},
      {"of a quarter of all numbers before", kVideo, static_cast<std::uint16_t>(1010 - 16'384), 16'384, 10},
      {"of the other half of the circle", kVideo, 33'000, 10'000, 0},
      {"of one packet twice", kVideo, 1009, 1, 1},
  };
  for (const Case& it : cases) {
    for (const bool received : {false, true}) {
      Ends ends;
      for (std::uint16_t i = 0; i < 10; ++i) ends.send(kVideo, static_cast<std::uint16_t>(1000 + i), at(1s), false);
      const Bytes bytes = lie(it.ssrc, it.begin, it.count, at(2s), {received, Ecn::kCe, at(1s)});
      const auto results = ends.sender.handle_feedback(Ends::parse(bytes), at(2s));
      EXPECT_EQ(results.size(), it.results) << it.what;
      for (const PacketResult& result : results) EXPECT_FALSE(result.congested) << "none left with a mark";
      EXPECT_TRUE(ends.sender.handle_feedback(Ends::parse(bytes), at(2s)).empty()) << "it is known";
    }
  }
}

TEST(SentPacketHistory, AReportersClockMayGoBackwards) {
  Ends ends;
  for (std::uint16_t i = 0; i < 4; ++i) ends.send(kVideo, i, at(1s));
  const Timestamp times[] = {at(10h), at(1h), at(17h), at(2s)};
  for (std::uint16_t i = 0; i < 4; ++i) {
    const Bytes bytes = lie(kVideo, i, 1, times[i], {true, Ecn::kEct1, times[i]});
    const auto results = ends.sender.handle_feedback(Ends::parse(bytes), at(2s));
    ASSERT_EQ(results.size(), 1U);
    EXPECT_TRUE(results[0].arrival);
  }
  EXPECT_EQ(ends.sender.packets_acknowledged(), 4U);
}

TEST(SentPacketHistory, ForgetsStreamsThatAreLongSilentWhenThereAreMany) {
  Ends ends;
  for (std::uint32_t i = 0; i < 20'000; ++i) ends.send(Ssrc(i), 7, at(1ms * i));
  const Bytes bytes = lie(Ssrc(19'999), 7, 1, at(20s), {true, Ecn::kEct1, at(20s)});
  EXPECT_EQ(ends.sender.handle_feedback(Ends::parse(bytes), at(20s)).size(), 1U);
}

TEST(EcnCheck, StopsMarkingWhereThePathHasNoUseForIt) {
  struct Case {
    SentPacketHistory::Marks marks;
    bool passes;
  };
  const Case cases[] = {
      {{.kept = 100}, true},
      {{.kept = 0, .congested = 0, .bleached = 10}, false},
      {{.kept = 9, .congested = 0, .bleached = 9}, true},     // too few to say
      {{.kept = 100, .congested = 0, .bleached = 50}, true},  // another route, for a moment
      {{.kept = 50, .congested = 0, .bleached = 100}, false},
      {{.kept = 0, .congested = 0, .bleached = 0, .lost = 20}, false},
      {{.kept = 1, .congested = 0, .bleached = 0, .lost = 200}, true},  // an outage
      {{.kept = 1000, .congested = 1000}, false},
      {{.kept = 1001, .congested = 1000}, true},
  };
  for (const Case& it : cases) {
    EcnCheck check;
    check.handle(it.marks);
    EXPECT_EQ(check.passed(), it.passes) << it.marks.kept << " " << it.marks.bleached;
    check.path_changed(it.marks);
    check.handle(it.marks);
    EXPECT_TRUE(check.passed()) << "another path is tried anew";
  }
}

TEST(SendControl, MarksForOurOwnControllerOnly) {
  for (const auto kind : {CongestionControl::kTidewire, CongestionControl::kGoogle, CongestionControl::kNone}) {
    SendControl control(kind, {});
    EXPECT_FALSE(control.marks()) << "nothing was negotiated";
    control.start(at(1s));
    EXPECT_EQ(control.marks(), kind == CongestionControl::kTidewire) << to_string(kind);
  }
}

// The peer said that it gives feedback, and gives none.
TEST(SendControl, GoesByReceiverReportsWhenFeedbackNeverComes) {
  for (const auto kind : {CongestionControl::kTidewire, CongestionControl::kGoogle}) {
    SendControl control(kind, {.start = 1'000'000, .max = 10'000'000, .wanted = 5'000'000});
    control.start(at(0s));
    Timestamp now = at(0s);
    const auto pass = [&](Duration time, double loss) {
      for (const Timestamp end = now + time; now < end; now += 10ms) {
        (void)control.handle_sent(1000, false, now);
        control.handle_timeout(now);
        if ((now - Timestamp{}) % 1s == 0ms) control.handle_reported_loss(loss, now);
      }
    };
    pass(60s, 0.0);
    EXPECT_GE(control.target_bitrate(), 5'000'000U) << "as much as is wanted";
    EXPECT_LT(control.target_bitrate(), 6'000'000U);
    EXPECT_NE(control.next_paced(), kNever) << "nothing waits for feedback";
    pass(10s, 0.3);
    EXPECT_LT(control.target_bitrate(), 2'000'000U);
    const std::uint64_t lowered = control.target_bitrate().value();
    pass(10s, 0.05);
    EXPECT_EQ(control.target_bitrate(), lowered) << "some loss is no reason for a change";
  }
}

TEST(SendControl, TrustsFeedbackOnceItComes) {
  SendControl control(CongestionControl::kTidewire, {.start = 1'000'000});
  control.start(at(0s));
  Timestamp now = at(0s);
  for (std::uint16_t i = 0; i < 500; ++i, now += 10ms) {
    (void)control.handle_sent(1000, false, now);
    control.name_sent({.ssrc = kVideo, .sequence_number = i, .marked = true, .transport_wide = false});
    control.handle_reported_loss(0, now);
  }
  const auto by_reports = control.target_bitrate();
  const Bytes bytes = lie(kVideo, 490, 10, now, {true, Ecn::kEct1, now});
  control.handle_feedback(Ends::parse(bytes), now);
  EXPECT_NE(control.target_bitrate(), by_reports);
  const auto by_feedback = control.target_bitrate();
  control.handle_reported_loss(0.9, now + 10ms);
  EXPECT_EQ(control.target_bitrate(), by_feedback) << "it knows better";
}

}  // namespace
}  // namespace tidewire::congestion
