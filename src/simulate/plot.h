// A run as a picture: what the bottleneck carried and what was sent into it, how long packets waited, and which picture
// and sound were made. SVG without scripts, readable in light and in dark.
#pragma once

#include <span>
#include <string>

#include "simulate/recording.h"

namespace tidewire::simulate {

// One above the other, with the same time axis.
std::string plot(std::span<const Recording> recordings);

}  // namespace tidewire::simulate
