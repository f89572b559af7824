// Randomness from the operating system: the seed of everything secret.
#pragma once

#include "crypto/random.h"

namespace tidewire::io {

// A generator with 256 fresh bits from getrandom(2).
crypto::Random os_random();

}  // namespace tidewire::io
