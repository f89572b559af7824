// Codecs as the application names them, and as the negotiator does.
#pragma once

#include <vector>

#include "sdp/capabilities.h"
#include "tidewire/result.h"
#include "tidewire/rtp_capabilities.h"

namespace tidewire::session {

RtpCodec to_rtp_codec(const sdp::CodecCapability& codec);

// W3C setCodecPreferences: each of `preferences` among the capabilities of that kind, once and in the same order.
// kInvalidModification, naming it, for one that is not there.
Result<std::vector<sdp::CodecCapability>> find_capabilities(const sdp::Capabilities& capabilities, MediaKind kind,
                                                            const std::vector<RtpCodec>& preferences);

}  // namespace tidewire::session
