#include "media/frame_assembler.h"

#include <algorithm>

#include "media/payload/format.h"

namespace tidewire::media {

bool FrameAssembler::fill(Slot& slot, CodecType codec, const rtp::PacketView& view,
                          const rtp::DependencyDescriptor* descriptor) {
  slot.codec = codec;
  slot.rtp_timestamp = view.header.timestamp;
  slot.marker = view.header.marker;
  if (view.payload.empty()) return true;  // padding alone keeps its place in the order
  const std::optional<PayloadInfo> info = parse_payload(codec, view.payload);
  if (!info) return false;
  slot.payload_offset = static_cast<std::uint16_t>(view.header.size);
  slot.payload_size = static_cast<std::uint16_t>(view.payload.size());
  slot.may_begin = info->may_begin;
  slot.begins = info->begins;
  slot.decodable_from_here = info->decodable_from_here;
  slot.key_frame = info->key_frame;
  slot.picture = info->picture;
  slot.width = info->width;
  slot.height = info->height;
  slot.dependencies = PacketDependencies::from(*info, descriptor);
  return true;
}

// Whether a packet goes on with the frame of the one right before it.
bool FrameAssembler::same_frame(const Slot& before, const Slot& here) {
  if (before.rtp_timestamp != here.rtp_timestamp || before.codec != here.codec || here.begins) return false;
  // QUIRK: some H.264 senders mark parameter sets, too; what has no picture in it yet is no frame.
  return !(before.marker && before.picture);
}

// The first one of the packets without gap that go on to n in one frame.
std::int64_t FrameAssembler::frame_start(std::int64_t n) const {
  while (has(n - 1) && slot(n - 1).payload_size > 0 && same_frame(slot(n - 1), slot(n))) --n;
  return n;
}

// Whether a frame that can be decoded from there begins at n. What is not known is whether something of it came before
// and is lost; with nothing heard at all before it, it did not.
bool FrameAssembler::is_start(std::int64_t n) const {
  const Slot& here = slot(n);
  if (!here.may_begin) return false;
  if (here.begins || here.decodable_from_here || n <= first_inserted_) return true;
  return has(n - 1) && (slot(n - 1).payload_size == 0 || !same_frame(slot(n - 1), here));
}

FrameAssembler::Insert FrameAssembler::insert(std::int64_t n, CodecType codec, Packet packet,
                                              const rtp::PacketView& view, Timestamp now,
                                              const rtp::DependencyDescriptor* descriptor) {
  if (n < 0 || n < oldest_ || has(n)) return Insert::kUseless;
  Slot filled;
  if (!fill(filled, codec, view, descriptor)) return Insert::kMalformed;
  Insert result = Insert::kStored;
  if (highest_ >= 0 && n - oldest_ >= kCapacity) {
    if (next_) result = Insert::kOverflow;
    next_.reset();
    free_before(n - kCapacity + 1);
  }
  if (highest_ < 0) {
    oldest_ = std::max<std::int64_t>(n - kCapacity / 2, oldest_);
    first_inserted_ = n;
  }
  highest_ = std::max(highest_, n);
  filled.sequence_number = n;
  filled.packet = std::move(packet);
  filled.arrival = now;
  slot(n) = std::move(filled);
  slot(n).key_frame ? follow_key_frame(n) : extend_key_frames(n);
  advance_all();
  return result;
}

void FrameAssembler::follow_key_frame(std::int64_t n) {
  Run* const end = key_frames_.data() + key_frame_count_;
  const auto covers = [&](const Run& run) {
    return slot(run.first).rtp_timestamp == slot(n).rtp_timestamp && slot(run.first).codec == slot(n).codec;
  };
  Run* const known = std::find_if(key_frames_.data(), end, covers);
  if (known != end && known->first < n) return;
  const std::int64_t first = frame_start(n);
  if (next_ && first <= *next_) return;
  if (known != end) {
    *known = {first, first};
    return;
  }
  // The oldest one makes place: a newer key frame is worth more.
  if (key_frame_count_ == kMaxKeyFrames) {
    std::move(key_frames_.begin() + 1, key_frames_.end(), key_frames_.begin());
    --key_frame_count_;
  }
  key_frames_[key_frame_count_++] = {first, first};
}

// A packet right before a key frame that is known may be its beginning.
void FrameAssembler::extend_key_frames(std::int64_t n) {
  for (std::size_t i = 0; i < key_frame_count_; ++i) {
    Run& run = key_frames_[i];
    if (run.first != n + 1 || slot(n).payload_size == 0 || !same_frame(slot(n), slot(n + 1))) continue;
    const std::int64_t first = frame_start(n);
    if (next_ && first <= *next_) continue;
    run = {first, first};
  }
}

void FrameAssembler::advance(Run& run) const {
  while (!run.complete && has(run.end)) {
    const Slot& here = slot(run.end);
    // The marker closes a frame; so does the next frame's beginning, should a marker be missing.
    if (run.end > run.first && !same_frame(slot(run.end - 1), here)) {
      run.complete = true;
      return;
    }
    ++run.end;
    run.picture |= here.picture;
    // Of a VP9 picture, the lowest layer decides: others need it.
    run.key_frame |= here.key_frame && (here.codec != CodecType::kVp9 || run.end == run.first + 1);
    run.complete = here.marker && run.picture;
  }
}

void FrameAssembler::skip_padding() {
  while (next_ && in_order_.end == *next_ && has(*next_) && slot(*next_).payload_size == 0) {
    const std::int64_t padding = (*next_)++;
    in_order_ = {*next_, *next_};
    free_before(padding + 1);
  }
}

void FrameAssembler::advance_in_order() {
  skip_padding();
  advance(in_order_);
  // Once something was given up, all that needs it is.
  while (tracker_.skipped() && in_order_.complete && !in_order_.key_frame) {
    const PictureDependencies picture = dependencies(in_order_.first, in_order_.end);
    if (tracker_.has_all_for(picture)) return;
    // Nobody knows what it needs: only a key frame helps.
    if (!picture.known()) return next_.reset();
    tracker_.pass_over(picture);
    pass_over_in_order();
    skip_padding();
    advance(in_order_);
  }
}

void FrameAssembler::pass_over_in_order() {
  ++frames_abandoned_;
  next_ = in_order_.end;
  free_before(*next_);
  in_order_ = {*next_, *next_};
}

void FrameAssembler::advance_all() {
  if (next_) {
    advance_in_order();
  }
  if (next_) {
    // A frame that begins in its middle, or that needs frames of another codec: the order is broken, and only a key
    // frame mends it.
    const bool broken = has(*next_) && !slot(*next_).may_begin;
    const bool foreign = in_order_.complete && slot(*next_).codec != codec_ && !in_order_.key_frame;
    if (broken || foreign) next_.reset();
  }
  for (std::size_t i = 0; i < key_frame_count_; ++i) advance(key_frames_[i]);
}

bool FrameAssembler::key_frame_begun() const {
  return std::any_of(key_frames_.data(), key_frames_.data() + key_frame_count_,
                     [&](const Run& run) { return is_start(run.first); });
}

FrameAssembler::Ready FrameAssembler::describe(const Run& run, bool skips) const {
  Ready ready{run.first, run.end - 1, slot(run.first).rtp_timestamp, run.key_frame, {}, skips};
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
    if (!run.complete || !run.key_frame || !is_start(run.first)) continue;
    if (!best || run.first < best->first) best = &run;
  }
  if (!best) return std::nullopt;
  return describe(*best, next_.has_value());
}

