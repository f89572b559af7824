#include "sdp/ice_attributes.h"

#include <algorithm>
#include <optional>

#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

constexpr std::size_t kMaxOptions = 16;
// RFC 8445 §5.1.2.1 and experience: a host has some tens. More are dropped.
constexpr std::size_t kMaxCandidates = 256;

// RFC 8839 §5.4: ice-char = ALPHA / DIGIT / "+" / "/". QUIRK: "-", "_" and "=" occur in the wild and are taken.
bool is_ice_text(std::string_view text, std::size_t least) {
  return text.size() >= least && text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/' ||
                  c == '-' || c == '_' || c == '=';
         });
}

const Attribute* inherited(const MediaSection& section, const Attributes& session, std::string_view name) {
  const Attribute* own = section.attributes.find(name);
  return own ? own : session.find(name);
}

// RFC 8839 §5.4: an ufrag has at least 4 characters, a password at least 22.
Result<std::string> read_secret(const MediaSection& section, const Attributes& session, std::string_view name,
                                std::size_t least) {
  const Attribute* attribute = inherited(section, session, name);
  if (!attribute) return std::string();
  if (!is_ice_text(attribute->text(), least)) {
    return syntax_error(attribute->line, std::string(name) + " needs " + std::to_string(least) + " to 256 characters");
  }
  return std::string(attribute->text());
}

}  // namespace

CandidateCheck check_candidate(std::string_view candidate) {
  constexpr std::string_view kPrefix = "candidate:";
  if (candidate.size() > 1024 || candidate.substr(0, kPrefix.size()) != kPrefix) return CandidateCheck::kMalformed;
  if (std::any_of(candidate.begin(), candidate.end(), [](char c) { return c >= 0 && c < ' '; })) {
    return CandidateCheck::kMalformed;
  }
  candidate.remove_prefix(kPrefix.size());
  // RFC 8839 §5.1: candidate-attribute
  const std::string_view foundation = take_word(candidate);
  const std::optional<std::uint16_t> component = to_number<std::uint16_t>(take_word(candidate));
  const std::string_view transport = take_word(candidate);
  const std::optional<std::uint32_t> priority = to_number<std::uint32_t>(take_word(candidate));
  const std::string_view address = take_word(candidate);
  const std::optional<std::uint16_t> port = to_number<std::uint16_t>(take_word(candidate));
  const std::string_view typ = take_word(candidate);
  const std::string_view type = take_word(candidate);
  if (foundation.empty() || !component || *component == 0 || *component > 256 || transport.empty() || !priority ||
      address.empty() || !port || typ != "typ" || type.empty()) {
    return CandidateCheck::kMalformed;
  }
  return *component == 1 ? CandidateCheck::kUsable : CandidateCheck::kIgnored;
}

Result<IceAttributes> parse_ice(const MediaSection& section, const Attributes& session) {
  IceAttributes ice;
  Result<std::string> ufrag = read_secret(section, session, "ice-ufrag", 4);
  if (!ufrag) return ufrag.error();
  Result<std::string> pwd = read_secret(section, session, "ice-pwd", 22);
  if (!pwd) return pwd.error();
  ice.credentials = {*std::move(ufrag), *std::move(pwd)};
  if (const Attribute* options = inherited(section, session, "ice-options")) {
    std::string_view rest = options->text();
    for (std::string_view option = take_word(rest); !option.empty() && ice.options.size() < kMaxOptions;
         option = take_word(rest)) {
      ice.options.emplace_back(option);
    }
  }
  for (const Attribute& attribute : section.attributes.all()) {
    if (attribute.name != "candidate") continue;
    std::string text = "candidate:" + std::string(attribute.text());
    const CandidateCheck check = check_candidate(text);
    if (check == CandidateCheck::kMalformed) {
      return syntax_error(attribute.line, "malformed candidate " + quoted(attribute.text()));
    }
    if (check == CandidateCheck::kUsable && ice.candidates.size() < kMaxCandidates) {
      ice.candidates.push_back(std::move(text));
    }
  }
  // RFC 8840 §8.2
  ice.end_of_candidates = inherited(section, session, "end-of-candidates") != nullptr;
  return ice;
}

}  // namespace tidewire::sdp
