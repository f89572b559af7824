// Several encodings of one track in one section: a=rid and a=simulcast (RFC 8851, RFC 8853).
//
// Each stream has one rid: of alternatives ("1,2") the first is taken. Restrictions of a rid are not negotiated.
#pragma once

#include <string>
#include <vector>

#include "sdp/negotiated_session.h"
#include "sdp/source.h"

namespace tidewire::sdp {

// Streams of one section at most: what is beyond them is not accepted.
inline constexpr std::size_t kMaxSimulcastStreams = 8;

// The rids that the other side wants to send, as an answer of ours accepts them; and those that it wants to receive.
// Without "~": which one is paused at first is of no interest to a receiver.
std::vector<std::string> offered_rids(const SourceAttributes& remote);
std::vector<std::string> wanted_rids(const SourceAttributes& remote);

// Those of our encodings that the other side takes. One that takes no simulcast gets the first alone (RFC 8853 §5.3.3,
// W3C webrtc-pc §5.4.1).
std::vector<LocalEncoding> accepted_encodings(const std::vector<LocalEncoding>& ours, const SourceAttributes& remote);

// Writes nothing when both are empty.
void write_simulcast(const std::vector<std::string>& send, const std::vector<std::string>& receive,
                     Attributes& attributes);

// RFC 8852 §3: letters and digits; at most 16 of them, so that it fits a one-byte header extension.
bool is_rid(std::string_view text);

}  // namespace tidewire::sdp
