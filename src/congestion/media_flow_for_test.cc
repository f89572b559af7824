#include "congestion/media_flow_for_test.h"

#include <algorithm>
#include <utility>

namespace tidewire::congestion::lab {

MediaFlow::MediaFlow(int endpoint, const FlowConfig& config, Bottleneck& there, Bottleneck& back, std::uint64_t seed)
    : endpoint_(endpoint),
      config_(config),
      there_(there),
      back_(back),
      random_(seed),
      controller_(make_controller(config.control, config.limits, Timestamp{config.start})),
      ring_(kRing),
      next_frame_(Timestamp{config.start}),
      next_audio_(next_frame_),
      release_(next_frame_),
      padding_release_(next_frame_) {
  estimate_ = controller_->estimate();
  // Flows do not capture in step.
  next_frame_ += Duration{static_cast<Duration::rep>(uniform(random_) * static_cast<double>(kFrameInterval.count()))};
}

Timestamp MediaFlow::receiver_time(Timestamp now) const {
  const auto elapsed = static_cast<double>((now - Timestamp{}).count());
  return now + std::chrono::hours{1} + Duration{static_cast<Duration::rep>(elapsed * config_.clock_drift)};
}

Timestamp MediaFlow::sender_time(Timestamp receivers) const {
  const auto elapsed = static_cast<double>((receivers - Timestamp{} - std::chrono::hours{1}).count());
  return Timestamp{Duration{static_cast<Duration::rep>(elapsed / (1 + config_.clock_drift)) + 1000}};
}

std::uint64_t MediaFlow::demand(Timestamp now) const {
  std::uint64_t bits_per_second = 0;
  for (const Demand& demand : config_.demand) {
    if (Timestamp{demand.at} <= now) bits_per_second = demand.bits_per_second;
  }
  return bits_per_second;
}

Timestamp MediaFlow::next_paced() const {
  if (!window_open()) return kNever;
  if (!probes_.empty()) return probes_.front().release;
  Timestamp next = estimate_.padding_bitrate > 0 ? std::max(padding_release_, release_) : kNever;
  if (!queue_.empty()) next = std::min(next, release_);
  return next;
}

Timestamp MediaFlow::next() const {
  const Timestamp feedback = generator_.next_timeout();
  const Timestamp report = feedback == kNever ? kNever : sender_time(feedback);
  const Timestamp own = std::min({next_frame_, next_audio_, next_paced(), controller_->next_timeout()});
  return std::max(std::min(own, report), Timestamp{config_.start});
}

void MediaFlow::step(Timestamp now) {
  if (now < Timestamp{config_.start}) return;
  if (now >= controller_->next_timeout()) {
    controller_->handle_timeout(now);
    poll_controller(now);
  }
  if (now >= next_audio_) {
    next_audio_ += kAudioInterval;
    if (demand(now) > 0) send(kAudioSize, 0, 0, now);
  }
  if (now >= next_frame_) {
    next_frame_ += kFrameInterval;
    make_frame(now);
  }
  send_paced(now);
  transmit_feedback(now);
}

// An encoder that follows the target: frames vary by ±30 %, what a large one overspends is saved within half a second,
// and a picture is left out while the pacer still has a tenth of a second to send.
void MediaFlow::make_frame(Timestamp now) {
  constexpr double kAudioRate = kAudioSize * 8 * 50;
  const double rate = static_cast<double>(std::min(estimate_.target_bitrate, demand(now))) - kAudioRate;
  if (rate < 20'000) return;
  if (time_for(queued_bytes_, estimate_.target_bitrate) > std::chrono::milliseconds{100}) {
    ++log_.frames_skipped;
    frame_debt_ = std::max(0.0, frame_debt_ - rate / 8 / 30);
    return;
  }
  const double mean = rate / 8 / 30;
  const double repaid = std::clamp(frame_debt_ / 15, -mean / 2, mean / 2);
  ++frame_;
  const double wanted = frame_ == 1 ? 4 * mean : (mean - repaid) * (0.7 + 0.6 * uniform(random_));
  frame_debt_ += wanted - mean;
  auto left = std::max<std::size_t>(static_cast<std::size_t>(wanted), 100);
  open_frames_.push_back({now});
  const std::size_t packets = (left + kVideoSize - 1) / kVideoSize;
  for (std::size_t i = packets; i > 0; --i) {
    const std::size_t size = left / i;
    left -= size;
    queued_bytes_ += size;
    queue_.push_back({size, frame_});
  }
}

void MediaFlow::send_paced(Timestamp now) {
  while (window_open()) {
    const bool probing = !probes_.empty();
    if (probing && probes_.front().release > now) return;
    if (!probing && release_ > now) return;
    if (queue_.empty() && !probing) {
      if (!send_padding(now)) return;
      continue;
    }
    Waiting packet{kVideoSize, 0};
    if (!queue_.empty()) {
      packet = queue_.front();
      queue_.pop_front();
      queued_bytes_ -= packet.size;
    } else {
      log_.padding_bytes += packet.size;
    }
    if (!probing) {
      send(packet.size, packet.frame, 0, now);
      continue;
    }
    ActiveProbe& probe = probes_.front();
    probe.release = std::max(probe.release, now) + time_for(packet.size, probe.cluster.bitrate);
    probe.bytes += packet.size;
    ++probe.packets;
    const int id = probe.cluster.id;
    if (probe.packets >= probe.cluster.min_packets && probe.bytes >= probe.cluster.min_bytes) probes_.pop_front();
    send(packet.size, packet.frame, id, now);
  }
}

// Everything that is sent counts against the padding's rate; at most a fifth of a second of it is made up for.
bool MediaFlow::send_padding(Timestamp now) {
  if (estimate_.padding_bitrate == 0 || padding_release_ > now) return false;
  // What a fifth of a frame interval may carry, so that padding does not stand in the way of media.
  const std::size_t size = std::clamp<std::size_t>(estimate_.padding_bitrate / 8 / 150, 200, kVideoSize);
  log_.padding_bytes += size;
  send(size, 0, 0, now);
  return true;
}

void MediaFlow::send(std::size_t size, int frame, int probe, Timestamp now) {
  release_ = std::max(release_, now) + time_for(size, estimate_.pacing_bitrate);
  if (estimate_.padding_bitrate > 0) {
    padding_release_ =
        std::max(padding_release_, now - std::chrono::milliseconds{200}) + time_for(size, estimate_.padding_bitrate);
  }
  const std::int64_t number = next_number_++;
  (void)history_.add(size, now);
  Sent& sent = ring_[static_cast<std::size_t>(number) % kRing];
  if (sent.in_flight) leave_flight(sent);
  sent = {number, static_cast<std::uint32_t>(size), probe, frame, true, false};
  in_flight_ += size;
  log_.sent.push_back(now);
  controller_->handle_sent({.number = number,
                            .size = size,
                            .sent = now,
                            .probe = probe,
                            .bytes_in_flight = in_flight_,
                            .application_limited = queue_.empty()});
  poll_controller(now);
  if (!there_.send({.endpoint = endpoint_,
                    .number = number,
                    .size = size + kHeaders,
                    .sent = now,
                    .extra_delay = config_.extra_delay},
                   now)) {
    log_.dropped.push_back(now);
  }
}

void MediaFlow::handle_arrival(const LabPacket& packet, Timestamp now) {
  log_.arrivals.push_back({now, packet.queued, static_cast<std::uint32_t>(packet.size)});
  generator_.handle_packet(static_cast<std::uint16_t>(packet.number), rtp::Ssrc(2), receiver_time(now));
  Sent& sent = ring_[static_cast<std::size_t>(packet.number) % kRing];
  if (sent.number != packet.number) return;
  sent.marked = packet.marked;  // which RFC 8888 would report
  if (sent.frame >= first_open_frame_) {
    FrameState& frame = open_frames_[static_cast<std::size_t>(sent.frame - first_open_frame_)];
    frame.delay = now - frame.captured;
  }
  while (!open_frames_.empty() && now - open_frames_.front().captured > std::chrono::seconds{2}) {
    if (open_frames_.front().delay > Duration{}) {
      log_.frames.push_back({open_frames_.front().captured, open_frames_.front().delay});
    }
    open_frames_.pop_front();
    ++first_open_frame_;
  }
}

void MediaFlow::transmit_feedback(Timestamp now) {
  for (;;) {
    LabPacket packet{.endpoint = endpoint_, .number = -1, .sent = now, .extra_delay = config_.extra_delay};
    packet.payload.resize(1200);
    rtp::RtcpWriter writer(packet.payload);
    if (!generator_.write(writer, rtp::Ssrc(1), receiver_time(now))) return;
    packet.payload.resize(writer.size());
    packet.size = writer.size() + kHeaders + 14;  // SRTCP
    log_.feedback_bytes += packet.size;
    if (config_.feedback_loss > 0 && uniform(random_) < config_.feedback_loss) continue;
    (void)back_.send(std::move(packet), now);
  }
}

void MediaFlow::handle_feedback(const LabPacket& packet, Timestamp now) {
  rtp::RtcpReader reader(packet.payload);
  const auto rtcp = reader.next();
  const auto feedback = rtcp ? rtp::TransportFeedback::parse(*rtcp) : std::nullopt;
  if (!feedback) return;
  const auto results = history_.handle_feedback(*feedback, now);
  results_.assign(results.begin(), results.end());
  std::int64_t newest = -1;
  for (PacketResult& result : results_) {
    newest = std::max(newest, result.number);
    Sent& sent = ring_[static_cast<std::size_t>(result.number) % kRing];
    if (sent.number != result.number) continue;
    result.probe = sent.probe;
    result.congested = sent.marked;
  }
  // What was sent before the newest that is reported on has left the network, or is reported on in a report that is
  // lost.
  for (; oldest_in_flight_ <= newest; ++oldest_in_flight_) {
    Sent& sent = ring_[static_cast<std::size_t>(oldest_in_flight_) % kRing];
    if (sent.number == oldest_in_flight_ && sent.in_flight) leave_flight(sent);
  }
  controller_->handle_feedback({.received = now, .results = results_, .bytes_in_flight = in_flight_});
  poll_controller(now);
  send_paced(now);
}

void MediaFlow::leave_flight(Sent& sent) {
  sent.in_flight = false;
  in_flight_ -= sent.size;
}

void MediaFlow::poll_controller(Timestamp now) {
  const Estimate before = estimate_;
  estimate_ = controller_->estimate();
  if (estimate_.target_bitrate != before.target_bitrate || log_.targets.empty()) {
    log_.targets.push_back({now, estimate_.target_bitrate});
  }
  // Padding that begins makes up for nothing that was before.
  if (before.padding_bitrate == 0) padding_release_ = now;
  // What waits to leave at a slow pace need not, once it is faster.
  if (estimate_.pacing_bitrate > before.pacing_bitrate && release_ > now) {
    const double share = static_cast<double>(before.pacing_bitrate) / static_cast<double>(estimate_.pacing_bitrate);
    release_ = now + Duration{static_cast<Duration::rep>(static_cast<double>((release_ - now).count()) * share)};
  }
  while (auto probe = controller_->poll_probe()) probes_.push_back({*probe, 0, 0, now});
}

}  // namespace tidewire::congestion::lab
