// Whether pictures are too coarse, or finer than needs be, for the size that they have.
#pragma once

#include <cstdint>
#include <optional>

#include "tidewire/encoded_frame.h"
#include "tidewire/time.h"

namespace tidewire::session {

// The ladder knows what most pictures take. How coarsely an encoder had to quantise tells about these: much motion in
// little rate is better seen smaller, and what hardly moves may be larger. It corrects the ladder by one step at most.
class QualityScaler {
 public:
  // On the scale of EncodedFrame::quantizer: below the first a picture has more than it needs, above the second it
  // shows blocks. Those that libwebrtc's encoders ask for.
  struct Bounds {
    int low;
    int high;
  };
  static std::optional<Bounds> bounds(CodecType codec);

  // Means are taken over so long, of so many pictures at least.
  static constexpr Duration kWindow = std::chrono::seconds{2};
  static constexpr int kLeastPictures = 20;
  // What has just changed its size is coarse for a while.
  static constexpr Duration kSettling = std::chrono::seconds{1};
  // A larger picture is tried when so many means in a row are low …
  static constexpr int kLowMeans = 3;
  // … this long after a smaller one was needed at the earliest, and twice as long each time that this is soon again.
  static constexpr Duration kFirstBackOff = std::chrono::seconds{10};
  static constexpr Duration kLastBackOff = std::chrono::minutes{2};
  static constexpr Duration kSoon = std::chrono::seconds{30};

  // A picture was encoded. True when the correction is another from now on.
  bool note(CodecType codec, int quantizer, Timestamp now);
  // Pictures of another size come from now on.
  void restart(Timestamp now);

  // Steps of the ladder: -1, a size smaller than it says; 1, a size larger.
  int correction() const { return correction_; }

 private:
  bool judge(Bounds bounds, double mean, Timestamp now);

  int correction_ = 0;
  std::optional<CodecType> codec_;
  std::optional<Timestamp> began_at_;  // the present window
  std::int64_t sum_ = 0;
  int pictures_ = 0;
  int low_means_ = 0;
  std::optional<Timestamp> went_down_at_;
  std::optional<Timestamp> went_up_at_;
  Duration back_off_ = kFirstBackOff;
};

}  // namespace tidewire::session
