#include "rtp/extension_map.h"

namespace tidewire::rtp {

namespace {

constexpr std::array<std::string_view, kExtensionTypes> kUris{
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "urn:ietf:params:rtp-hdrext:toffset",
    "urn:3gpp:video-orientation",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
};

}  // namespace

std::string_view uri(ExtensionType type) { return kUris[static_cast<std::size_t>(type)]; }

std::optional<ExtensionType> extension_from_uri(std::string_view uri) {
  for (std::size_t i = 0; i < kUris.size(); ++i) {
    if (kUris[i] == uri) return static_cast<ExtensionType>(i);
  }
  return std::nullopt;
}

bool ExtensionMap::add(ExtensionType type, std::uint8_t id) {
  // RFC 8285 §4.2: 0 is padding and 15 ends the parsing of one-byte elements.
  if (id == 0 || id == 15) return false;
  const std::optional<ExtensionType> holder = this->type(id);
  if (holder && *holder != type) return false;
  ids_[static_cast<std::size_t>(type)] = id;
  return true;
}

void ExtensionMap::merge(const ExtensionMap& other) {
  for (std::size_t i = 0; i < kExtensionTypes; ++i) {
    if (ids_[i] == 0 && other.ids_[i] != 0) add(static_cast<ExtensionType>(i), other.ids_[i]);
  }
}

std::optional<std::uint8_t> ExtensionMap::id(ExtensionType type) const {
  const std::uint8_t id = ids_[static_cast<std::size_t>(type)];
  return id == 0 ? std::nullopt : std::optional(id);
}

std::optional<ExtensionType> ExtensionMap::type(std::uint8_t id) const {
  if (id == 0) return std::nullopt;
  for (std::size_t i = 0; i < kExtensionTypes; ++i) {
    if (ids_[i] == id) return static_cast<ExtensionType>(i);
  }
  return std::nullopt;
}

}  // namespace tidewire::rtp
