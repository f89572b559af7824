// A key frame makes what lies before it worthless, once it arrives: when the path has become slow, what would hold it
// up is left out.
#include "media/send_stream.h"

#include <chrono>
#include <cstdint>

namespace tidewire::media {
namespace {

// No longer does any number that is remembered lie before it.
constexpr std::uint16_t kLongAgo = 4 * PacketHistory::kCapacity;

// So few are always made: of a small picture beside larger ones, they take no time at the pace of all.
constexpr std::size_t kFewRepairs = 4;

bool is_before(std::uint16_t number, std::uint16_t other) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(number - other)) < 0;
}

}  // namespace

// What the stream may send in that time; without a rate there is no bound.
std::size_t SendStream::bytes_in(Duration time) const {
  if (paused_) return 0;
  if (config_.target_bitrate == 0) return SIZE_MAX;
  const double seconds = std::chrono::duration<double>(time).count();
  return static_cast<std::size_t>(static_cast<double>(config_.target_bitrate) / 8 * seconds);
}

// Before a key frame is packed.
void SendStream::make_way() {
  const std::size_t waits = queued_bytes_ + resend_queue_.size() * config_.max_packet_size;
  if (waits > bytes_in(kRepairsBeforeKeyFrame)) return drop_all_that_waits();
  key_frame_at_ = next_sequence_number_;
  repaired_before_key_frame_ = 0;
}

// Also when there are to be no pictures: those that wait would come late and one by one. A key frame ends that, too.
void SendStream::drop_all_that_waits() {
  resend_queue_.clear();
  drop_waiting_frames();
  key_frame_at_ = next_sequence_number_;
  repaired_before_key_frame_ = 0;
}

// Those of which nothing has left. Their numbers are given to what comes instead, so that nobody misses them.
void SendStream::drop_waiting_frames() {
  bool whole = false;
  for (std::size_t left = queue_.size(); left > 0; --left) {
    Queued queued = *queue_.pop();
    if (queued.first) {
      whole = true;
      ++stats_.frames_dropped;
    }
    if (!whole) {
      (void)queue_.push(std::move(queued));  // it was there before
      continue;
    }
    queued_bytes_ -= queued.packet.size();
    --next_sequence_number_;
  }
}

// Whether to send it once more. To be asked once for each time.
bool SendStream::is_worth_repair(const PacketHistory::Entry& entry, Timestamp now) {
  if (stats_.kind != MediaKind::kVideo) return true;
  if (key_frame_at_ && static_cast<std::uint16_t>(next_sequence_number_ - *key_frame_at_) > kLongAgo) {
    key_frame_at_.reset();
  }
  if (key_frame_at_ && is_before(entry.sequence_number, *key_frame_at_)) {
    repaired_before_key_frame_ += entry.packet.size();
    return repaired_before_key_frame_ <= bytes_in(kRepairsBeforeKeyFrame);
  }
  if (resend_queue_.size() < kFewRepairs && !paused_) return true;
  if ((resend_queue_.size() + 1) * config_.max_packet_size <= bytes_in(kMostRepairs)) return true;
  need_key_frame(now);
  return false;
}

}  // namespace tidewire::media
