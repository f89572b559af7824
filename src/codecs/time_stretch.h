// Makes sound longer or shorter without changing its pitch: repeats or leaves out whole periods, where the sound is
// most like itself, and blends over the seam (the idea of WSOLA: Verhelst and Roelands, ICASSP 1993).
//
// It adds no delay. A change is made when a period of the sound fits what is called for, so a run may come out as it
// went in and a later one make up for it: on average the length is exact, and never off by much more than a period.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tidewire::codecs {

// 48 kHz sound of one channel or two.
class TimeStretch {
 public:
  // Periods that are looked for: 2.5 to 15 ms, 400 to 66 Hz, as voices have them.
  static constexpr std::size_t kShortest = 120;
  static constexpr std::size_t kLongest = 720;
  // The seam.
  static constexpr std::size_t kBlend = 240;
  // When the sound is not like itself anywhere, a change waits for it until this much is called for. More than twice
  // as much is forgotten: it is no correction any more.
  static constexpr std::int64_t kPatience = 1920;

  explicit TimeStretch(int channels);

  // Passes the next run of interleaved samples on, in place, by `change` samples per channel longer (or shorter, when
  // that is negative) on average.
  void run(std::vector<std::int16_t>& samples, std::int64_t change);
  // What was called for and not made yet.
  std::int64_t owed() const { return owed_; }

 private:
  struct Match {
    std::size_t lag = 0;
    double likeness = 0;  // -1 … 1
  };

  void run_piece(std::vector<std::int16_t>& samples, std::int64_t change);
  void shorten(std::vector<std::int16_t>& samples);
  void lengthen(std::vector<std::int16_t>& samples);
  template <typename Other>
  Match find(std::size_t longest, Other&& other) const;
  bool good_enough(const Match& match) const;
  void mix(std::span<const std::int16_t> samples);
  void remember(std::span<const std::int16_t> samples);

  std::size_t channels_;
  std::int64_t owed_ = 0;
  std::vector<std::int16_t> history_;  // the last that was passed on, interleaved
  std::vector<float> mixed_;           // history and run in one channel
  std::size_t now_ = 0;                // where the run begins in it
  // For their storage.
  std::vector<std::int16_t> output_;
  std::vector<std::int16_t> piece_;
  std::vector<std::int16_t> result_;
};

}  // namespace tidewire::codecs
