#include "signaling/text_rules.h"

#include <algorithm>
#include <cstdint>

namespace tidewire::signaling {

bool is_token(std::string_view text, std::size_t minimum, std::size_t maximum) {
  if (text.size() < minimum || text.size() > maximum) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool is_free_text(std::string_view text, std::size_t maximum) {
  std::size_t code_points = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return false;
    // U+0080 to U+009F: the C1 controls.
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) < 0xA0) return false;
    if ((byte & 0xC0) != 0x80) ++code_points;
  }
  return code_points <= maximum;
}

}  // namespace tidewire::signaling
