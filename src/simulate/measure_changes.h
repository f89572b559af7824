// How soon calls found what they could have after each change, how fairly they shared it, and how soon a picture and
// sound were what they were to be.
#pragma once

#include "simulate/measure.h"

namespace tidewire::simulate {

// Fills in changes, converged_s, jain and ladder.
void measure_changes(const Recording& recording, Measures& measures);

}  // namespace tidewire::simulate
