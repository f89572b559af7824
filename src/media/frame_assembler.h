// Puts the packets of a picture stream together to frames, and hands them out in an order in which each can be decoded:
// one after the other, or from a key frame on. The codec may change from packet to packet; frames never mix.
//
// Where a frame ends is told by the marker and by the RTP timestamp alike: RFC 6184 §5.1 asks receivers not to rely on
// the marker. Where it begins follows from the packet before; formats whose payloads tell it spare the waiting.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/packet.h"
#include "media/frame_dependencies.h"
#include "rtp/header.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/time.h"

namespace tidewire::media {

class FrameAssembler {
 public:
  // Packets held at most: 2.4 MB, a second at 20 Mbit/s.
  static constexpr std::int64_t kCapacity = 2048;
  // Key frames that are followed at once while something before them is missing.
  static constexpr std::size_t kMaxKeyFrames = 4;

  enum class Insert {
    kStored,
    kUseless,    // twice, or of a frame that is gone
    kMalformed,  // no payload of the codec
    kOverflow,   // stored, but frames before it had to go: wait for a key frame
  };

  // A frame that is complete and may be decoded next.
  struct Ready {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::uint32_t rtp_timestamp = 0;
    bool key_frame = false;
    Timestamp complete_since{};  // when its last packet came
    bool skips = false;          // frames before it are given up
  };

  FrameAssembler() : slots_(static_cast<std::size_t>(kCapacity)) {}

  // `descriptor` is what the packet's header extension told, or null.
  Insert insert(std::int64_t sequence_number, CodecType codec, Packet packet, const rtp::PacketView& view,
                Timestamp now, const rtp::DependencyDescriptor* descriptor = nullptr);
  // The same until something is inserted or taken.
  std::optional<Ready> ready() const;
  // For when waiting for what is missing is over: the first frame behind it that provably does not need it, which is
  // taken like any other. From then on, until a key frame comes, what needs something that is missing is left out.
  // Nothing when there is no such frame, or when ready() tells one.
  std::optional<Ready> ready_skipping() const;
  // Takes out the frame that ready() or ready_skipping() tells, and forgets everything up to its end. Nothing when its
  // packets contradict one another: then only a key frame helps.
  std::optional<EncodedFrame> take(const Ready& ready);
  // Forgets everything, and waits for a key frame.
  void reset();

  // No frame was taken since the beginning, or since the thread was lost: only a key frame helps.
  bool needs_key_frame() const { return !next_; }
  // Packets are there that no frame can be made of as long as others are missing.
  bool blocked() const { return next_ && highest_ >= *next_ && !in_order_.complete; }
  // A key frame is on its way that may be taken once it is complete.
  bool key_frame_begun() const;
  // Nothing before this number is of use any more.
  std::int64_t oldest() const { return oldest_; }
  std::uint64_t frames_abandoned() const { return frames_abandoned_; }

 private:
  struct Slot {
    std::int64_t sequence_number = -1;
    Packet packet;
    std::uint32_t rtp_timestamp = 0;
    std::uint16_t payload_offset = 0;
    std::uint16_t payload_size = 0;  // 0: padding alone
    CodecType codec = CodecType::kVp8;
    // See PayloadInfo.
    bool may_begin = false;
    bool begins = false;
    bool decodable_from_here = false;
    bool key_frame = false;
    bool picture = false;
    bool marker = false;
    int width = 0;
    int height = 0;
    Timestamp arrival{};
    PacketDependencies dependencies;
  };
  // Packets of one frame without gap: [first, end).
  struct Run {
    std::int64_t first = 0;
    std::int64_t end = 0;
    bool complete = false;
    bool picture = false;
    bool key_frame = false;
  };

  Slot& slot(std::int64_t n) { return slots_[static_cast<std::size_t>(n & (kCapacity - 1))]; }
  const Slot& slot(std::int64_t n) const { return slots_[static_cast<std::size_t>(n & (kCapacity - 1))]; }
  bool has(std::int64_t n) const { return n >= 0 && slot(n).sequence_number == n; }
  static bool fill(Slot& slot, CodecType codec, const rtp::PacketView& view,
                   const rtp::DependencyDescriptor* descriptor);
  static bool same_frame(const Slot& before, const Slot& here);
  std::int64_t frame_start(std::int64_t n) const;
  bool is_start(std::int64_t n) const;
  void follow_key_frame(std::int64_t n);
  void extend_key_frames(std::int64_t n);
  void advance(Run& run) const;
  void advance_all();
  void advance_in_order();
  bool may_follow_gap(std::int64_t n) const;
  PictureDependencies dependencies(std::int64_t first, std::int64_t end) const;
  void pass_over_in_order();
  void skip_padding();
  void free_before(std::int64_t end);
  Ready describe(const Run& run, bool skips) const;
  bool build(const Ready& ready, EncodedFrame& frame) const;
  void count_abandoned(const Ready& ready);

  std::vector<Slot> slots_;
  std::optional<std::int64_t> next_;   // where the frame begins that follows the one taken last
  CodecType codec_ = CodecType::kVp8;  // of the one taken last
  Run in_order_;                       // from next_ on
  DependencyTracker tracker_;          // of the frames taken
  // Frames with a key frame's packets in them, from the first one known on; ascending in age of their discovery.
  std::array<Run, kMaxKeyFrames> key_frames_{};
  std::size_t key_frame_count_ = 0;
  std::int64_t oldest_ = 0;          // no slot in use lies before
  std::int64_t first_inserted_ = 0;  // since the last reset
  std::int64_t highest_ = -1;
  std::uint64_t frames_abandoned_ = 0;
};

}  // namespace tidewire::media
