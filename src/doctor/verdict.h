// What the findings mean for calls from here: whom they reach directly, whom by a relay, whom not at all, and what to
// do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "doctor/findings.h"

namespace tidewire::doctor {

// How a call to peers of one kind goes.
enum class Way : std::uint8_t {
  kDirect,
  kRelayed,
  kEither,   // directly or relayed: nothing told, but there is a relay
  kUnknown,  // perhaps directly; nothing told, and there is no relay to fall back on
  kNone,
};
std::string_view to_string(Way way);  // "direct", "relayed", "direct_or_relayed", "unknown", "none"

struct Verdict {
  Way to_public = Way::kNone;         // no NAT, nothing filtered
  Way to_ordinary_nat = Way::kNone;   // keeps a mapping for all destinations, lets in answers only
  Way to_symmetric_nat = Way::kNone;  // a new mapping for each destination, lets in answers only
  std::string sentence;
  std::vector<std::string> advice;  // a sentence each; the most important first
  // When calls to some or all fail: why. "relay_needed" and so on.
  Problem problem = Problem::kNone;

  // A call from here comes about with everybody who can be called.
  bool works() const;
};

Verdict judge(const Findings& findings);

// RFC 8489 §9.2, draft-uberti-behave-turn-rest: beyond this a skewed clock may make time-limited credentials fail.
inline constexpr Duration kWorstSkew = std::chrono::seconds(30);
// Below it, a call's packets (1200 bytes and headers) do not pass whole.
inline constexpr std::size_t kLeastPacketSize = 1280;

}  // namespace tidewire::doctor
