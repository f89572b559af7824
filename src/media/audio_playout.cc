// The playing half of an AudioReceiveStream: what each slot gets, and how long it takes.
#include <algorithm>

#include "media/audio_receive_stream.h"
#include "media/payload/opus.h"

namespace tidewire::media {

std::optional<AudioPlayout> AudioReceiveStream::poll_slot(Timestamp now) {
  if (!playing_ || now < due_) return std::nullopt;
  if (now - due_ > kMaxCatchUp) due_ = now;
  leave_out_excess();
  AudioPlayout slot = next_slot();
  due_ += slot.play_for;
  if (to_duration(waited_) >= kSilence) playing_ = false;
  return slot;
}

// A stall is over, and more came at once than can be caught up with; or the aim was set much lower.
void AudioReceiveStream::leave_out_excess() {
  std::optional<Duration> too_long = excess();
  if (!too_long || *too_long <= kFarTooLong) return;
  while (waiting_.size() > 1 && too_long > Duration::zero()) {
    last_sequence_ = waiting_.pop().sequence_number;
    ++stats_.packets_discarded;
    next_ = waiting_.front().timestamp;
    waited_ = 0;
    too_long = excess();
  }
}

AudioPlayout AudioReceiveStream::next_slot() {
  if (waiting_.empty()) return wait();
  WaitingAudio& next = waiting_.front();
  const bool silence = last_sequence_ && next.sequence_number == *last_sequence_ + 1;
  if (waited_ > 0) samples_.settle(stats_, silence && next.timestamp > next_ + to_ticks(kHole));
  // What was concealed while the clock waited fills the hole, or a part of it.
  std::int64_t hole = next.timestamp - next_;
  const std::int64_t filled = std::clamp<std::int64_t>(hole, 0, std::exchange(waited_, 0));
  next_ += filled;
  hole -= filled;
  return hole < to_ticks(kHole) ? play() : fill_hole(next, hole);
}

// Nothing is there. The clock stays where it is, for what should be here may still come.
AudioPlayout AudioReceiveStream::wait() {
  const std::int64_t ticks = to_ticks(kConcealed);
  waited_ += ticks;
  samples_.unsettled(stats_, kConcealed);
  return conceal(ticks);
}

AudioPlayout AudioReceiveStream::conceal(std::int64_t ticks) const {
  const Duration duration = to_duration(ticks);
  return {.duration = duration, .play_for = duration, .due = due_};
}

// There is a hole before the next frame, for want of packets or because nothing was to be sent.
AudioPlayout AudioReceiveStream::fill_hole(WaitingAudio& next, std::int64_t hole) {
  const bool silence = last_sequence_ && next.sequence_number == *last_sequence_ + 1;
  const bool useless = silence || last_is_celt_ || next.redundancy > hole;
  const std::int64_t redundancy = useless ? 0 : next.redundancy;
  if (redundancy > 0 && hole - redundancy < to_ticks(kHole)) return recover(next, hole);
  // Nobody hears that a hole is shorter or longer than it was. Of a loss, only what is far too long is left out: the
  // decoder's sound breaks off there.
  const Duration too_long = excess().value_or(Duration::zero());
  if (too_long > (silence ? Duration::zero() : kTooLong) && redundancy == 0) {
    const std::int64_t left_out = std::min(hole, to_ticks(too_long));
    next_ += left_out;
    hole -= left_out;
    if (hole < to_ticks(kHole)) return play();
  }
  const std::int64_t ticks = std::min(hole - redundancy, to_ticks(kConcealed));
  if (!silence || too_long >= -kTooShort) next_ += ticks;
  AudioPlayout slot = conceal(ticks);
  silence ? samples_.silent(stats_, slot.duration) : samples_.concealed(stats_, slot.duration);
  return slot;
}

AudioPlayout AudioReceiveStream::recover(WaitingAudio& next, std::int64_t hole) {
  AudioPlayout slot = conceal(hole);
  slot.next = encoded(next.timestamp, next.payload, due_ + slot.duration);
  next.redundancy_used = true;
  next_ = next.timestamp;
  samples_.recovered(stats_, slot.duration);
  return slot;
}

EncodedFrame AudioReceiveStream::encoded(std::int64_t timestamp, Bytes payload, Timestamp due) const {
  return {.codec = codec_,
          .payload = std::move(payload),
          .rtp_timestamp = static_cast<std::uint32_t>(timestamp),
          .key_frame = true,
          .timestamp = due};
}

AudioPlayout AudioReceiveStream::play() {
  const Duration change = change_of_pace(to_duration(waiting_.front().duration));
  WaitingAudio frame = waiting_.pop();
  const Duration duration = to_duration(frame.duration);
  AudioPlayout slot{.duration = duration, .play_for = duration + change, .due = due_};
  samples_.played(stats_, duration, slot.play_for, {due_ - frame.arrival, target_delay(), network_delay()});
  if (frame.redundancy > 0 && !frame.redundancy_used) ++stats_.fec_packets_discarded;
  ++stats_.frames_received;
  if (!stats_.first_frame_received_timestamp) stats_.first_frame_received_timestamp = frame.arrival;
  next_ = frame.timestamp + frame.duration;
  last_duration_ = frame.duration;
  last_sequence_ = frame.sequence_number;
  last_is_celt_ = codec_ == CodecType::kOpus && opus_is_celt(frame.payload);
  slot.frame = encoded(frame.timestamp, std::move(frame.payload), due_);
  return slot;
}

// By how much longer than `duration` the next frame is to be played.
Duration AudioReceiveStream::change_of_pace(Duration duration) {
  const std::optional<Duration> too_long = excess();
  if (!too_long) return Duration::zero();
  if (*too_long > kTooLong) pace_ = Pace::kFaster;
  if (*too_long < -kTooShort) pace_ = Pace::kSlower;
  const bool reached = pace_ == Pace::kFaster ? *too_long <= Duration::zero() : *too_long >= Duration::zero();
  if (reached) pace_ = Pace::kEven;
  if (pace_ == Pace::kEven) return Duration::zero();
  // What is played faster must not be the last that is there.
  if (pace_ == Pace::kFaster && waiting_.size() < 2) return Duration::zero();
  return -std::clamp(*too_long, -duration / kMaxChange, duration / kMaxChange);
}

}  // namespace tidewire::media
