#include "sdp/section_writer.h"

#include <algorithm>
#include <utility>

#include "sdp/simulcast.h"

namespace tidewire::sdp {
namespace {

MediaSection start_section(std::string kind, std::string protocol) {
  MediaSection section;
  section.kind = std::move(kind);
  section.protocol = std::move(protocol);
  // RFC 8840 §4.1.1: port 9 and 0.0.0.0 while the candidates trickle.
  section.fields.push_back({'c', "IN IP4 0.0.0.0"});
  return section;
}

void write_transport(const TransportLines& transport, const std::string& mid, Attributes& attributes) {
  attributes.add("ice-ufrag", transport.ice.ufrag);
  attributes.add("ice-pwd", transport.ice.pwd);
  attributes.add("ice-options", "trickle");
  for (const Fingerprint& fingerprint : transport.fingerprints) write_fingerprint(fingerprint, attributes);
  attributes.add("setup", std::string(to_string(transport.setup)));
  if (!mid.empty()) attributes.add("mid", mid);
}

// RFC 9429 §5.2.1: one a=msid for each stream, "-" when there is none.
std::vector<std::string> msids(const Transceiver& transceiver) {
  std::vector<std::string> out;
  for (const std::string& stream : transceiver.stream_ids) out.push_back(stream + " " + transceiver.track_id);
  if (out.empty()) out.push_back("- " + transceiver.track_id);
  return out;
}

// RFC 5576 §4.1; RFC 4588 §8.1: with retransmission a second source, grouped with the first; RFC 5956 §4.3: with
// forward error correction one more.
void write_sources(const Transceiver& transceiver, const std::string& cname, const std::vector<Codec>& codecs,
                   Attributes& attributes) {
  const LocalEncoding& encoding = transceiver.encodings.front();
  std::vector<std::string> ssrcs{std::to_string(encoding.ssrc)};
  if (std::any_of(codecs.begin(), codecs.end(), is_rtx)) {
    ssrcs.push_back(std::to_string(encoding.rtx_ssrc));
    attributes.add("ssrc-group", "FID " + ssrcs[0] + " " + ssrcs[1]);
  }
  if (std::any_of(codecs.begin(), codecs.end(), is_flexfec)) {
    ssrcs.push_back(std::to_string(encoding.fec_ssrc));
    attributes.add("ssrc-group", "FEC-FR " + ssrcs[0] + " " + ssrcs.back());
  }
  for (const std::string& ssrc : ssrcs) {
    attributes.add("ssrc", ssrc + " cname:" + cname);
    attributes.add("ssrc", ssrc + " msid:" + msids(transceiver).front());
  }
}

}  // namespace

MediaSection write_media(const Transceiver& transceiver, const std::string& cname, const TransportLines& transport,
                         const MediaLines& lines) {
  MediaSection section = start_section(std::string(to_string(transceiver.kind)), lines.protocol);
  Attributes& attributes = section.attributes;
  attributes.add("rtcp", "9 IN IP4 0.0.0.0");
  write_transport(transport, lines.mid, attributes);
  for (const HeaderExtension& extension : lines.extensions) write_header_extension(extension, attributes);
  attributes.add(std::string(to_string(lines.direction)));
  if (sends(lines.direction)) {
    for (std::string& msid : msids(transceiver)) attributes.add("msid", std::move(msid));
  }
  attributes.add("rtcp-mux");
  if (lines.rtcp_rsize) attributes.add("rtcp-rsize");
  for (const Codec& codec : lines.codecs) write_codec(codec, section);
  write_common_feedback(lines.codecs, section);
  // Encodings with a rid are known by it (RFC 8853 §5.5), not by their SSRC.
  if (sends(lines.direction) && lines.send_rids.empty()) write_sources(transceiver, cname, lines.codecs, attributes);
  write_simulcast(lines.send_rids, lines.receive_rids, attributes);
  return section;
}

MediaSection write_data(const std::string& mid, const MediaSection* offered, const TransportLines& transport,
                        const NegotiatorConfig& config) {
  const bool old_style = offered && offered->attributes.has("sctpmap") && !offered->attributes.has("sctp-port");
  MediaSection section = start_section("application", offered ? offered->protocol : "UDP/DTLS/SCTP");
  const std::string port = std::to_string(config.sctp_port);
  section.formats.push_back(old_style ? port : "webrtc-datachannel");
  write_transport(transport, mid, section.attributes);
  if (old_style) {
    section.attributes.add("sctpmap", port + " webrtc-datachannel 65535");
  } else {
    section.attributes.add("sctp-port", port);
  }
  section.attributes.add("max-message-size", std::to_string(config.max_message_size));
  return section;
}

MediaSection write_rejected(const MediaSection& like, const std::string& mid) {
  MediaSection section = start_section(like.kind, like.protocol);
  section.port = 0;
  section.formats.push_back(like.formats.front());
  if (!mid.empty()) section.attributes.add("mid", mid);
  section.attributes.add("inactive");
  return section;
}

Description write_session(const State& state, std::vector<std::string> bundle, bool extmap_allow_mixed) {
  Description description;
  description.origin.session_id = state.session_id;
  // RFC 9429 §5.2.2: the version grows with each description that differs.
  description.origin.session_version = state.session_version + 1;
  description.fields.push_back({'t', "0 0"});
  if (!bundle.empty()) write_group({"BUNDLE", std::move(bundle)}, description.attributes);
  if (state.local_ice_lite) description.attributes.add("ice-lite");
  if (extmap_allow_mixed) description.attributes.add("extmap-allow-mixed");
  description.attributes.add("msid-semantic", " WMS *");
  return description;
}

void write_candidates(const State& state, AppliedDescription& description) {
  const SectionView* transport = description.view.transport_section();
  if (!transport || transport->ice.credentials != state.local_ice) return;
  const auto index = static_cast<std::size_t>(transport - description.view.sections.data());
  Attributes& attributes = description.tree.media[index].attributes;
  Attributes kept;
  for (const Attribute& attribute : attributes.all()) {
    if (attribute.name != "candidate" && attribute.name != "end-of-candidates") kept.add(attribute);
  }
  constexpr std::size_t kPrefix = std::string_view("candidate:").size();
  for (const std::string& candidate : state.local_candidates) kept.add("candidate", candidate.substr(kPrefix));
  if (state.local_end_of_candidates) kept.add("end-of-candidates");
  attributes = std::move(kept);
}

}  // namespace tidewire::sdp
