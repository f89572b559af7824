// How figures and lists are said to a person.
#pragma once

#include <string>
#include <vector>

#include "tidewire/time.h"

namespace tidewire::doctor {

std::string milliseconds(Duration duration);                 // "12 ms", "0.3 ms"
std::string seconds(Duration duration);                      // "42 s", "17 min", "3 h"; of the amount
std::string list_of(const std::vector<std::string>& items);  // "a, b and c"

}  // namespace tidewire::doctor
