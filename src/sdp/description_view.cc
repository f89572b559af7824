#include "sdp/description_view.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

// RFC 9429 §5.1.2: DTLS-SRTP under its own name and under the older ones that are taken for it.
constexpr std::array<std::string_view, 8> kMediaProtocols{"UDP/TLS/RTP/SAVPF",  "UDP/TLS/RTP/SAVP", "TCP/TLS/RTP/SAVPF",
                                                          "TCP/DTLS/RTP/SAVPF", "RTP/SAVPF",        "RTP/SAVP",
                                                          "RTP/AVPF",           "RTP/AVP"};
constexpr std::array<std::string_view, 3> kDataProtocols{"UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP"};

constexpr std::array<std::string_view, 12> kInherited{"ice-ufrag",   "ice-pwd",  "ice-options", "end-of-candidates",
                                                      "fingerprint", "setup",    "sendrecv",    "sendonly",
                                                      "recvonly",    "inactive", "extmap",      "extmap-allow-mixed"};

// The attributes of the session that its sections inherit; bounded, for each section reads them.
Attributes inherited_attributes(const Attributes& session) {
  constexpr std::size_t kMaxInherited = 64;
  Attributes inherited;
  for (const Attribute& attribute : session.all()) {
    if (inherited.all().size() == kMaxInherited) break;
    if (std::find(kInherited.begin(), kInherited.end(), attribute.name) != kInherited.end()) inherited.add(attribute);
  }
  return inherited;
}

template <typename List>
bool contains(const List& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

SectionKind kind_of(const MediaSection& section) {
  if (section.kind == "audio" && contains(kMediaProtocols, section.protocol)) return SectionKind::kAudio;
  if (section.kind == "video" && contains(kMediaProtocols, section.protocol)) return SectionKind::kVideo;
  const bool is_data = section.kind == "application" && contains(kDataProtocols, section.protocol) &&
                       (section.formats.front() == "webrtc-datachannel" || section.attributes.has("sctpmap"));
  return is_data ? SectionKind::kApplication : SectionKind::kOther;
}

// Stores the value of `result` in `out`, or its error in `error` unless there is one already.
template <typename T>
void store(Result<T> result, T& out, std::optional<Error>& error) {
  if (result) {
    out = *std::move(result);
  } else if (!error) {
    error = result.error();
  }
}

std::optional<std::uint32_t> milliseconds(const Attributes& attributes, std::string_view name) {
  const Attribute* attribute = attributes.find(name);
  return attribute ? to_number<std::uint32_t>(attribute->text()) : std::nullopt;
}

Result<SectionView> interpret_section(const MediaSection& section, const Attributes& session) {
  SectionView view;
  std::optional<Error> error;
  view.kind = kind_of(section);
  view.line = section.line;
  store(parse_mid(section), view.mid, error);
  // RFC 9143 §6: port 0 with a=bundle-only says "only in the bundle", without it "rejected".
  view.bundle_only = section.attributes.has("bundle-only");
  view.rejected = section.port == 0 && !view.bundle_only;
  if (error) return *error;
  if (view.rejected || view.kind == SectionKind::kOther) return view;

  view.direction = parse_direction(section, session);
  view.extmap_allow_mixed = section.attributes.has("extmap-allow-mixed") || session.has("extmap-allow-mixed");
  store(parse_ice(section, session), view.ice, error);
  store(parse_fingerprints(section, session), view.fingerprints, error);
  store(parse_setup(section, session), view.setup, error);
  if (view.is_media()) {
    view.rtcp_mux = section.attributes.has("rtcp-mux");
    view.rtcp_rsize = section.attributes.has("rtcp-rsize");
    view.ptime = milliseconds(section.attributes, "ptime");
    view.maxptime = milliseconds(section.attributes, "maxptime");
    store(parse_codecs(section), view.codecs, error);
    store(parse_header_extensions(section.attributes.has("extmap") ? section.attributes : session), view.extensions,
          error);
    store(parse_sources(section), view.sources, error);
  } else {
    store(parse_sctp(section), view.sctp, error);
  }
  if (error) return *error;
  return view;
}

// RFC 9143 §10: an identifier names one extension in all sections of a bundle. QUIRK: aiortc gives one to two
// extensions, and ends when it reads the other; neither is used then.
void drop_ambiguous_extensions(std::vector<SectionView>& sections) {
  std::map<std::uint32_t, std::set<std::string>> meanings;
  for (const SectionView& section : sections) {
    for (const HeaderExtension& extension : section.extensions) meanings[extension.id].insert(extension.uri);
  }
  for (SectionView& section : sections) {
    std::erase_if(section.extensions, [&](const HeaderExtension& e) { return meanings[e.id].size() > 1; });
  }
}

}  // namespace

const SectionView* DescriptionView::transport_section() const {
  const auto in_use = [](const SectionView& s) { return !s.rejected && s.kind != SectionKind::kOther; };
  for (const Group& group : groups) {
    if (group.semantics != "BUNDLE") continue;
    for (const std::string& mid : group.mids) {
      const auto section = std::find_if(sections.begin(), sections.end(),
                                        [&](const SectionView& s) { return s.mid == mid && in_use(s); });
      if (section != sections.end()) return &*section;
    }
  }
  const auto first = std::find_if(sections.begin(), sections.end(), in_use);
  return first == sections.end() ? nullptr : &*first;
}

Result<DescriptionView> interpret(const Description& description) {
  DescriptionView view;
  view.groups = parse_groups(description.attributes);
  view.ice_lite = description.attributes.has("ice-lite");
  const Attributes session = inherited_attributes(description.attributes);
  std::set<std::string> mids;
  for (const MediaSection& section : description.media) {
    Result<SectionView> section_view = interpret_section(section, session);
    if (!section_view) return section_view.error();
    if (!section_view->mid.empty() && !mids.insert(section_view->mid).second) {
      return error_at(ErrorCode::kInvalidAccess, section.line,
                      "a second section with mid " + quoted(section_view->mid));
    }
    view.sections.push_back(*std::move(section_view));
  }
  drop_ambiguous_extensions(view.sections);
  return view;
}

}  // namespace tidewire::sdp
