// What an H.264 stream may not exceed, by the level that was negotiated (ITU-T H.264 §A.3, RFC 6184 §8.1).
#pragma once

#include <cstdint>

#include "sdp/codec.h"
#include "sdp/negotiated_session.h"

namespace tidewire::session {

struct H264Limits {
  std::uint32_t macroblocks = 0;             // MaxFS: of a picture
  std::uint32_t macroblocks_per_second = 0;  // MaxMBPS

  friend bool operator==(const H264Limits&, const H264Limits&) = default;
};

// Of what is sent.
H264Limits h264_send_limits(const sdp::NegotiatedCodec& codec);

}  // namespace tidewire::session
