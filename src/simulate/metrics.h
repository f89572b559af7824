// The names under which measurements are told, and what several seeds come to.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "simulate/measure.h"

namespace tidewire::simulate {

enum class Unit : std::uint8_t { kShare, kBitrate, kMilliseconds, kSeconds, kIndex, kCount };

template <typename Of>
struct Metric {
  std::string_view key;    // in JSON; "queue_ms.p95" lies in an object
  std::string_view label;  // for people
  Unit unit = Unit::kCount;
  double (*value)(const Of&) = nullptr;
};

std::span<const Metric<CallMeasures>> call_metrics();
std::span<const Metric<ChangeMeasures>> change_metrics();

// Over seeds. What was never reached is later than everything else, and stays kNothing.
struct Summary {
  double median = kNothing;
  double least = kNothing;
  double most = kNothing;
};
Summary summarise(std::vector<double> values);

}  // namespace tidewire::simulate
