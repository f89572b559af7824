#include "sdp/text.h"

#include <algorithm>

namespace tidewire::sdp {

Error error_at(ErrorCode code, std::uint32_t line, std::string_view what) {
  std::string message = line == 0 ? "" : "line " + std::to_string(line) + ": ";
  return {code, message.append(what)};
}

Error syntax_error(std::uint32_t line, std::string_view what) { return error_at(ErrorCode::kSyntax, line, what); }

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 48;
  std::string out = "\"";
  for (const char c : text.substr(0, kShown)) out += c >= 0x20 && c < 0x7f ? c : '?';
  if (text.size() > kShown) out += "...";
  return out + "\"";
}

std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

std::string_view take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return take_until(rest, ' ');
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`{|}~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

}  // namespace tidewire::sdp
