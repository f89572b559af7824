#include "peer/simulcast_choice.h"

namespace tidewire::peer {

bool SimulcastChoice::is_better(const Encoding& encoding, Timestamp now) const {
  if (!showing_) return true;
  const Encoding& present = encodings_.at(shown_);
  return now - present.last > kSilence || encoding.pixels > present.pixels;
}

SimulcastChoice::Verdict SimulcastChoice::judge(const std::string& rid, const EncodedFrame& frame, Timestamp now) {
  Encoding& encoding = encodings_[rid];
  encoding.last = now;
  if (frame.key_frame && frame.width > 0) encoding.pixels = frame.width * frame.height;
  if (showing_ && rid == shown_) return Verdict::kShow;
  if (!is_better(encoding, now)) return Verdict::kIgnore;
  if (!frame.key_frame) return Verdict::kWant;
  shown_ = rid;
  showing_ = true;
  return Verdict::kShow;
}

}  // namespace tidewire::peer
