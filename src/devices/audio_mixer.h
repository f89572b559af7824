// Several sounds into one, in steps of 10 ms: what comes is pushed, and what is to be heard is pulled.
//
// A pure core: no thread, no clock, no device. Its owner locks it when pushes and pulls come from several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "tidewire/audio_frame.h"

struct SwrContext;

namespace tidewire::devices {

class AudioMixer {
 public:
  static constexpr int kRate = 48'000;
  static constexpr int kChannels = 2;
  static constexpr std::size_t kStep = kRate / 100;  // samples per channel that a pull gives
  // An input is heard when this much of it waits, from the start and whenever it ran dry: its runs come unevenly.
  static constexpr std::size_t kStart = 3 * kStep;
  // What waits in an input beyond this is left out, the oldest first: 200 ms, a burst.
  static constexpr std::size_t kMost = 20 * kStep;
  // An input of which more than kStart and this much waits for a whole second has a faster clock, or came in a burst:
  // a step of it is left out.
  static constexpr std::size_t kTooMuch = 2 * kStep;
  static constexpr int kPatience = 100;  // pulls

  // What a pull gave, for statistics.
  struct Step {
    bool sounds = false;      // of an input, or in the place of one that ran dry
    bool ran_dry = false;     // an input did
    std::size_t missing = 0;  // samples per channel that the one that lacked most had too few. It lacks all, until it
                              // is heard again or a second has gone by: then it has ended.
    std::size_t waited = 0;   // samples per channel that waited in those that are heard, on average, before the pull
  };

  using InputId = int;

  InputId add();
  void remove(InputId input) { inputs_.erase(input); }
  bool empty() const { return inputs_.empty(); }

  // Sound of any rate that is converted to 48 kHz; what has neither one channel nor two, or no sane rate (4 to
  // 384 kHz), is dropped. So is what comes for an input that was removed.
  void push(InputId input, const AudioFrame& frame);
  // The next 10 ms in stereo. A single sound passes as it is. The sum of several is turned down where it is too loud,
  // and comes up again slowly; it never wraps. An input that ends is faded out, one that begins is faded in.
  AudioFrame pull();
  // Of the last pull.
  const Step& step() const { return step_; }

 private:
  struct Deleter {
    void operator()(SwrContext* context) const;
  };
  struct Input {
    std::vector<std::int16_t> waiting;  // interleaved stereo
    bool heard = false;
    int dry = 0;            // pulls since it ran dry, that one included; 0: it did not
    std::size_t least = 0;  // that waited after a pull, of late
    int pulls = 0;          // since then
    int rate = 0;           // that the resampler is for
    std::unique_ptr<SwrContext, Deleter> resampler;

    std::size_t length() const { return waiting.size() / kChannels; }
    void drop(std::size_t length);
  };

  static bool resample(Input& input, const std::vector<std::int16_t>& stereo, int rate);
  static void keep_short(Input& input);
  bool add_to_sum(Input& input);
  void note(Input& input, std::size_t waited, bool has_part);
  void limit();

  std::map<InputId, Input> inputs_;
  InputId last_ = 0;
  Step step_;
  std::vector<float> sum_;
  float gain_ = 1;
};

}  // namespace tidewire::devices
