// The receiving end of transport-wide congestion control: remembers when each numbered packet arrived, and
// reports on it (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/serial.h"
#include "rtp/transport_feedback.h"
#include "rtp/types.h"
#include "tidewire/time.h"

namespace tidewire::congestion {

class FeedbackGenerator {
 public:
  // A report leaves this long after the first packet that it is about …
  static constexpr Duration kInterval = std::chrono::milliseconds{100};
  // … or this long, once kBusy packets wait to be reported on: at a high rate a sender learns faster, and the
  // feedback is still a small part of the traffic.
  static constexpr Duration kBusyInterval = std::chrono::milliseconds{50};
  static constexpr std::size_t kBusy = 20;
  // Arrivals remembered. Packets older than this many numbers are not reported on, or not again.
  static constexpr std::size_t kWindow = 2048;

  FeedbackGenerator() : arrivals_(kWindow) {}

  void handle_packet(std::uint16_t transport_sequence_number, rtp::Ssrc media, Timestamp arrival);

  // When write() will have something to say; kNever when no packet waits.
  Timestamp next_timeout() const { return due_; }
  // Adds the next report to `writer` when one is due. Call again until false: a long gap or a burst needs
  // several. Also false when the writer has no room; then the same report is written next time.
  bool write(rtp::RtcpWriter& writer, rtp::Ssrc sender, Timestamp now);

  std::uint64_t reports_written() const { return reports_written_; }

 private:
  struct Arrival {
    std::int64_t number = -1;
    Timestamp time{};
  };
  const Arrival* find(std::int64_t number) const;

  Unwrapper<std::uint16_t> unwrapper_;
  std::vector<Arrival> arrivals_;                 // a ring by number
  std::optional<std::int64_t> first_unreported_;  // where the next report begins
  std::int64_t newest_ = -1;
  std::size_t waiting_ = 0;
  Timestamp waiting_since_{};
  Timestamp due_ = kNever;
  rtp::Ssrc media_;
  rtp::TransportFeedbackBuilder builder_;
  std::uint8_t feedback_packet_count_ = 0;
  std::uint64_t reports_written_ = 0;
};

}  // namespace tidewire::congestion
