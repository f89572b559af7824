// a=extmap (RFC 8285 §5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sdp/description.h"
#include "tidewire/result.h"
#include "tidewire/rtp_types.h"

namespace tidewire::sdp {

struct HeaderExtension {
  std::uint16_t id = 0;
  // As the writer of the description sees it; sendrecv is not written.
  RtpTransceiverDirection direction = RtpTransceiverDirection::kSendrecv;
  std::string uri;
  std::string attributes;  // what follows the URI, usually nothing

  friend bool operator==(const HeaderExtension&, const HeaderExtension&) = default;
};

// In the order of their lines. Errors: kSyntax, "line N: …".
Result<std::vector<HeaderExtension>> parse_header_extensions(const Attributes& attributes);

void write_header_extension(const HeaderExtension& extension, Attributes& attributes);

}  // namespace tidewire::sdp
