// Small tools for reading lines of text: words, numbers, and errors that name a line.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidewire/error.h"

namespace tidewire::sdp {

// kSyntax, "line 12: what"; without a line when it is 0.
Error syntax_error(std::uint32_t line, std::string_view what);
Error error_at(ErrorCode code, std::uint32_t line, std::string_view what);

// The text in quotes for an error message: shortened, unprintable bytes as '?'.
std::string quoted(std::string_view text);

// Cuts the text up to `separator` off the front of `rest`; all of it when there is none.
std::string_view take_until(std::string_view& rest, char separator);
// The next word; runs of spaces count as one. Empty at the end.
std::string_view take_word(std::string_view& rest);

// RFC 8866 §9 token.
bool is_token(std::string_view text);

// The whole text as a decimal number without sign; nothing when it is none or does not fit.
template <std::unsigned_integral T>
std::optional<T> to_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace tidewire::sdp
