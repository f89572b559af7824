// What is sent of a track, and how: RTCRtpSendParameters (https://www.w3.org/TR/webrtc/#rtcrtpsendparameters,
// https://www.w3.org/TR/webrtc-extensions/#rtcrtpencodingparameters).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidewire/rtp_capabilities.h"
#include "tidewire/scalability_mode.h"

namespace tidewire {

// RTCRtpEncodingParameters: one compressed form of the track. Several are simulcast.
struct RtpEncodingParameters {
  // Names it among several: letters and digits, at most 16. Given with the transceiver, never changed.
  std::string rid{};
  // False: it is not sent for now.
  bool active = true;
  // In bits per second; nothing: its share of what the connection is configured with.
  std::optional<std::uint32_t> max_bitrate{};
  // Pictures per second, above 0; nothing: as the source gives them.
  std::optional<double> max_framerate{};
  // Width and height of the source are divided by this, at least 1. Nothing: 1 for a single encoding; of several, the
  // first has the smallest picture and each has twice the size of the one before, the last that of the source.
  std::optional<double> scale_resolution_down_by{};
  // How the stream is layered, e.g. ScalabilityMode::parse("L1T3") (W3C webrtc-svc); VP9 and AV1 have all, VP8 and
  // H.264 temporal layers only.
  ScalabilityMode scalability_mode{};
  // One of those that were negotiated, to be sent instead of the first. Changing it needs no offer.
  std::optional<RtpCodec> codec{};

  friend bool operator==(const RtpEncodingParameters&, const RtpEncodingParameters&) = default;
};

// RTCRtpCodecParameters.
struct RtpCodecParameters {
  std::uint8_t payload_type = 0;
  RtpCodec codec;

  friend bool operator==(const RtpCodecParameters&, const RtpCodecParameters&) = default;
};

// RTCRtpHeaderExtensionParameters.
struct RtpHeaderExtensionParameters {
  std::string uri;
  std::uint16_t id = 0;

  friend bool operator==(const RtpHeaderExtensionParameters&, const RtpHeaderExtensionParameters&) = default;
};

// RTCDegradationPreference (https://www.w3.org/TR/mst-content-hint/): what is kept while the path carries less.
enum class DegradationPreference : std::uint8_t { kMaintainFramerate, kMaintainResolution, kBalanced };

// RTCRtpSendParameters. `encodings` and
// `degradation_preference` are what may be changed; the rest tells what was negotiated.
struct RtpSendParameters {
  // Names the state that these were read in; set_parameters() refuses any other.
  std::string transaction_id;
  std::vector<RtpEncodingParameters> encodings;
  // Nothing: by what the pictures show; the frame rate, unless they are of a screen.
  std::optional<DegradationPreference> degradation_preference;
  std::vector<RtpCodecParameters> codecs;  // in the order of preference
  std::vector<RtpHeaderExtensionParameters> header_extensions;
  std::string cname;
  bool reduced_size_rtcp = false;
};

}  // namespace tidewire
