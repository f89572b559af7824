// a=rtpmap, a=fmtp (RFC 8866 §6.6, §6.15) and a=rtcp-fb (RFC 4585 §4.2): the codecs of a media section.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sdp/description.h"
#include "tidewire/result.h"

namespace tidewire::sdp {

// "nack", "nack pli", "ccm fir", "transport-cc", "ack ccfb", "goog-remb": type and parameter as one text with one
// space.
struct RtcpFeedback {
  std::string type;
  std::string parameter;

  friend auto operator<=>(const RtcpFeedback&, const RtcpFeedback&) = default;
};

// The two ways of telling a sender what became of each packet: by transport-wide numbers, or by those of each stream
// with the marks of routers (RFC 8888).
inline bool is_transport_wide(const RtcpFeedback& feedback) { return feedback.type == "transport-cc"; }
inline bool is_congestion_feedback(const RtcpFeedback& feedback) {
  return feedback.type == "ack" && feedback.parameter == "ccfb";
}
// RFC 8888 §6: of several that do the same one is used. This is the one with more to say.
void prefer_congestion_feedback(std::vector<RtcpFeedback>& feedback);

struct Codec {
  std::uint8_t payload_type = 0;
  std::string name;  // as written; compare with same_token
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  // a=fmtp without the payload type, empty when there is none.
  std::string fmtp;
  std::vector<RtcpFeedback> feedback;

  friend bool operator==(const Codec&, const Codec&) = default;
};

// The codecs in the order of the m= line. Payload types 0, 8, 9 and 13 need no rtpmap (RFC 3551 §6); another
// format without rtpmap is left out. rtpmap, fmtp and rtcp-fb lines of payload types that the m= line does not
// list are ignored. "a=rtcp-fb:*" counts for every codec. Errors: kSyntax, "line N: …".
Result<std::vector<Codec>> parse_codecs(const MediaSection& section);

// Appends format, rtpmap, rtcp-fb and fmtp lines of `codec`.
void write_codec(const Codec& codec, MediaSection& section);
// What holds for all of them: RFC 8888 §6 has "ack ccfb" with "*" only.
void write_common_feedback(const std::vector<Codec>& codecs, MediaSection& section);

// One parameter of "a=1;b=2" (names compared without case); nothing when it is not there.
std::optional<std::string_view> fmtp_parameter(std::string_view fmtp, std::string_view name);

// Compares without case: encoding names, transports, fingerprint functions.
bool same_token(std::string_view a, std::string_view b);

// RFC 4588 §8.1: the codec that retransmits those of `payload_type` (rtx with apt=payload_type); null when there is
// none.
const Codec* find_rtx(const std::vector<Codec>& codecs, std::uint8_t payload_type);
bool is_rtx(const Codec& codec);
// RFC 8627 §5.2
bool is_flexfec(const Codec& codec);

}  // namespace tidewire::sdp
