// Which frames can be decoded though others are missing: what packets tell about that, and what follows from it.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <span>

#include "media/payload/types.h"
#include "rtp/dependency_descriptor.h"

namespace tidewire::media {

// What one packet tells.
struct PacketDependencies {
  enum class Kind : std::uint8_t {
    kUnknown,
    kTemporalLayers,  // VP8, and VP9 in non-flexible mode: its temporal layer, and which picture of the lowest it needs
    kNumbers,         // VP9 in flexible mode, and the dependency descriptor: the numbers of all that it needs
  };

  Kind kind = Kind::kUnknown;
  std::uint8_t temporal_layer = 0;
  std::uint8_t tl0_picture_index = 0;
  bool layer_sync = false;    // see PayloadInfo
  bool switching_up = false;  // see PayloadInfo
  bool begins_layer = false;  // kNumbers: the first one of its frame, perhaps not of its picture
  std::uint16_t number = 0;
  std::uint16_t last_number = 0xffff;  // after which zero follows: 2^n - 1
  std::array<std::uint16_t, rtp::FrameDependencies::kMaxDistances> distances{};
  std::uint8_t distance_count = 0;

  // The descriptor, if there is one, knows more than the payload.
  static PacketDependencies from(const PayloadInfo& info, const rtp::DependencyDescriptor* descriptor);
};

// What the packets of one picture tell together.
class PictureDependencies {
 public:
  void add(const PacketDependencies& packet);
  // Every packet tells it in the same way.
  bool known() const { return any_ && known_; }

 private:
  friend class DependencyTracker;

  bool any_ = false;
  bool known_ = true;
  PacketDependencies first_;
  std::array<std::uint16_t, 8> own_{};  // the numbers of its frames, …
  std::size_t own_count_ = 0;
  std::array<std::uint16_t, 32> needed_{};  // … and those of others
  std::size_t needed_count_ = 0;
};

// What of a stream was decoded, since its last key frame.
class DependencyTracker {
 public:
  // How far back what a picture needs may lie.
  static constexpr std::size_t kHistory = 256;

  // A key frame: all that follows builds on it.
  void restart() { *this = {}; }
  // Pictures are missing from here on, nobody knows which.
  void skip();
  bool skipped() const { return skipped_; }

  // Whether everything is there that the picture depends on, for all that it tells.
  bool has_all_for(const PictureDependencies& picture) const;
  void add(const PictureDependencies& picture);
  // A picture that was passed over, for it could not be decoded.
  void pass_over(const PictureDependencies& picture);

 private:
  bool has_number(std::uint16_t number) const;
  void add_number(std::uint16_t number, std::uint16_t last_number);
  void add_layers(const PacketDependencies& picture);

  bool skipped_ = false;
  // kTemporalLayers: the last picture of the lowest layer, and in which layers something is missing: a bit for each.
  std::uint8_t tl0_picture_index_ = 0;
  std::uint8_t broken_layers_ = 0;
  // kNumbers: the highest one that was decoded, and for each one so far back whether it was, too.
  bool any_number_ = false;
  std::uint16_t highest_ = 0;
  std::uint16_t last_number_ = 0xffff;
  std::bitset<kHistory> decoded_;
};

}  // namespace tidewire::media
