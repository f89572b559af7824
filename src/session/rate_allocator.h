// Shares out what the path carries between sound, pictures and data: sound is the last to suffer, pictures get what is
// left, and what would be too little for them pauses them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "session/video_ladder.h"
#include "tidewire/ids.h"
#include "tidewire/rtp_parameters.h"
#include "tidewire/send_encoding.h"
#include "tidewire/time.h"

namespace tidewire::session {

class RateAllocator {
 public:
  // What sound gets of what there is, as far as it asks for it: 64 kbit/s of a path that carries 1 Mbit/s, 32 of one
  // that carries 200 kbit/s.
  struct SoundStep {
    std::uint64_t available;
    std::uint64_t bitrate;
  };
  static constexpr std::array<SoundStep, 5> kSoundSteps{
      {{1'700'000, 128'000}, {1'200'000, 96'000}, {700'000, 64'000}, {450'000, 48'000}, {0, 32'000}}};
  // A higher step is reached when there is this much more.
  static constexpr double kSoundReachAbove = 1.08;
  // With less than this for kPauseAfter, or less than half of it for kPauseSoonAfter, pictures of a single encoding are
  // paused: while a queue is emptied there is less than half of what the path carries. With kResumeAbove they go on,
  // after kResumeAfter.
  static constexpr std::uint64_t kPauseBelow = 170'000;
  static constexpr Duration kPauseAfter = std::chrono::milliseconds{700};
  static constexpr Duration kPauseSoonAfter = std::chrono::milliseconds{80};
  static constexpr std::uint64_t kResumeAbove = 230'000;
  static constexpr Duration kResumeAfter = std::chrono::milliseconds{1000};
  // Of several encodings all but the smallest are sent when this part of what they ask for is left.
  static constexpr double kEnough = 0.5;
  // Pictures a second: what the ladder is made for; and where a balanced picture stops to slow down and shrinks.
  static constexpr double kFullFramerate = 30;
  static constexpr double kBalancedFramerate = 20;
  // What data may take while it waits and media is sent, of everything.
  static constexpr double kDataShare = 0.25;

  struct Budget {
    std::uint64_t bitrate = 0;  // RTP, headers included
    double repair_share = 0;    // of what pictures may have: retransmissions and FEC
    bool data_waits = false;
  };

  // What one transceiver would send on a perfect path, and what it is granted.
  struct Claim {
    TransceiverId transceiver;
    MediaKind kind{};
    const std::vector<SendEncoding>* asked = nullptr;
    std::vector<SendEncoding>* granted = nullptr;
    bool copies_sound = false;  // RFC 2198: each frame is sent twice
    DegradationPreference preference = DegradationPreference::kMaintainFramerate;
  };

  explicit RateAllocator(std::vector<VideoLadderStep> ladder = default_video_ladder()) : steps_(std::move(ladder)) {}

  void allocate(const Budget& budget, std::vector<Claim>& claims, Timestamp now);
  // What all of them would take on a perfect path, headers included.
  static std::uint64_t wanted(const std::vector<Claim>& claims);

 private:
  struct VideoState {
    bool paused = false;
    std::optional<Timestamp> too_little_since;
    std::optional<Timestamp> enough_since;
    std::vector<VideoLadder> ladders;
  };

  std::uint64_t sound_bitrate(std::uint64_t available);
  static std::uint64_t grant_sound(std::uint64_t bitrate, Claim& claim);
  void grant_pictures(std::uint64_t bitrate, Claim& claim, Timestamp now);
  void fit(SendEncoding& encoding, DegradationPreference preference, VideoLadder& ladder, Timestamp now);
  // How much each encoding gets; 0: it is paused.
  std::vector<std::uint64_t> split(std::uint64_t bitrate, const Claim& claim, VideoState& state, Timestamp now);
  bool pause(std::uint64_t bitrate, std::uint64_t asked, VideoState& state, Timestamp now);

  std::vector<VideoLadderStep> steps_;
  std::size_t sound_step_ = kSoundSteps.size() - 1;
  std::map<TransceiverId, VideoState> states_;
};

}  // namespace tidewire::session
