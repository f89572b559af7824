#include "io/os_random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace tidewire::io {

crypto::Random os_random() {
  crypto::Random::Seed seed{};
  std::size_t filled = 0;
  while (filled < seed.size()) {
    const ssize_t got = getrandom(seed.data() + filled, seed.size() - filled, 0);
    if (got > 0) filled += static_cast<std::size_t>(got);
    // Without randomness there are no keys: nothing sensible can go on. EINTR is tried again.
    if (got < 0 && errno != EINTR) std::abort();
  }
  return crypto::Random(seed);
}

}  // namespace tidewire::io
