// a=ice-ufrag, ice-pwd, ice-options, ice-lite, candidate, end-of-candidates (RFC 8839 §5, RFC 8840 §8).
//
// A candidate stays a text here: what its fields mean is for the ICE agent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sdp/description.h"
#include "tidewire/result.h"

namespace tidewire::sdp {

struct IceCredentials {
  std::string ufrag;
  std::string pwd;

  friend bool operator==(const IceCredentials&, const IceCredentials&) = default;
};

struct IceAttributes {
  // Empty where the description has none.
  IceCredentials credentials;
  std::vector<std::string> options;  // "trickle", "ice2", "renomination"
  // "candidate:…" texts of component 1. Those of component 2 (RTCP of its own) are left out: rtcp-mux is a must.
  std::vector<std::string> candidates;
  bool end_of_candidates = false;
};

// Each attribute of the section counts before the same one of the session. Errors: kSyntax, "line N: …".
Result<IceAttributes> parse_ice(const MediaSection& section, const Attributes& session);

enum class CandidateCheck {
  kUsable,     // component 1
  kIgnored,    // another component
  kMalformed,  // no candidate-attribute by its first eight fields
};
// Looks at the shape of "candidate:foundation component transport priority address port typ type …" alone:
// addresses may be host names, transports and types unknown words.
CandidateCheck check_candidate(std::string_view candidate);

}  // namespace tidewire::sdp
