// Keeps account of what limits the quality of one stream of pictures, and says it in a sentence.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidewire/quality_limitation.h"
#include "tidewire/send_encoding.h"
#include "tidewire/time.h"

namespace tidewire::session {

class QualityLimitation {
 public:
  // Pictures are sent from now on, in full quality until something else is heard. Nothing happens the second time.
  void begin(Timestamp now);
  // What is sent of what was asked for, and whether this machine (rather than the path) sets its size or frame rate.
  // True when people should hear of it: pictures pause or go on, have another size, or another reason for it.
  bool update(const SendEncoding& asked, const SendEncoding& granted, bool by_machine, Timestamp now);

  QualityLimitationReason reason() const { return reason_; }
  bool paused() const { return paused_; }
  QualityLimitationDurations durations(Timestamp now) const;
  std::uint32_t resolution_changes() const { return resolution_changes_; }
  // "video paused: the network gives 190 kbit/s", "video up to 480p: this machine cannot encode more". The bitrate is 0
  // where it is not known.
  std::string describe(std::uint64_t available_bitrate) const;

 private:
  void add(QualityLimitationDurations& durations, Timestamp now) const;

  QualityLimitationReason reason_ = QualityLimitationReason::kNone;
  QualityLimitationDurations durations_;
  std::optional<Timestamp> since_;
  bool updated_ = false;
  bool paused_ = false;
  std::optional<Resolution> size_;
  std::optional<double> framerate_;
  std::uint32_t resolution_changes_ = 0;
};

}  // namespace tidewire::session
