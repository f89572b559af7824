// How many lines of one kind a log takes in a second, so that whoever causes them does not fill the operator's disk.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "tidewire/time.h"

namespace tidewire::server {

class LogBudget {
 public:
  static constexpr std::size_t kMaxEvents = 256;  // names beyond it share one budget

  struct Verdict {
    bool write = true;
    std::uint64_t held_before = 0;  // lines of this kind that were not written since the last one that was
  };

  // 0: no bound.
  explicit LogBudget(std::uint32_t lines_per_second) : lines_per_second_(lines_per_second) {}

  Verdict take(std::string_view event, Timestamp now);

 private:
  struct Second {
    Timestamp began{};
    std::uint32_t written = 0;
    std::uint64_t held = 0;
  };

  std::uint32_t lines_per_second_;
  std::map<std::string, Second, std::less<>> seconds_;
};

}  // namespace tidewire::server
