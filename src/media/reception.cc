#include "media/reception.h"

#include <algorithm>
#include <cmath>

namespace tidewire::media {

namespace {

// A point in time in RTP ticks, in parts so that it does not overflow in years.
std::int64_t to_ticks(Timestamp t, std::uint32_t clock_rate) {
  const std::int64_t nanoseconds = t.time_since_epoch().count();
  return nanoseconds / 1'000'000'000 * clock_rate + nanoseconds % 1'000'000'000 * clock_rate / 1'000'000'000;
}

}  // namespace

void Reception::restart(const rtp::Header& header) {
  received_ = 0;
  first_ = highest_ = header.sequence_number;
  suspect_.reset();
  expected_before_ = 0;
  received_before_ = 0;
  transit_.reset();
  timestamps_.reset();
}

void Reception::set_clock_rate(std::uint32_t clock_rate) {
  clock_rate_ = clock_rate;
  transit_.reset();
  jitter_ = 0;
  timestamps_.reset();
}

bool Reception::is_late(const rtp::Header& header) const {
  const std::int64_t distance = serial_distance(static_cast<std::uint16_t>(highest_), header.sequence_number);
  return received_ > 0 && distance < 0 && distance >= -kMaxMisorder;
}

Reception::Verdict Reception::handle_packet(const rtp::Header& header, Timestamp now) {
  Verdict verdict = Verdict::kAccepted;
  if (received_ == 0) {
    restart(header);
  } else {
    const std::int64_t distance = serial_distance(static_cast<std::uint16_t>(highest_), header.sequence_number);
    if (distance > kMaxDropout || distance < -kMaxMisorder) {
      // RFC 3550 §A.1: two packets in a row say that the source restarted, one says nothing.
      if (suspect_ != header.sequence_number) {
        suspect_ = static_cast<std::uint16_t>(header.sequence_number + 1);
        return Verdict::kStray;
      }
      restart(header);
      verdict = Verdict::kRestarted;
    }
  }
  sequence_number_ = highest_ + serial_distance(static_cast<std::uint16_t>(highest_), header.sequence_number);
  highest_ = std::max(highest_, sequence_number_);
  first_ = std::min(first_, sequence_number_);
  ++received_;
  update_jitter(header.timestamp, now);
  return verdict;
}

bool Reception::locate(std::uint16_t sequence_number) {
  const std::int64_t distance = serial_distance(static_cast<std::uint16_t>(highest_), sequence_number);
  if (received_ == 0 || distance > kMaxDropout || distance < -kMaxMisorder) return false;
  sequence_number_ = highest_ + distance;
  return true;
}

void Reception::update_jitter(std::uint32_t timestamp, Timestamp now) {
  // RFC 3550 §A.8
  const std::int64_t transit = to_ticks(now, clock_rate_) - timestamps_.unwrap(timestamp);
  if (transit_) {
    const std::int64_t difference = std::abs(transit - *transit_);
    // A step of more than 5 s is a jump of the source's clock, not of the network.
    if (difference < 5 * std::int64_t{clock_rate_}) jitter_ += (static_cast<double>(difference) - jitter_) / 16;
  }
  transit_ = transit;
}

void Reception::handle_sender_report(const rtp::SenderInfo& info, Timestamp now) {
  last_sender_report_ = info.ntp.compact();
  last_sender_report_at_ = now;
}

std::optional<rtp::ReportBlock> Reception::make_report_block(rtp::Ssrc ssrc, Timestamp now) {
  if (received_ == received_before_) return std::nullopt;
  const std::int64_t expected_interval = expected() - expected_before_;
  const std::int64_t received_interval = static_cast<std::int64_t>(received_ - received_before_);
  const std::int64_t lost_interval = expected_interval - received_interval;
  expected_before_ = expected();
  received_before_ = received_;
  rtp::ReportBlock block;
  block.ssrc = ssrc;
  // RFC 3550 §A.3; retransmissions and duplicates can make the loss negative, which counts as none
  if (expected_interval > 0 && lost_interval > 0) {
    block.fraction_lost =
        static_cast<std::uint8_t>(std::min<std::int64_t>(lost_interval * 256 / expected_interval, 255));
  }
  block.cumulative_lost = static_cast<std::int32_t>(std::clamp<std::int64_t>(cumulative_lost(), -0x800000, 0x7fffff));
  block.extended_highest_sequence_number = static_cast<std::uint32_t>(highest_);
  block.jitter = static_cast<std::uint32_t>(jitter_);
  block.last_sender_report = last_sender_report_;
  if (last_sender_report_ != 0)
    block.delay_since_last_sender_report = rtp::to_compact_ntp(now - last_sender_report_at_);
  return block;
}

std::int64_t Reception::cumulative_lost() const { return expected() - static_cast<std::int64_t>(received_); }

Duration Reception::jitter() const { return Duration{static_cast<std::int64_t>(jitter_ * 1e9 / clock_rate_)}; }

}  // namespace tidewire::media
