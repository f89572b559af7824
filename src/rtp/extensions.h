// The values of the RTP header extension elements that the library knows, and how a header is written.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/packet.h"
#include "rtp/extension_map.h"
#include "rtp/header.h"
#include "rtp/ntp.h"
#include "rtp/types.h"
#include "tidewire/time.h"

namespace tidewire::rtp {

// RFC 6464 §3
struct AudioLevel {
  bool voice_activity = false;
  std::uint8_t level = 127;  // minus dBov: 0 is the loudest, 127 is silence
  friend bool operator==(const AudioLevel&, const AudioLevel&) = default;
};

// 3GPP TS 26.114 §7.4.5
struct VideoOrientation {
  bool back_camera = false;
  bool flip = false;          // mirrored horizontally
  int clockwise_degrees = 0;  // what the receiver has to turn it by: 0, 90, 180 or 270
  friend bool operator==(const VideoOrientation&, const VideoOrientation&) = default;
};

// webrtc.org/experiments/rtp-hdrext/abs-capture-time: when the first sample of the packet was captured, by the clock of
// who captured it.
struct AbsoluteCaptureTime {
  NtpTime captured;
  // What that clock is ahead of the one in the sender's reports: signed 32.32 fixed-point seconds.
  std::optional<std::int64_t> clock_offset;
  friend bool operator==(const AbsoluteCaptureTime&, const AbsoluteCaptureTime&) = default;
};

// webrtc.org/experiments/rtp-hdrext/playout-delay: the bounds that the sender sets to the time from capture to
// rendering, in steps of 10 ms up to 40.95 s.
struct PlayoutDelay {
  Duration min{};
  Duration max{};
  friend bool operator==(const PlayoutDelay&, const PlayoutDelay&) = default;
};

// An element whose content is understood elsewhere; at most 255 bytes.
struct OpaqueElement {
  ByteView bytes;
  friend bool operator==(const OpaqueElement& a, const OpaqueElement& b) {
    return std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end());
  }
};

// What a packet carries besides its payload. Views point into the packet, or belong to whoever writes.
struct Extensions {
  std::optional<std::string_view> mid;
  std::optional<std::string_view> rtp_stream_id;
  std::optional<std::string_view> repaired_rtp_stream_id;
  std::optional<AudioLevel> audio_level;
  std::optional<std::uint16_t> transport_sequence_number;
  std::optional<std::uint32_t> absolute_send_time;  // 24 bits: seconds in 6.18 fixed point
  std::optional<std::int32_t> transmission_offset;  // 24 bits, signed, in RTP clock ticks
  std::optional<VideoOrientation> video_orientation;
  std::optional<AbsoluteCaptureTime> absolute_capture_time;
  std::optional<PlayoutDelay> playout_delay;
  std::optional<OpaqueElement> dependency_descriptor;

  friend bool operator==(const Extensions&, const Extensions&) = default;
};

// The elements of a received header that the map knows. An element whose length is wrong is passed over.
Extensions read_extensions(const Header& header, const ExtensionMap& map);

struct HeaderFields {
  bool marker = false;
  PayloadType payload_type;
  std::uint16_t sequence_number = 0;
  std::uint32_t timestamp = 0;
  Ssrc ssrc;
  std::span<const Ssrc> csrcs{};  // at most 15
  bool padding = false;           // the payload ends with it
};

// Puts a header before the payload that the packet holds. Of `extensions` it writes those that have an id in the
// map: in one-byte elements when all fit, else in two-byte elements. False, unchanged, when the headroom is too
// small.
[[nodiscard]] bool write_header(Packet& packet, const HeaderFields& fields, const Extensions& extensions,
                                const ExtensionMap& map);

// Overwrite a value in a packet that was written with some value for it. False when the packet has no such
// element. The packet is numbered, and stamped, at the moment that it leaves.
bool patch_transport_sequence_number(Packet& packet, const ExtensionMap& map, std::uint16_t sequence_number);
bool patch_absolute_send_time(Packet& packet, const ExtensionMap& map, Timestamp now);

// The 24-bit form of a send time: 6.18 fixed-point seconds, wrapping every 64 s.
std::uint32_t to_absolute_send_time(Timestamp now);

}  // namespace tidewire::rtp
