// The receiving end of congestion control by RFC 8888: remembers when each packet of each stream arrived and how it was
// marked, and reports on it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/serial.h"
#include "congestion/feedback_generator.h"
#include "rtp/congestion_feedback.h"
#include "rtp/types.h"
#include "tidewire/packet.h"
#include "tidewire/time.h"

namespace tidewire::congestion {

class CongestionFeedbackGenerator {
 public:
  // Reports leave as often as transport-wide ones: the controllers that read them are the same.
  static constexpr Duration kInterval = FeedbackGenerator::kInterval;
  static constexpr Duration kBusyInterval = FeedbackGenerator::kBusyInterval;
  static constexpr std::size_t kBusy = FeedbackGenerator::kBusy;
  // Streams of which arrivals are remembered; a new one takes the place of the one that was silent longest.
  static constexpr std::size_t kMaxStreams = 128;
  // Arrivals remembered of each. Packets older than this many numbers are not reported on, or not again.
  static constexpr std::size_t kWindow = 1024;
  // Losses in a row that are told; after a wider gap the source is taken to have begun anew.
  static constexpr std::int64_t kMaxGap = 400;
  // Of one feedback packet, well below any path's MTU.
  static constexpr std::size_t kMaxSize = 1000;

  void handle_packet(rtp::Ssrc ssrc, std::uint16_t sequence_number, Ecn ecn, Timestamp arrival);

  // When write() will have something to say; kNever when no packet waits.
  Timestamp next_timeout() const { return due_; }
  // Adds the next report to `writer` when one is due. Call again until false: many packets need several. Also false
  // when the writer has no room; then the same report is written next time. `ntp` is `now` as sender reports have it.
  bool write(rtp::RtcpWriter& writer, rtp::Ssrc sender, Timestamp now, rtp::NtpTime ntp);

  std::uint64_t reports_written() const { return reports_written_; }

 private:
  struct Arrival {
    std::int64_t number = -1;
    Timestamp time{};
    Ecn ecn = Ecn::kNotEct;
  };
  struct Stream {
    rtp::Ssrc ssrc;
    Unwrapper<std::uint16_t> unwrapper;
    std::vector<Arrival> arrivals;  // a ring by number
    std::int64_t newest = -1;
    std::optional<std::int64_t> first_unreported;  // where its next report begins; nothing waits: none
    std::int64_t expected = 0;                     // the number after the last one that was reported on
    Timestamp last_arrival{};

    Arrival* find(std::int64_t number);
    std::int64_t first_to_report();
  };

  Stream& stream_of(rtp::Ssrc ssrc);
  // Where the next report of the stream begins that was too long for this packet; nothing when all of it went in.
  std::optional<std::int64_t> add(Stream& stream);

  std::vector<Stream> streams_;
  std::size_t waiting_ = 0;
  Timestamp waiting_since_{};
  Timestamp due_ = kNever;
  rtp::CongestionFeedbackBuilder builder_{kMaxSize};
  std::vector<std::optional<std::int64_t>> next_;  // of each stream, should this report be written
  std::uint64_t reports_written_ = 0;
};

}  // namespace tidewire::congestion
