#include "tidewire/result.h"

#include <cstdio>
#include <cstdlib>

namespace tidewire::detail {

void abort_with(const Error& error) {
  std::fprintf(stderr, "tidewire: %s: %s\n", to_string(error.code).data(), error.message.c_str());
  std::abort();
}

}  // namespace tidewire::detail
