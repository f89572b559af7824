#include "server/operations/log_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tidewire::server {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct CodePoint {
  char32_t value = kReplacement;
  std::size_t bytes = 1;
};

std::uint8_t byte_at(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

// RFC 3629 §3: the shortest form only, no surrogates, nothing above U+10FFFF. One byte of anything else.
CodePoint next_code_point(std::string_view text) {
  const std::uint8_t first = byte_at(text, 0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return {};
  constexpr std::array<std::uint8_t, 5> kLeadBits = {0, 0x7F, 0x1F, 0x0F, 0x07};
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  auto value = static_cast<char32_t>(first & kLeadBits[bytes]);
  for (std::size_t i = 1; i < bytes; ++i) {
    const std::uint8_t more = byte_at(text, i);
    if ((more & 0xC0U) != 0x80) return {};
    value = value << 6U | (more & 0x3FU);
  }
  if (value < kSmallest[bytes] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {value, bytes};
}

bool is_printable(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;
  // Line and paragraph separators; marks, embeddings and isolates of direction.
  return c != 0x061C && !(c >= 0x200B && c <= 0x200F) && !(c >= 0x2028 && c <= 0x202E) &&
         !(c >= 0x2066 && c <= 0x2069) && c != 0xFEFF;
}

void append_escape(std::string& line, char32_t c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  line += "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U}) line += kDigits[(c >> shift) & 0xFU];
}

bool needs_no_quotes(std::string_view text) {
  constexpr std::string_view kPunctuation = "._-:/@+[]%";
  return !text.empty() && text.size() <= kMaxLoggedText && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPunctuation.find(c) != std::string_view::npos;
  });
}

}  // namespace

void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  std::size_t at = 0;
  while (at < text.size()) {
    const CodePoint next = next_code_point(text.substr(at));
    if (at + next.bytes > kMaxLoggedText) {
      line += "\xE2\x80\xA6";  // U+2026
      break;
    }
    if (next.value == '"' || next.value == '\\') {
      line += '\\';
      line += static_cast<char>(next.value);
    } else if (next.value == '\n') {
      line += "\\n";
    } else if (!is_printable(next.value)) {
      append_escape(line, next.value);
    } else if (next.value == kReplacement) {
      line += "\xEF\xBF\xBD";
    } else {
      line += text.substr(at, next.bytes);
    }
    at += next.bytes;
  }
  line += '"';
}

void append_word(std::string& line, std::string_view text) {
  if (needs_no_quotes(text)) {
    line += text;
  } else {
    append_quoted(line, text);
  }
}

}  // namespace tidewire::server
