// An RTCP compound through the reader and every parser, to its end.
#include <cstdint>
#include <cstdlib>

#include "congestion/sent_packet_history.h"
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

void read_reports(const rtp::RtcpPacket& packet) {
  if (const auto report = rtp::SenderReport::parse(packet)) {
    for (std::size_t i = 0; i < report->blocks.size(); ++i) (void)report->blocks[i];
  }
  if (const auto report = rtp::ReceiverReport::parse(packet)) {
    for (std::size_t i = 0; i < report->blocks.size(); ++i) (void)report->blocks[i];
  }
  rtp::SourceDescriptionReader descriptions(packet);
  drain(descriptions, 31);
  if (const auto bye = rtp::Bye::parse(packet)) {
    for (std::size_t i = 0; i < bye->size(); ++i) (void)bye->ssrc(i);
  }
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
    drain(*feedback, packet.body.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static congestion::SentPacketHistory history;
  if (history.packets_sent() == 0) {
    for (int i = 0; i < 70'000; ++i) (void)history.add(1000, Timestamp{});
  }
  rtp::RtcpReader reader({data, size});
  while (const auto packet = reader.next()) {
    read_reports(*packet);
    read_feedback(*packet, history);
  }
  return 0;
}
