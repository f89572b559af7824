// Builds the m-sections of our own descriptions (RFC 9429 §5.2, §5.3). Internal to src/sdp.
#pragma once

#include <string>
#include <vector>

#include "sdp/codec.h"
#include "sdp/description.h"
#include "sdp/dtls_attributes.h"
#include "sdp/header_extension.h"
#include "sdp/negotiation_state.h"

namespace tidewire::sdp {

// What all sections say about the shared transport.
struct TransportLines {
  IceCredentials ice;
  std::vector<Fingerprint> fingerprints;
  Setup setup = Setup::kActpass;
};

struct MediaLines {
  std::string mid;  // empty: not written
  std::string protocol = "UDP/TLS/RTP/SAVPF";
  Direction direction = Direction::kInactive;
  std::vector<Codec> codecs;
  std::vector<HeaderExtension> extensions;
  bool rtcp_rsize = true;
  std::vector<std::string> send_rids{};
  std::vector<std::string> receive_rids{};
};

MediaSection write_media(const Transceiver& transceiver, const std::string& cname, const TransportLines& transport,
                         const MediaLines& lines);

// `offered` is the section to answer; null in an offer.
MediaSection write_data(const std::string& mid, const MediaSection* offered, const TransportLines& transport,
                        const NegotiatorConfig& config);

// A section with port 0. `like` gives kind, protocol and formats.
MediaSection write_rejected(const MediaSection& like, const std::string& mid);

// The lines above the sections; the BUNDLE group has every section in use, in the order of `bundle`.
Description write_session(const State& state, std::vector<std::string> bundle, bool extmap_allow_mixed);

// Puts the candidates so far into the section that carries the transport, in place of those that it has.
void write_candidates(const State& state, AppliedDescription& description);

}  // namespace tidewire::sdp
