#include "congestion/send_control.h"

#include <algorithm>
#include <utility>

namespace tidewire::congestion {

// What padding may make up for at once …
constexpr Duration kPaddingBurst = std::chrono::milliseconds{20};
// … and how long it may have to wait for what others sent beyond its rate. Without an end, a second of repairs on a
// slow path would keep padding from noticing for many seconds that the path is fast again.
constexpr Duration kPaddingDebt = std::chrono::milliseconds{250};

void SendControl::start(Timestamp now) {
  if (controller_) return;
  controller_ = make_controller(kind_, limits_, now);
  after_input(now);
}

void SendControl::set_wanted(std::uint64_t bits_per_second, Timestamp now) {
  if (limits_.wanted == bits_per_second) return;
  limits_.wanted = bits_per_second;
  if (controller_) controller_->set_limits(limits_, now);
  after_input(now);
}

void SendControl::set_media_bitrate(std::uint64_t bits_per_second) {
  media_bitrate_ = bits_per_second;
  update_free_pace();
}

void SendControl::set_waiting(std::size_t bytes) {
  waiting_ = bytes;
  update_free_pace();
}

void SendControl::update_free_pace() {
  if (controller_) return;
  const auto pace = static_cast<std::uint64_t>(kPacingFactor * static_cast<double>(media_bitrate_));
  pacer_.set_rate(std::max<std::uint64_t>(pace, waiting_ * 8 * std::chrono::seconds{1} / kMaxQueueTime));
}

void SendControl::set_filling(bool on, Timestamp now) {
  if (std::exchange(filling_, on) != on) padding_due_ = now;
}

std::uint64_t SendControl::padding_bitrate() const {
  return std::max(estimate_.padding_bitrate, filling_ ? estimate_.target_bitrate : 0);
}

void SendControl::path_changed(Timestamp now) {
  if (controller_) controller_->path_changed(now);
  ecn_.path_changed(history_.marks());
  after_input(now);
}

void SendControl::after_input(Timestamp now) {
  if (!controller_) return;
  estimate_ = reported_loss_.active() ? reported_loss_.estimate(limits_) : controller_->estimate();
  pacer_.set_rate(estimate_.pacing_bitrate);
  if (pacer_.probe() == 0) {
    if (const auto probe = controller_->poll_probe()) pacer_.begin(*probe);
  }
  if (remb_ && now - remb_at_ > kRembLifetime) remb_.reset();
}

Timestamp SendControl::next_paced() const {
  if (controller_ && history_.bytes_in_flight() >= estimate_.congestion_window) return kNever;
  return pacer_.next();
}

Timestamp SendControl::next_padding() const {
  if (!controller_) return kNever;
  if (pacer_.probe() != 0) return std::max(next_paced(), padding_from_);
  if (padding_bitrate() == 0) return kNever;
  return std::max({next_paced(), padding_from_, padding_due_});
}

std::uint16_t SendControl::handle_sent(std::size_t size, bool more_waits, Timestamp now) {
  const int probe = pacer_.probe();
  pacer_.spend(size, now);
  if (const std::uint64_t rate = padding_bitrate(); rate > 0) {
    padding_due_ =
        std::min(std::max(padding_due_, now - kPaddingBurst) + transmission_time(size, rate), now + kPaddingDebt);
  }
  const std::uint16_t number = history_.add(size, probe, now);
  if (controller_) {
    reported_loss_.handle_sent(now);
    controller_->handle_sent({.number = static_cast<std::int64_t>(history_.packets_sent()) - 1,
                              .size = size,
                              .sent = now,
                              .probe = probe,
                              .bytes_in_flight = history_.bytes_in_flight(),
                              .application_limited = !more_waits});
    after_input(now);
  }
  return number;
}

void SendControl::handle_other_sent(std::size_t size, Timestamp now) { pacer_.spend(size, now); }

void SendControl::handle_feedback(const rtp::TransportFeedback& feedback, Timestamp now) {
  take_results(history_.handle_feedback(feedback, now), now);
}

void SendControl::handle_feedback(const rtp::CongestionFeedback& feedback, Timestamp now) {
  const auto results = history_.handle_feedback(feedback, now);
  ecn_.handle(history_.marks());
  take_results(results, now);
}

void SendControl::take_results(std::span<const PacketResult> results, Timestamp now) {
  if (!controller_) return;
  if (!results.empty()) reported_loss_.handle_feedback();
  controller_->handle_feedback({now, results, history_.bytes_in_flight()});
  after_input(now);
}

void SendControl::handle_reported_loss(double fraction, Timestamp now) {
  if (!controller_) return;
  reported_loss_.handle_report(fraction, limits_, now);
  after_input(now);
}

void SendControl::handle_remb(std::uint64_t bits_per_second, Timestamp now) {
  remb_ = bits_per_second;
  remb_at_ = now;
}

void SendControl::handle_timeout(Timestamp now) {
  if (!controller_ || controller_->next_timeout() > now) return;
  controller_->handle_timeout(now);
  after_input(now);
}

Timestamp SendControl::next_timeout() const { return controller_ ? controller_->next_timeout() : kNever; }

std::optional<std::uint64_t> SendControl::target_bitrate() const {
  if (!controller_) return std::nullopt;
  const std::uint64_t target = std::min(estimate_.target_bitrate, limits_.max);
  return remb_ ? std::max(std::min(target, *remb_), limits_.min) : target;
}

}  // namespace tidewire::congestion
