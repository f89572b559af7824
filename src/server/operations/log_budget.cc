#include "server/operations/log_budget.h"

#include <utility>

namespace tidewire::server {

LogBudget::Verdict LogBudget::take(std::string_view event, Timestamp now) {
  if (lines_per_second_ == 0) return {};
  auto found = seconds_.find(event);
  if (found == seconds_.end()) {
    const std::string name(seconds_.size() < kMaxEvents ? event : std::string_view{});
    found = seconds_.try_emplace(name, Second{.began = now}).first;
  }
  Second& second = found->second;
  if (now - second.began >= std::chrono::seconds{1}) {
    second.began = now;
    second.written = 0;
  }
  if (second.written >= lines_per_second_) {
    ++second.held;
    return {.write = false};
  }
  ++second.written;
  return {.write = true, .held_before = std::exchange(second.held, 0)};
}

}  // namespace tidewire::server
