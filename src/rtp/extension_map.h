// RTP header extensions by meaning, and the ids that stand for them in one session (RFC 8285 §5, a=extmap).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tidewire::rtp {

enum class ExtensionType : std::uint8_t {
  kMid,                      // RFC 9143 §15: which m-section the packet belongs to
  kRtpStreamId,              // RFC 8852 §3.1: which simulcast layer
  kRepairedRtpStreamId,      // RFC 8852 §3.2: which simulcast layer this repairs
  kAudioLevel,               // RFC 6464
  kTransportSequenceNumber,  // draft-holmer-rmcat-transport-wide-cc-extensions-01 §2
  kAbsoluteSendTime,         // webrtc.org/experiments/rtp-hdrext/abs-send-time
  kTransmissionOffset,       // RFC 5450
  kVideoOrientation,         // 3GPP TS 26.114 §7.4.5
  kAbsoluteCaptureTime,      // webrtc.org/experiments/rtp-hdrext/abs-capture-time
  kPlayoutDelay,             // webrtc.org/experiments/rtp-hdrext/playout-delay
  kDependencyDescriptor,     // AV1 RTP payload format, appendix A
};
inline constexpr std::size_t kExtensionTypes = 11;

// The URI that a=extmap writes.
std::string_view uri(ExtensionType type);
// Nothing for an extension that the library does not know.
std::optional<ExtensionType> extension_from_uri(std::string_view uri);

// A small two-way table. Extensions that are not in it are neither written nor read.
class ExtensionMap {
 public:
  // RFC 8285 §4.3: ids 1 to 255, without 15. False, and nothing happens, when the id is out of range or stands
  // for another type already. A type that has an id already gets the new one.
  bool add(ExtensionType type, std::uint8_t id);
  // Takes over what `other` has and this does not.
  void merge(const ExtensionMap& other);

  std::optional<std::uint8_t> id(ExtensionType type) const;
  std::optional<ExtensionType> type(std::uint8_t id) const;
  bool has(ExtensionType type) const { return id(type).has_value(); }

  friend bool operator==(const ExtensionMap&, const ExtensionMap&) = default;

 private:
  std::array<std::uint8_t, kExtensionTypes> ids_{};  // 0: none
};

}  // namespace tidewire::rtp