PictureDependencies FrameAssembler::dependencies(std::int64_t first, std::int64_t end) const {
  PictureDependencies picture;
  for (std::int64_t n = first; n < end; ++n) {
    if (slot(n).payload_size > 0) picture.add(slot(n).dependencies);
  }
  return picture;
}

// Whether something begins at n that may be decoded. A descriptor tells of the upper layers of a picture what they
// need; if that is not what is missing, they will do.
bool FrameAssembler::may_follow_gap(std::int64_t n) const {
  if (!has(n) || slot(n).payload_size == 0) return false;
  return is_start(n) || (slot(n).may_begin && slot(n).dependencies.begins_layer);
}

std::optional<FrameAssembler::Ready> FrameAssembler::ready_skipping() const {
  if (!next_ || ready()) return std::nullopt;
  DependencyTracker behind_gap = tracker_;
  behind_gap.skip();
  for (std::int64_t n = in_order_.end + 1; n <= highest_;) {
    if (!may_follow_gap(n)) {
      ++n;
      continue;
    }
    Run run{n, n};
    advance(run);
    const bool usable = run.complete && slot(n).codec == codec_;
    if (usable && behind_gap.has_all_for(dependencies(run.first, run.end))) return describe(run, true);
    n = run.end;
  }
  return std::nullopt;
}

bool FrameAssembler::build(const Ready& ready, EncodedFrame& frame) const {
  std::size_t size = 0;
  for (std::int64_t n = ready.first; n <= ready.last; ++n) size += slot(n).payload_size;
  frame.payload.reserve(size + size / 16 + 32);  // some formats say a little more outside of RTP
  FrameBuilder builder(frame.codec);
  for (std::int64_t n = ready.first; n <= ready.last; ++n) {
    const Slot& part = slot(n);
    if (part.payload_size == 0) continue;
    if (!builder.add(part.packet.bytes().subspan(part.payload_offset, part.payload_size), frame.payload)) return false;
    // The largest of several layers.
    if (part.width > frame.width) {
      frame.width = part.width;
      frame.height = part.height;
    }
  }
  return builder.finish(frame.payload) && !frame.payload.empty();
}

// At least one frame was given up, and each other one that showed its beginning.
void FrameAssembler::count_abandoned(const Ready& ready) {
  if (next_ && !has(*next_)) ++frames_abandoned_;
  for (std::int64_t n = oldest_; n < ready.first; ++n) frames_abandoned_ += has(n) && is_start(n) ? 1 : 0;
}

std::optional<EncodedFrame> FrameAssembler::take(const Ready& ready) {
  EncodedFrame frame;
  frame.codec = slot(ready.first).codec;
  frame.rtp_timestamp = ready.rtp_timestamp;
  frame.key_frame = ready.key_frame;
  const bool built = build(ready, frame);
  if (ready.key_frame) {
    tracker_.restart();
  } else if (ready.skips) {
    tracker_.skip();
  }
  tracker_.add(dependencies(ready.first, ready.last + 1));
  if (ready.skips) count_abandoned(ready);
  if (!built) ++frames_abandoned_;
  free_before(ready.last + 1);
  next_ = ready.last + 1;
  codec_ = frame.codec;
  in_order_ = {*next_, *next_};
  if (!built) next_.reset();
  advance_all();
  return built ? std::optional(std::move(frame)) : std::nullopt;
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
  for (std::int64_t n = oldest_; n <= highest_; ++n) frames_abandoned_ += has(n) && is_start(n) ? 1 : 0;
  free_before(highest_ + 1);
  next_.reset();
  in_order_ = {};
  key_frame_count_ = 0;
  oldest_ = 0;
  highest_ = -1;
}

}  // namespace tidewire::media
