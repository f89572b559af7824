// What the protocol allows in its text members (docs/signaling.md §1, §3).
#pragma once

#include <cstddef>
#include <string_view>

namespace tidewire::signaling {

// 'minimum' to 'maximum' characters of [A-Za-z0-9_-].
bool is_token(std::string_view text, std::size_t minimum, std::size_t maximum);
// At most `maximum` code points, none of them a control character. The text is UTF-8.
bool is_free_text(std::string_view text, std::size_t maximum);

}  // namespace tidewire::signaling
