#include "report.h"

#include <fmt/core.h>

namespace tidewire::bench {

void Report::print(bool json) const {
  if (json) {
    for (const Entry& entry : entries_)
      fmt::print("{}\"{}\": {:.10g}", &entry == entries_.data() ? "{" : ", ", entry.name, entry.value);
    fmt::print("}}\n");
    return;
  }
  for (const Entry& entry : entries_) fmt::print("{:<32} {:>14.10g}\n", entry.name, entry.value);
}

}  // namespace tidewire::bench
