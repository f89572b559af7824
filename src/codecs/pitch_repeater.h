// Makes up sound for what was lost where the codec itself cannot: goes on with the last period of what was heard, ever
// softer, until nothing is left after 60 ms (the idea of ITU-T G.711 Appendix I).
#pragma once

#include <cstdint>
#include <vector>

namespace tidewire::codecs {

// Sound of one channel, at a rate of at least 8 kHz.
class PitchRepeater {
 public:
  explicit PitchRepeater(int rate) : rate_(static_cast<std::size_t>(rate)) {}

  // What arrived. After a loss its beginning is blended with what was made up, against a click.
  void heard(std::vector<std::int16_t>& samples);
  std::vector<std::int16_t> conceal(std::size_t length);

 private:
  std::size_t find_period() const;
  double next();

  std::size_t rate_;
  std::vector<std::int16_t> history_;  // the last 40 ms that were heard
  std::size_t concealed_ = 0;          // samples made up since
  std::size_t period_ = 0;             // of these
};

}  // namespace tidewire::codecs
