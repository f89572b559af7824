#include "sim/names.h"

#include <algorithm>
#include <utility>

namespace tidewire::sim {
namespace {

std::string lower(std::string_view name) {
  std::string lowered(name);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

}  // namespace

void Names::add(std::string_view name, Answer answer) { answers_[lower(name)] = std::move(answer); }

void Names::remove(std::string_view name) { answers_.erase(lower(name)); }

Names::Answer Names::look_up(std::string_view name) const {
  const auto found = answers_.find(lower(name));
  return found == answers_.end() ? Answer{{}, unknown_delay_} : found->second;
}

}  // namespace tidewire::sim
