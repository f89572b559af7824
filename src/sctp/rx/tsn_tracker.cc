#include "sctp/rx/tsn_tracker.h"

#include <algorithm>

namespace tidewire::sctp {
namespace {

// The first run that ends at or after `tsn`.
template <typename Runs>
auto run_at(Runs& runs, Tsn tsn) {
  return std::lower_bound(runs.begin(), runs.end(), tsn, [](const auto& run, Tsn value) { return run.second < value; });
}

}  // namespace

bool TsnTracker::seen(Tsn tsn) const {
  if (tsn <= cumulative_) return true;
  const auto run = run_at(runs_, tsn);
  return run != runs_.end() && run->first <= tsn;
}

bool TsnTracker::acceptable(Tsn tsn) const {
  if (tsn > cumulative_ + kWindow) return false;
  if (runs_.size() < kMaxRuns || tsn == cumulative_ + 1) return true;
  const auto run = run_at(runs_, tsn - 1);  // ends just before it, or begins just after it
  return run != runs_.end() && run->first <= tsn + 1;
}

void TsnTracker::add(Tsn tsn) {
  if (tsn == cumulative_ + 1) {
    ++cumulative_;
    absorb_runs();
    return;
  }
  auto run = run_at(runs_, tsn - 1);
  if (run == runs_.end() || run->first > tsn + 1) {
    runs_.insert(run, {tsn, tsn});
    return;
  }
  if (run->first == tsn + 1) {
    run->first = tsn;
    return;
  }
  run->second = tsn;
  const auto after = run + 1;
  if (after == runs_.end() || after->first != tsn + 1) return;
  run->second = after->second;
  runs_.erase(after);
}

void TsnTracker::add_duplicate(std::uint32_t tsn) {
  if (duplicates_.size() < kMaxDuplicates) duplicates_.push_back(tsn);
}

void TsnTracker::advance(Tsn tsn) {
  if (tsn <= cumulative_) return;
  cumulative_ = tsn;
  absorb_runs();
}

void TsnTracker::absorb_runs() {
  auto run = runs_.begin();
  for (; run != runs_.end() && run->first <= cumulative_ + 1; ++run) cumulative_ = std::max(cumulative_, run->second);
  runs_.erase(runs_.begin(), run);
}

}  // namespace tidewire::sctp
