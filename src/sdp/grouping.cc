#include "sdp/grouping.h"

#include "sdp/text.h"

namespace tidewire::sdp {

// RFC 5888 §4
Result<std::string> parse_mid(const MediaSection& section) {
  const Attribute* attribute = section.attributes.find("mid");
  if (!attribute) return std::string();
  if (!is_token(attribute->text()) || attribute->text().size() > 256) {
    return syntax_error(attribute->line, "malformed mid " + quoted(attribute->text()));
  }
  return std::string(attribute->text());
}

std::vector<Group> parse_groups(const Attributes& session) {
  constexpr std::size_t kMaxGroups = 16;
  std::vector<Group> groups;
  session.each("group", [&](const Attribute& attribute) {
    if (groups.size() == kMaxGroups) return;
    std::string_view rest = attribute.text();
    Group group{std::string(take_word(rest)), {}};
    for (std::string_view mid = take_word(rest); !mid.empty() && group.mids.size() < kMaxMediaSections;
         mid = take_word(rest)) {
      group.mids.emplace_back(mid);
    }
    groups.push_back(std::move(group));
  });
  return groups;
}

void write_group(const Group& group, Attributes& session) {
  std::string text = group.semantics;
  for (const std::string& mid : group.mids) text += " " + mid;
  session.add("group", std::move(text));
}

}  // namespace tidewire::sdp
