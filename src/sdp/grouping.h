// a=mid and a=group (RFC 5888, RFC 9143).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sdp/description.h"
#include "tidewire/result.h"

namespace tidewire::sdp {

struct Group {
  std::string semantics;  // "BUNDLE"
  std::vector<std::string> mids;

  friend bool operator==(const Group&, const Group&) = default;
};

// Empty when the section has none. Errors: kSyntax, "line N: …".
Result<std::string> parse_mid(const MediaSection& section);

std::vector<Group> parse_groups(const Attributes& session);
void write_group(const Group& group, Attributes& session);

}  // namespace tidewire::sdp
