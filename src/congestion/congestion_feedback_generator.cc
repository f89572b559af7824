#include "congestion/congestion_feedback_generator.h"

#include <algorithm>

namespace tidewire::congestion {

CongestionFeedbackGenerator::Arrival* CongestionFeedbackGenerator::Stream::find(std::int64_t number) {
  Arrival& arrival = arrivals[static_cast<std::size_t>(number) % kWindow];
  return arrival.number == number ? &arrival : nullptr;
}

CongestionFeedbackGenerator::Stream& CongestionFeedbackGenerator::stream_of(rtp::Ssrc ssrc) {
  const auto known = std::ranges::find(streams_, ssrc, &Stream::ssrc);
  if (known != streams_.end()) return *known;
  if (streams_.size() < kMaxStreams) {
    Stream& stream = streams_.emplace_back();
    stream.ssrc = ssrc;
    stream.arrivals.resize(kWindow);
    return stream;
  }
  Stream& oldest = *std::ranges::min_element(streams_, {}, &Stream::last_arrival);
  std::vector<Arrival> arrivals = std::move(oldest.arrivals);
  std::ranges::fill(arrivals, Arrival{});
  oldest = {};
  oldest.ssrc = ssrc;
  oldest.arrivals = std::move(arrivals);
  return oldest;
}

void CongestionFeedbackGenerator::handle_packet(rtp::Ssrc ssrc, std::uint16_t sequence_number, Ecn ecn,
                                                Timestamp arrival) {
  Stream& stream = stream_of(ssrc);
  const bool first = stream.newest < 0;
  // One turn above zero, so that what was sent before the first packet to arrive has a number, too.
  const std::int64_t number = stream.unwrapper.unwrap(sequence_number) + 65'536;
  stream.last_arrival = arrival;
  if (number < 0 || (!first && number <= stream.newest - std::int64_t{kWindow})) return;  // too old
  if (Arrival* known = stream.find(number)) {
    // RFC 8888 §3.1: of copies the first one's time counts, and any one's mark.
    if (ecn == Ecn::kCe) known->ecn = Ecn::kCe;
    return;
  }
  stream.arrivals[static_cast<std::size_t>(number) % kWindow] = {number, arrival, ecn};
  if (first) stream.expected = number;
  stream.newest = std::max(stream.newest, number);
  // What comes late, after its loss was reported, is reported on again from there.
  stream.first_unreported = std::min({stream.first_unreported.value_or(number), stream.expected, number});
  if (waiting_++ == 0) waiting_since_ = arrival;
  due_ = waiting_since_ + (waiting_ >= kBusy ? kBusyInterval : kInterval);
}

// The report begins at the first number that was not reported on, also when that one did not arrive: else its loss
// would never be told.
std::int64_t CongestionFeedbackGenerator::Stream::first_to_report() {
  const std::int64_t oldest = newest - std::int64_t{kWindow} + 1;
  std::int64_t number = std::max(*first_unreported, oldest);
  while (!find(number)) ++number;  // the newest did arrive
  return *first_unreported >= oldest && number - *first_unreported <= kMaxGap ? *first_unreported : number;
}

std::optional<std::int64_t> CongestionFeedbackGenerator::add(Stream& stream) {
  std::int64_t number = stream.first_to_report();
  if (!builder_.begin(stream.ssrc, static_cast<std::uint16_t>(number))) return number;
  for (; number <= stream.newest; ++number) {
    const Arrival* arrival = stream.find(number);
    const bool added = arrival ? builder_.add({.received = true, .ecn = arrival->ecn, .time = arrival->time})
                               : builder_.add({.received = false});
    if (!added) return number;
  }
  return std::nullopt;
}

bool CongestionFeedbackGenerator::write(rtp::RtcpWriter& writer, rtp::Ssrc sender, Timestamp now, rtp::NtpTime ntp) {
  if (now < due_) return false;
  builder_.start(now, ntp);
  next_.clear();
  bool whole = true;
  for (Stream& stream : streams_) {
    next_.push_back(stream.first_unreported);
    if (!stream.first_unreported || !whole) continue;
    next_.back() = add(stream);
    whole = !next_.back();
  }
  if (!builder_.write(writer, sender)) return false;
  ++reports_written_;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Stream& stream = streams_[i];
    if (stream.first_unreported && next_[i] != stream.first_unreported) {
      stream.expected = next_[i].value_or(stream.newest + 1);
    }
    stream.first_unreported = next_[i];
  }
  if (whole) {
    waiting_ = 0;
    due_ = kNever;
  }
  return true;
}

}  // namespace tidewire::congestion
