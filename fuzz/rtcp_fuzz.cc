// An RTCP compound through the reader and every parser, to its end. What can be written again comes out the same.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "congestion/sent_packet_history.h"
#include "rtp/congestion_feedback.h"
#include "rtp/rtcp_extended.h"
#include "rtp/rtcp_feedback.h"
#include "rtp/rtcp_reports.h"
#include "rtp/transport_feedback.h"

namespace {

using namespace tidewire;

// Nothing that a packet says may go on for longer than its bytes pay for.
template <typename Reader>
void drain(Reader& reader, std::size_t limit) {
  for (std::size_t n = 0; reader.next(); ++n) {
    if (n > limit) std::abort();
  }
}

void check(bool holds) {
  if (!holds) std::abort();
}

// Writes one packet and reads it back.
class Rewritten {
 public:
  template <typename Write>
  explicit Rewritten(Write write) {
    check(write(writer_));
    rtp::RtcpReader reader(writer_.written());
    const auto packet = reader.next();
    check(packet && !reader.next() && !reader.malformed());
    packet_ = *packet;
  }
  Rewritten(const Rewritten&) = delete;
  Rewritten& operator=(const Rewritten&) = delete;
  const rtp::RtcpPacket& packet() const { return packet_; }

 private:
  std::array<std::uint8_t, 4096> buffer_{};
  rtp::RtcpWriter writer_{buffer_};
  rtp::RtcpPacket packet_;
};

std::vector<rtp::ReportBlock> all(const rtp::ReportBlocks& blocks) {
  std::vector<rtp::ReportBlock> result;
  for (std::size_t i = 0; i < blocks.size(); ++i) result.push_back(blocks[i]);
  return result;
}

void rewrite(const rtp::SenderReport& report) {
  const auto blocks = all(report.blocks);
  check(blocks.size() <= rtp::kMaxReportBlocks);
  const Rewritten again([&](auto& writer) { return write_sender_report(writer, report.sender, report.info, blocks); });
  const auto read = rtp::SenderReport::parse(again.packet());
  check(read && read->sender == report.sender && read->info == report.info && all(read->blocks) == blocks);
}

void rewrite(const rtp::ReceiverReport& report) {
  const auto blocks = all(report.blocks);
  check(blocks.size() <= rtp::kMaxReportBlocks);
  const Rewritten again([&](auto& writer) { return write_receiver_report(writer, report.sender, blocks); });
  const auto read = rtp::ReceiverReport::parse(again.packet());
  check(read && read->sender == report.sender && all(read->blocks) == blocks);
}

void rewrite(const rtp::Bye& bye) {
  std::vector<rtp::Ssrc> ssrcs;
  for (std::size_t i = 0; i < bye.size(); ++i) ssrcs.push_back(bye.ssrc(i));
  const Rewritten again([&](auto& writer) { return write_bye(writer, ssrcs, bye.reason); });
  const auto read = rtp::Bye::parse(again.packet());
  check(read && read->reason == bye.reason && read->size() == ssrcs.size());
  for (std::size_t i = 0; i < ssrcs.size(); ++i) check(read->ssrc(i) == ssrcs[i]);
}

// As many of the arrivals as one packet holds are reported anew.
void rewrite(rtp::TransportFeedback feedback) {
  // Far from zero, so that no time is negative; a whole turn of the reference time, so that it stays the same.
  constexpr Duration kOrigin = rtp::TransportFeedback::kReferenceTick * (std::int64_t{1} << 24);
  std::vector<rtp::TransportFeedback::Arrival> arrivals;
  rtp::TransportFeedbackBuilder builder;
  for (auto arrival = feedback.next(); arrival; arrival = feedback.next()) {
    if (arrivals.empty()) builder.start(arrival->sequence_number, kOrigin + arrival->time, 1);
    if (!builder.add(arrival->sequence_number, kOrigin + arrival->time)) break;
    arrivals.push_back(*arrival);
  }
  if (arrivals.empty()) return;
  const Rewritten again([&](auto& writer) { return builder.write(writer, feedback.sender, feedback.media); });
  auto read = rtp::TransportFeedback::parse(again.packet());
  check(read && read->sender == feedback.sender && read->media == feedback.media);
  std::optional<Duration> shift;  // of the clock, whose origin is unknown
  for (const auto& expected : arrivals) {
    const auto arrival = read->next();
    check(arrival && arrival->sequence_number == expected.sequence_number);
    if (!shift) shift = arrival->time - expected.time;
    check(arrival->time - expected.time == *shift);
  }
  check(!read->next());
}

// Block by block, as far as one packet of ours goes.
void rewrite(rtp::CongestionFeedback feedback) {
  constexpr Timestamp kNow{std::chrono::hours{1}};
  rtp::CongestionFeedbackBuilder builder(4000);
  builder.start(kNow, rtp::NtpTime{std::uint64_t{feedback.timestamp} << 16});
  std::vector<rtp::CongestionFeedback::Arrival> said;
  const rtp::CongestionFeedback whole = feedback;
  bool room = true;
  while (const auto block = feedback.next()) {
    check(block->size() <= rtp::CongestionFeedback::kMaxReports);
    for (std::size_t i = 0; room && i < block->size(); ++i) {
      const auto arrival = (*block)[i];
      if (i == 0) room = builder.begin(block->media, block->begin);
      room = room && builder.add({arrival.received, arrival.ecn, kNow - arrival.before_report});
      if (room) said.push_back(arrival);
    }
  }
  if (said.empty()) return;
  const Rewritten again([&](auto& writer) { return builder.write(writer, whole.sender); });
  auto read = rtp::CongestionFeedback::parse(again.packet());
  check(read && read->sender == whole.sender && read->timestamp == whole.timestamp);
  std::size_t n = 0;
  while (const auto block = read->next()) {
    for (std::size_t i = 0; i < block->size(); ++i) check(n < said.size() && (*block)[i] == said[n++]);
  }
  check(n == said.size());
}

void read_reports(const rtp::RtcpPacket& packet) {
  if (const auto report = rtp::SenderReport::parse(packet)) rewrite(*report);
  if (const auto report = rtp::ReceiverReport::parse(packet)) rewrite(*report);
  rtp::SourceDescriptionReader descriptions(packet);
  drain(descriptions, 31);
  if (const auto bye = rtp::Bye::parse(packet)) rewrite(*bye);
  if (auto extended = rtp::ExtendedReport::parse(packet)) drain(*extended, packet.body.size());
}

void read_feedback(const rtp::RtcpPacket& packet, congestion::SentPacketHistory& history) {
  if (auto nack = rtp::Nack::parse(packet)) drain(*nack, packet.body.size() * 5);
  (void)rtp::PictureLossIndication::parse(packet);
  if (const auto fir = rtp::FullIntraRequest::parse(packet)) {
    for (std::size_t i = 0; i < fir->size(); ++i) (void)(*fir)[i];
  }
  (void)rtp::ReceiverEstimatedMaxBitrate::parse(packet);
  if (auto feedback = rtp::TransportFeedback::parse(packet)) {
    (void)history.handle_feedback(*feedback, Timestamp{std::chrono::seconds{1}});
    rewrite(*feedback);
    drain(*feedback, packet.body.size());
  }
  if (const auto by_streams = rtp::CongestionFeedback::parse(packet)) {
    const std::size_t results = history.handle_feedback(*by_streams, Timestamp{std::chrono::seconds{1}}).size();
    check(results <= packet.body.size() / 2);
    rewrite(*by_streams);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static congestion::SentPacketHistory history;
  if (history.packets_sent() == 0) {
    for (int i = 0; i < 70'000; ++i) {
      (void)history.add(1000, Timestamp{});
      if (i % 2 == 0)
        history.name_last({.ssrc = rtp::Ssrc(0x10), .sequence_number = static_cast<std::uint16_t>(i / 2)});
    }
  }
  rtp::RtcpReader reader({data, size});
  while (const auto packet = reader.next()) {
    read_reports(*packet);
    read_feedback(*packet, history);
  }
  return 0;
}
