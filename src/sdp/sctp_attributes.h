// a=sctp-port, a=max-message-size (RFC 8841 §5, §6) and their forerunner a=sctpmap.
#pragma once

#include <cstdint>

#include "sdp/description.h"
#include "tidewire/result.h"

namespace tidewire::sdp {

struct SctpAttributes {
  std::uint16_t port = 5000;
  // RFC 8841 §6.1: 64 kB when not given; 0 says that there is no limit.
  std::uint64_t max_message_size = 65536;

  friend bool operator==(const SctpAttributes&, const SctpAttributes&) = default;
};

// Errors: kSyntax, "line N: …".
Result<SctpAttributes> parse_sctp(const MediaSection& section);

}  // namespace tidewire::sdp
