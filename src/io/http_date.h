// The time of day in HTTP headers (RFC 9110 §5.6.7).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tidewire/time.h"

namespace tidewire::io {

// "Sun, 06 Nov 1994 08:49:37 GMT"; fractions of a second are cut off.
std::string format_http_date(UnixTime time);
// DEVIATES RFC 9110 §5.6.7 (three formats), because no server sends the obsolete two. Nothing for these and for
// nonsense.
std::optional<UnixTime> parse_http_date(std::string_view text);

}  // namespace tidewire::io
