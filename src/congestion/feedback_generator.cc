#include "congestion/feedback_generator.h"

#include <algorithm>

namespace tidewire::congestion {

void FeedbackGenerator::handle_packet(std::uint16_t transport_sequence_number, rtp::Ssrc media, Timestamp arrival) {
  // One window above zero, so that what was sent before the first packet to arrive has a number, too.
  const std::int64_t number = unwrapper_.unwrap(transport_sequence_number) + std::int64_t{kWindow};
  if (number <= newest_ - std::int64_t{kWindow} || number < 0 || find(number)) return;  // too old, or twice
  arrivals_[static_cast<std::size_t>(number) % kWindow] = {number, arrival};
  newest_ = std::max(newest_, number);
  media_ = media;
  // What comes late, after its loss was reported, is reported on again from there.
  first_unreported_ = std::min(first_unreported_.value_or(number), number);
  if (waiting_++ == 0) waiting_since_ = arrival;
  due_ = waiting_since_ + (waiting_ >= kBusy ? kBusyInterval : kInterval);
}

const FeedbackGenerator::Arrival* FeedbackGenerator::find(std::int64_t number) const {
  const Arrival& arrival = arrivals_[static_cast<std::size_t>(number) % kWindow];
  return arrival.number == number ? &arrival : nullptr;
}

bool FeedbackGenerator::write(rtp::RtcpWriter& writer, rtp::Ssrc sender, Timestamp now) {
  if (now < due_ || !first_unreported_) return false;
  std::int64_t number = std::max(*first_unreported_, newest_ - std::int64_t{kWindow} + 1);
  const Arrival* first = find(number);
  // After a jump of the numbers there is nothing of the old run left to begin with.
  while (!first && number < newest_) first = find(++number);
  const auto wire = [](std::int64_t n) { return static_cast<std::uint16_t>(n - std::int64_t{kWindow}); };
  // The report begins at the first number that was not reported on, also when that one did not arrive: else its
  // loss would never be told.
  const std::int64_t base = number - *first_unreported_ < std::int64_t{rtp::TransportFeedbackBuilder::kMaxStatuses}
                                ? *first_unreported_
                                : number;
  builder_.start(wire(base), first->time.time_since_epoch(), feedback_packet_count_);
  std::int64_t next = number;
  for (; number <= newest_; ++number) {
    const Arrival* arrival = find(number);
    if (!arrival) continue;
    if (!builder_.add(wire(number), arrival->time.time_since_epoch())) break;
    next = number + 1;
  }
  if (!builder_.write(writer, sender, media_)) return false;
  first_unreported_ = next;
  ++feedback_packet_count_;
  ++reports_written_;
  if (number > newest_) {
    first_unreported_ = newest_ + 1;
    waiting_ = 0;
    due_ = kNever;
  }
  return true;
}

}  // namespace tidewire::congestion
