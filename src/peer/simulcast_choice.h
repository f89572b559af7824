// Which of several incoming encodings of one picture to show: the largest of those that come.
#pragma once

#include <map>
#include <string>

#include "tidewire/encoded_frame.h"
#include "tidewire/time.h"

namespace tidewire::peer {

class SimulcastChoice {
 public:
  // An encoding that brought nothing for this long counts for nothing.
  static constexpr Duration kSilence = std::chrono::milliseconds{500};

  enum class Verdict {
    kShow,
    kIgnore,
    kWant,  // it would be the better one; but only a key frame can begin it
  };
  Verdict judge(const std::string& rid, const EncodedFrame& frame, Timestamp now);
  const std::string& shown() const { return shown_; }

 private:
  struct Encoding {
    int pixels = 0;  // 0: not known yet
    Timestamp last{};
  };
  bool is_better(const Encoding& encoding, Timestamp now) const;

  std::map<std::string, Encoding> encodings_;  // as many as were negotiated
  std::string shown_;
  bool showing_ = false;
};

}  // namespace tidewire::peer
