#include "media/frame_assembler.h"

#include <algorithm>

#include "media/vp8.h"

namespace tidewire::media {

bool FrameAssembler::fill(Slot& slot, const rtp::PacketView& view) {
  slot.rtp_timestamp = view.header.timestamp;
  slot.marker = view.header.marker;
  slot.payload_size = 0;
  slot.starts_frame = slot.key_frame = false;
  slot.width = slot.height = 0;
  if (view.payload.empty()) return true;  // padding alone keeps its place in the order
  const std::optional<Vp8Descriptor> descriptor = Vp8Descriptor::parse(view.payload);
  if (!descriptor || descriptor->size >= view.payload.size()) return false;
  slot.payload_offset = static_cast<std::uint16_t>(view.header.size + descriptor->size);
  slot.payload_size = static_cast<std::uint16_t>(view.payload.size() - descriptor->size);
  slot.starts_frame = descriptor->starts_frame();
  if (!slot.starts_frame) return true;
  const auto header = Vp8FrameHeader::parse(view.payload.subspan(descriptor->size));
  if (!header) return false;
  slot.key_frame = header->key_frame;
  slot.width = header->width;
  slot.height = header->height;
  return true;
}

FrameAssembler::Insert FrameAssembler::insert(std::int64_t n, Packet packet, const rtp::PacketView& view,
                                              Timestamp now) {
  if (n < 0 || n < oldest_ || has(n)) return Insert::kUseless;
  Slot filled;
  if (!fill(filled, view)) return Insert::kMalformed;
  Insert result = Insert::kStored;
  if (highest_ >= 0 && n - oldest_ >= kCapacity) {
    if (next_) result = Insert::kOverflow;
    next_.reset();
    free_before(n - kCapacity + 1);
  }
  if (highest_ < 0) oldest_ = std::max<std::int64_t>(n - kCapacity / 2, oldest_);
  highest_ = std::max(highest_, n);
  filled.sequence_number = n;
  filled.packet = std::move(packet);
  filled.arrival = now;
  slot(n) = std::move(filled);
  if (slot(n).key_frame && (!next_ || n > *next_)) follow_key_frame(n);
  advance_all();
  return result;
}

void FrameAssembler::follow_key_frame(std::int64_t first) {
  // The oldest one makes place: a newer key frame is worth more.
  if (key_frame_count_ == kMaxKeyFrames) {
    std::move(key_frames_.begin() + 1, key_frames_.end(), key_frames_.begin());
    --key_frame_count_;
  }
  key_frames_[key_frame_count_++] = {first, first, false};
}

void FrameAssembler::advance(Run& run) {
  while (!run.complete && has(run.end)) {
    const Slot& here = slot(run.end);
    const Slot& start = slot(run.first);
    // The marker closes a frame; so does the next frame's beginning, should a marker be missing.
    if (run.end > run.first && (here.rtp_timestamp != start.rtp_timestamp || here.starts_frame)) {
      run.complete = true;
      return;
    }
    ++run.end;
    run.complete = here.marker;
  }
}

void FrameAssembler::skip_padding() {
  while (next_ && in_order_.end == *next_ && has(*next_) && slot(*next_).payload_size == 0) {
    const std::int64_t padding = (*next_)++;
    in_order_ = {*next_, *next_, false};
    free_before(padding + 1);
  }
}

void FrameAssembler::advance_all() {
  if (next_) {
    skip_padding();
    advance(in_order_);
    // A frame that begins in its middle: the order is broken, and only a key frame mends it.
    if (has(*next_) && !slot(*next_).starts_frame) next_.reset();
  }
  for (std::size_t i = 0; i < key_frame_count_; ++i) advance(key_frames_[i]);
}

FrameAssembler::Ready FrameAssembler::describe(const Run& run, bool skips) const {
  Ready ready{run.first, run.end - 1, slot(run.first).rtp_timestamp, slot(run.first).key_frame, {}, skips};
  for (std::int64_t n = run.first; n < run.end; ++n) {
    ready.complete_since = std::max(ready.complete_since, slot(n).arrival);
  }
  return ready;
}

std::optional<FrameAssembler::Ready> FrameAssembler::ready() const {
  if (next_ && in_order_.complete) return describe(in_order_, false);
  const Run* best = nullptr;
  for (std::size_t i = 0; i < key_frame_count_; ++i) {
    const Run& run = key_frames_[i];
    if (run.complete && (!best || run.first < best->first)) best = &run;
  }
  if (!best) return std::nullopt;
  return describe(*best, next_.has_value());
}

EncodedFrame FrameAssembler::take(const Ready& ready) {
  EncodedFrame frame;
  frame.codec = CodecType::kVp8;
  frame.rtp_timestamp = ready.rtp_timestamp;
  frame.key_frame = ready.key_frame;
  frame.width = slot(ready.first).width;
  frame.height = slot(ready.first).height;
  std::size_t size = 0;
  for (std::int64_t n = ready.first; n <= ready.last; ++n) size += slot(n).payload_size;
  frame.payload.reserve(size);
  for (std::int64_t n = ready.first; n <= ready.last; ++n) {
    const Slot& part = slot(n);
    const ByteView bytes = part.packet.bytes().subspan(part.payload_offset, part.payload_size);
    frame.payload.insert(frame.payload.end(), bytes.begin(), bytes.end());
  }
  if (ready.skips) {
    // At least one frame was given up, and each other one that showed its beginning.
    std::uint64_t abandoned = next_ && !has(*next_) ? 1 : 0;
    for (std::int64_t n = oldest_; n < ready.first; ++n) abandoned += has(n) && slot(n).starts_frame ? 1 : 0;
    frames_abandoned_ += abandoned;
  }
  free_before(ready.last + 1);
  next_ = ready.last + 1;
  in_order_ = {*next_, *next_, false};
  advance_all();
  return frame;
}

void FrameAssembler::free_before(std::int64_t end) {
  for (; oldest_ < end; ++oldest_) {
    if (!has(oldest_)) continue;
    slot(oldest_).packet = {};
    slot(oldest_).sequence_number = -1;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < key_frame_count_; ++i) {
    if (key_frames_[i].first >= end) key_frames_[kept++] = key_frames_[i];
  }
  key_frame_count_ = kept;
}

void FrameAssembler::reset() {
  for (Slot& slot : slots_) {
    if (slot.starts_frame && slot.sequence_number >= 0) ++frames_abandoned_;
    slot.packet = {};
    slot.sequence_number = -1;
  }
  next_.reset();
  in_order_ = {};
  key_frame_count_ = 0;
  oldest_ = 0;
  highest_ = -1;
}

}  // namespace tidewire::media
