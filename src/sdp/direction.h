// a=sendrecv, a=sendonly, a=recvonly, a=inactive (RFC 8866 §6.7).
#pragma once

#include <optional>

#include "sdp/description.h"
#include "tidewire/rtp_types.h"

namespace tidewire::sdp {

using Direction = RtpTransceiverDirection;

// Of the section, else of the session, else sendrecv (RFC 8866 §6.7).
Direction parse_direction(const MediaSection& section, const Attributes& session);

}  // namespace tidewire::sdp
