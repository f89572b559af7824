// a=fingerprint (RFC 8122 §5) and a=setup (RFC 4145 §4, RFC 8842 §5).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sdp/description.h"
#include "tidewire/bytes.h"
#include "tidewire/result.h"

namespace tidewire::sdp {

struct Fingerprint {
  std::string algorithm;  // lower case: "sha-256"
  Bytes digest;

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

enum class Setup { kActpass, kActive, kPassive, kHoldconn };
enum class DtlsRole { kClient, kServer };

// Of the section, or of the session when the section has none. Errors: kSyntax, "line N: …".
Result<std::vector<Fingerprint>> parse_fingerprints(const MediaSection& section, const Attributes& session);
Result<std::optional<Setup>> parse_setup(const MediaSection& section, const Attributes& session);

void write_fingerprint(const Fingerprint& fingerprint, Attributes& attributes);
std::string_view to_string(Setup setup);

}  // namespace tidewire::sdp
