// A description as WebRTC reads it: every attribute in its type, session-level values passed down to the sections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sdp/codec.h"
#include "sdp/description.h"
#include "sdp/direction.h"
#include "sdp/dtls_attributes.h"
#include "sdp/grouping.h"
#include "sdp/header_extension.h"
#include "sdp/ice_attributes.h"
#include "sdp/sctp_attributes.h"
#include "sdp/source.h"

namespace tidewire::sdp {

// kOther: a kind or protocol that WebRTC does not use; such a section is rejected, never an error.
enum class SectionKind { kAudio, kVideo, kApplication, kOther };

struct SectionView {
  SectionKind kind = SectionKind::kOther;
  // Port 0 without a=bundle-only. Nothing below but `mid` is read then.
  bool rejected = false;
  bool bundle_only = false;
  std::string mid;  // empty when not given
  Direction direction = Direction::kSendrecv;
  std::vector<Codec> codecs;
  std::vector<HeaderExtension> extensions;
  SourceAttributes sources;
  bool rtcp_mux = false;
  bool rtcp_rsize = false;
  // RFC 8866 §6.4, in milliseconds; nothing when not given, or no number.
  std::optional<std::uint32_t> ptime;
  std::optional<std::uint32_t> maxptime;
  bool extmap_allow_mixed = false;
  IceAttributes ice;
  std::vector<Fingerprint> fingerprints;
  std::optional<Setup> setup;
  SctpAttributes sctp;
  std::uint32_t line = 0;

  bool is_media() const { return kind == SectionKind::kAudio || kind == SectionKind::kVideo; }
};

struct DescriptionView {
  std::vector<SectionView> sections;
  std::vector<Group> groups;
  bool ice_lite = false;

  // The section whose transport all others share: the first of the BUNDLE group, or the only one in use.
  // Null when no section is in use.
  const SectionView* transport_section() const;
};

// Errors: kSyntax for an attribute that does not parse, kInvalidAccess for values that contradict each other
// (two sections with one mid). Both open with "line N: ".
Result<DescriptionView> interpret(const Description& description);

}  // namespace tidewire::sdp
