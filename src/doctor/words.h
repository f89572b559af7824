// How figures and lists are said to a person.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidewire/time.h"

namespace tidewire::doctor {

std::string milliseconds(Duration duration);                 // "12 ms", "0.3 ms"
std::string seconds(Duration duration);                      // "42 s", "17 min", "3 h"; of the amount
std::string list_of(const std::vector<std::string>& items);  // "a, b and c"

// A user name of limited time, "EXPIRY:NAME" with the Unix time of its end: for how long it has been over. Nothing for
// one that is not, and for other names.
std::optional<Duration> expired_for(std::string_view username, UnixTime now);

}  // namespace tidewire::doctor
