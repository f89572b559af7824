// What a section says about the sound that its writer wants to receive (RFC 7587 §6.1, RFC 8866 §6.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tidewire/send_encoding.h"

namespace tidewire::sdp {

// Of a=fmtp of Opus, and of a=ptime and a=maxptime in milliseconds. Values that make no sense count as not given.
AudioSendParameters audio_send_parameters(std::string_view fmtp, std::optional<std::uint32_t> ptime,
                                          std::optional<std::uint32_t> maxptime);

}  // namespace tidewire::sdp
