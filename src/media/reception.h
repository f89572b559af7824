// What a receiver keeps about one source to tell packets from strays, and to report on it (RFC 3550 §6.4.1, §A.1,
// §A.3, §A.8).
#pragma once

#include <cstdint>
#include <optional>

#include "base/serial.h"
#include "rtp/header.h"
#include "rtp/rtcp_reports.h"
#include "tidewire/time.h"

namespace tidewire::media {

class Reception {
 public:
  // RFC 3550 §A.1 (there 3000 and 100; reordering of 100 is too little for retransmissions at high rates).
  static constexpr std::int64_t kMaxDropout = 3000;
  static constexpr std::int64_t kMaxMisorder = 2048;

  enum class Verdict {
    kAccepted,
    kStray,      // so far from the others that it is not believed yet
    kRestarted,  // the second in a row from there: the source began anew; this packet is its first
  };

  explicit Reception(std::uint32_t clock_rate) : clock_rate_(clock_rate) {}

  // The source goes on with another clock.
  void set_clock_rate(std::uint32_t clock_rate);
  // Whether others that were sent after it came before it.
  bool is_late(const rtp::Header& header) const;
  std::uint32_t clock_rate() const { return clock_rate_; }

  // Takes a packet into account. After kAccepted and kRestarted, sequence_number() is its number, unwrapped.
  Verdict handle_packet(const rtp::Header& header, Timestamp now);
  std::int64_t sequence_number() const { return sequence_number_; }
  // The same for a packet that was sent again in a stream of its own: RFC 4588 §6.3: it counts in that stream's
  // reports, not in these. False when it is far from the others.
  bool locate(std::uint16_t sequence_number);
  void handle_sender_report(const rtp::SenderInfo& info, Timestamp now);

  // The block for the next report, which starts a new interval. Nothing when no packet came since the last one:
  // RFC 3550 §6.4: reports are about who was heard.
  std::optional<rtp::ReportBlock> make_report_block(rtp::Ssrc ssrc, Timestamp now);

  std::uint64_t packets_received() const { return received_; }
  std::int64_t cumulative_lost() const;
  Duration jitter() const;

 private:
  void restart(const rtp::Header& header);
  void update_jitter(std::uint32_t timestamp, Timestamp now);
  std::int64_t expected() const { return received_ == 0 ? 0 : highest_ - first_ + 1; }

  std::uint32_t clock_rate_;
  std::uint64_t received_ = 0;
  std::int64_t first_ = 0;
  std::int64_t highest_ = 0;
  std::int64_t sequence_number_ = 0;
  std::optional<std::uint16_t> suspect_;  // the number that would confirm a restart
  std::int64_t expected_before_ = 0;
  std::uint64_t received_before_ = 0;
  std::optional<std::int64_t> transit_;  // of the last packet, in RTP ticks
  double jitter_ = 0;                    // in RTP ticks
  Unwrapper<std::uint32_t> timestamps_;
  std::uint32_t last_sender_report_ = 0;
  Timestamp last_sender_report_at_{};
};

}  // namespace tidewire::media
