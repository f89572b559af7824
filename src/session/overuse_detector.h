// Whether this machine can encode as much as it is asked to.
#pragma once

#include <optional>

#include "tidewire/encoder_load.h"
#include "tidewire/time.h"

namespace tidewire::session {

// Judges by the share of time that encoding takes, and by pictures that were left out because the encoder was still
// busy. Too much is seen within seconds; that there is room again takes longer, and longer still each time that this
// turned out to be wrong, so that pictures do not change back and forth.
class OveruseDetector {
 public:
  enum class Verdict { kNone, kOveruse, kUnderuse };

  // Shares of time, smoothed: what is left below the first is for what a key frame, or another picture, takes more. At
  // the second the next larger picture, of twice the pixels, fits.
  static constexpr double kOveruse = 0.85;
  static constexpr double kUnderuse = 0.45;
  static constexpr Duration kSmoothing = std::chrono::seconds{3};
  // Of the pictures; sources jitter, so that now and then two come at once.
  static constexpr double kManyDropped = 0.1;
  // Reports one after another that have to agree.
  static constexpr int kAgree = 3;
  // What is measured right after a change is of the time before, or of a new encoder's key frame.
  static constexpr Duration kSettling = std::chrono::seconds{2};
  // How long there has to be room; doubled each time that overuse follows within kSoon.
  static constexpr Duration kFirstBackOff = std::chrono::seconds{10};
  static constexpr Duration kLastBackOff = std::chrono::minutes{4};
  static constexpr Duration kSoon = std::chrono::minutes{1};

  // Each kOveruse wants less to be encoded, each kUnderuse allows a step more; the next comes after what changed
  // by it has settled.
  Verdict note(const EncoderLoad& load, Timestamp now);
  // Something else is encoded from now on, for another reason.
  void restart(Timestamp now);

  // The share of time; nothing while that is not known.
  std::optional<double> usage() const { return usage_; }
  bool idle() const { return idle_since_.has_value(); }
  Duration back_off() const { return back_off_; }

 private:
  void smooth(double usage, Duration elapsed);

  std::optional<double> usage_;
  int overused_ = 0;  // reports in a row
  std::optional<Timestamp> idle_since_;
  std::optional<Timestamp> settled_at_;
  std::optional<Timestamp> went_up_at_;
  Duration back_off_ = kFirstBackOff;
};

}  // namespace tidewire::session
