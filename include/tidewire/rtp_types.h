// Words of the RTP media API that several public headers share.
#pragma once

#include <string_view>

namespace tidewire {

// RTCRtpTransceiverDirection, seen from this side.
enum class RtpTransceiverDirection { kSendrecv, kSendonly, kRecvonly, kInactive, kStopped };

constexpr bool sends(RtpTransceiverDirection d) {
  return d == RtpTransceiverDirection::kSendrecv || d == RtpTransceiverDirection::kSendonly;
}
constexpr bool receives(RtpTransceiverDirection d) {
  return d == RtpTransceiverDirection::kSendrecv || d == RtpTransceiverDirection::kRecvonly;
}
constexpr RtpTransceiverDirection make_direction(bool send, bool receive) {
  if (send) return receive ? RtpTransceiverDirection::kSendrecv : RtpTransceiverDirection::kSendonly;
  return receive ? RtpTransceiverDirection::kRecvonly : RtpTransceiverDirection::kInactive;
}
// The same flow seen from the other side.
constexpr RtpTransceiverDirection reversed(RtpTransceiverDirection d) {
  return d == RtpTransceiverDirection::kStopped ? d : make_direction(receives(d), sends(d));
}
// What both allow.
constexpr RtpTransceiverDirection intersect(RtpTransceiverDirection a, RtpTransceiverDirection b) {
  return make_direction(sends(a) && sends(b), receives(a) && receives(b));
}

// The W3C's and SDP's spelling, e.g. "sendrecv".
constexpr std::string_view to_string(RtpTransceiverDirection direction) {
  switch (direction) {
    case RtpTransceiverDirection::kSendrecv: return "sendrecv";
    case RtpTransceiverDirection::kSendonly: return "sendonly";
    case RtpTransceiverDirection::kRecvonly: return "recvonly";
    case RtpTransceiverDirection::kInactive: return "inactive";
    case RtpTransceiverDirection::kStopped: return "stopped";
  }
  return "";
}

}  // namespace tidewire
