// Texts of strangers, made fit for one line of a log.
#pragma once

#include <string>
#include <string_view>

namespace tidewire::server {

inline constexpr std::size_t kMaxLoggedText = 256;  // bytes; what is longer ends in "…"

// Appends a JSON string (RFC 8259 §7) of printable characters: control characters (also U+0080 to U+009F, which
// terminals obey), line separators and marks that change the direction of writing are escaped; what is no UTF-8
// becomes U+FFFD.
void append_quoted(std::string& line, std::string_view text);
// The same without quotation marks when nothing in it needs them.
void append_word(std::string& line, std::string_view text);

}  // namespace tidewire::server
