// What an offer and its answer add up to.
#include <algorithm>
#include <string_view>
#include <utility>

#include "sdp/apply.h"
#include "sdp/simulcast.h"

namespace tidewire::sdp {
namespace {

const Codec* counterpart(const std::vector<Codec>& offered, const Codec& answered, const CodecCapability& capability) {
  const Codec* other = nullptr;
  for (const Codec& codec : offered) {
    if (!matches(capability, codec)) continue;
    if (codec.payload_type == answered.payload_type) return &codec;
    if (!other) other = &codec;
  }
  return other;
}

std::vector<RtcpFeedback> common(const std::vector<RtcpFeedback>& a, const std::vector<RtcpFeedback>& b) {
  std::vector<RtcpFeedback> both;
  std::copy_if(a.begin(), a.end(), std::back_inserter(both),
               [&](const RtcpFeedback& f) { return std::find(b.begin(), b.end(), f) != b.end(); });
  return both;
}

std::vector<NegotiatedCodec> agree_codecs(const Capabilities& capabilities, const SectionView& local,
                                          const SectionView& remote, bool local_offered) {
  std::vector<NegotiatedCodec> codecs;
  for (const Codec& answered : local_offered ? remote.codecs : local.codecs) {
    for (const CodecCapability& capability : capabilities.codecs) {
      if (section_kind(capability.kind) != local.kind || !matches(capability, answered)) continue;
      const Codec* offered = counterpart(local_offered ? local.codecs : remote.codecs, answered, capability);
      if (!offered) continue;
      const Codec& ours = local_offered ? *offered : answered;
      const Codec& theirs = local_offered ? answered : *offered;
      codecs.push_back({capability.name, capability.clock_rate, capability.channels, theirs.payload_type,
                        ours.payload_type, theirs.fmtp, ours.fmtp, common(ours.feedback, theirs.feedback)});
      prefer_congestion_feedback(codecs.back().feedback);  // should an answer have taken both
      const Codec* our_rtx = find_rtx(local.codecs, ours.payload_type);
      const Codec* their_rtx = find_rtx(remote.codecs, theirs.payload_type);
      if (our_rtx && their_rtx) {
        codecs.back().send_rtx_payload_type = their_rtx->payload_type;
        codecs.back().receive_rtx_payload_type = our_rtx->payload_type;
      }
      break;
    }
  }
  return codecs;
}

std::vector<NegotiatedExtension> agree_extensions(const SectionView& local, const SectionView& remote) {
  std::vector<NegotiatedExtension> extensions;
  for (const HeaderExtension& ours : local.extensions) {
    for (const HeaderExtension& theirs : remote.extensions) {
      if (ours.id != theirs.id || ours.uri != theirs.uri || ours.id > 255) continue;
      extensions.push_back({static_cast<std::uint8_t>(ours.id), ours.uri,
                            sends(ours.direction) && receives(theirs.direction),
                            receives(ours.direction) && sends(theirs.direction)});
      break;
    }
  }
  return extensions;
}

// RFC 5576 §4.2, RFC 4588 §8.1: the second of an FID group carries the retransmissions of the first; RFC 5956 §4.3,
// RFC 8627 §5.2: that of an FEC-FR group its forward error correction.
std::vector<RemoteSource> remote_sources(const SourceAttributes& attributes) {
  std::vector<RemoteSource> sources;
  const auto other = [&](std::string_view semantics, std::uint32_t ssrc, std::size_t position) {
    const auto found = std::ranges::find_if(attributes.groups, [&](const SourceGroup& group) {
      return group.semantics == semantics && group.ssrcs.size() == 2 && group.ssrcs[position] == ssrc;
    });
    return found == attributes.groups.end() ? std::nullopt : std::optional(found->ssrcs[1 - position]);
  };
  for (const Source& source : attributes.sources) {
    if (other("FID", source.ssrc, 1) || other("FEC-FR", source.ssrc, 1)) continue;
    sources.push_back({.ssrc = source.ssrc,
                       .rtx_ssrc = other("FID", source.ssrc, 0),
                       .fec_ssrc = other("FEC-FR", source.ssrc, 0),
                       .cname = source.cname});
  }
  return sources;
}

void agree_media(NegotiatedSection& section, const State& state, const Capabilities& capabilities,
                 const SectionView& local, const SectionView& remote, bool local_offered) {
  const Direction direction = intersect(local.direction, reversed(remote.direction));
  section.send = sends(direction);
  section.receive = receives(direction);
  section.codecs = agree_codecs(capabilities, local, remote, local_offered);
  section.extensions = agree_extensions(local, remote);
  section.extmap_allow_mixed = local.extmap_allow_mixed && remote.extmap_allow_mixed;
  section.rtcp_rsize = local.rtcp_rsize && remote.rtcp_rsize;
  section.remote_ptime = remote.ptime;
  section.remote_maxptime = remote.maxptime;
  section.remote_sources = remote_sources(remote.sources);
  // Simulcast is what the offer proposes and the answer takes.
  const std::vector<std::string> accepted = wanted_rids(local.sources);
  for (std::string& rid : offered_rids(remote.sources)) {
    if (std::ranges::find(accepted, rid) != accepted.end()) section.remote_rids.push_back(std::move(rid));
  }
  if (const Transceiver* transceiver = state.at_mline(section.index)) {
    section.transceiver = transceiver->id;
    section.remote_stream_ids = transceiver->association.remote_stream_ids;
    section.remote_track_id = transceiver->association.remote_track_id;
    section.local_encodings = accepted_encodings(transceiver->encodings, remote.sources);
    section.local_cname = state.cname;
  }
}

// The remote section that carries the transport: of the group that was answered, else of that which was offered.
const SectionView* remote_transport(const State& state) {
  const AppliedDescription* remote = state.remote();
  if (!remote) return nullptr;
  const bool answered = state.pending_remote ? state.pending_local.has_value() : state.current_local.has_value();
  const AppliedDescription* local = state.local();
  if (answered && remote->type == SdpType::kOffer && local->type != SdpType::kOffer) {
    if (const SectionView* ours = local->view.transport_section()) {
      const auto index = static_cast<std::size_t>(ours - local->view.sections.data());
      const SectionView& theirs = remote->view.sections[index];
      if (!theirs.ice.credentials.ufrag.empty()) return &theirs;
    }
  }
  return remote->view.transport_section();
}

std::optional<DtlsRole> role_of(const State& state, const SectionView& remote) {
  const AppliedDescription* local = state.local();
  const bool remote_answered = state.remote()->type != SdpType::kOffer;
  if (remote_answered) {
    // RFC 8842 §5.3; RFC 4145 §4.1: active when not given.
    return remote.setup.value_or(Setup::kActive) == Setup::kActive ? DtlsRole::kServer : DtlsRole::kClient;
  }
  if (!local || local->type == SdpType::kOffer) return std::nullopt;
  const SectionView* ours = local->view.transport_section();
  if (!ours) return std::nullopt;
  return ours->setup == Setup::kActive ? DtlsRole::kClient : DtlsRole::kServer;
}

}  // namespace

bool NegotiatedCodec::has_feedback(std::string_view type, std::string_view parameter) const {
  return std::any_of(feedback.begin(), feedback.end(),
                     [&](const RtcpFeedback& f) { return f.type == type && f.parameter == parameter; });
}

Result<> agree(State& state, const NegotiatorConfig& config, const DescriptionView& local,
               const DescriptionView& remote, bool local_offered) {
  NegotiatedSession& negotiated = state.negotiated;
  negotiated.sections.clear();
  negotiated.sctp.reset();
  for (std::size_t index = 0; index < local.sections.size(); ++index) {
    const SectionView& ours = local.sections[index];
    const SectionView& theirs = remote.sections[index];
    NegotiatedSection section{.index = index, .mid = ours.mid, .kind = ours.kind};
    // RFC 9429 §5.10: a section without a=mid has one all the same, known to this side alone.
    if (const Transceiver* transceiver = state.at_mline(index); transceiver && section.mid.empty()) {
      section.mid = transceiver->association.mid.value_or("");
    }
    section.rejected = ours.rejected || theirs.rejected || ours.kind == SectionKind::kOther;
    if (!section.rejected && ours.is_media()) {
      agree_media(section, state, config.capabilities, ours, theirs, local_offered);
      if (std::ranges::none_of(section.codecs, [](const auto& codec) { return carries_frames(codec.name); })) {
        return section_error(ErrorCode::kInvalidAccess, remote, index, "has none of the codecs that were offered");
      }
    }
    if (!section.rejected && ours.kind == SectionKind::kApplication) {
      negotiated.sctp = NegotiatedSctp{config.sctp_port, theirs.sctp.port, theirs.sctp.max_message_size};
    }
    negotiated.sections.push_back(std::move(section));
  }
  return {};
}

void update_transport(State& state, Applied& applied) {
  const SectionView* remote = remote_transport(state);
  std::optional<NegotiatedTransport>& transport = state.negotiated.transport;
  if (!state.remote()) transport.reset();
  if (!remote) return;
  NegotiatedTransport next = transport.value_or(NegotiatedTransport{});
  const bool restart = transport && transport->remote_ice != remote->ice.credentials;
  if (restart) {
    ++state.remote_ice_generation;
    applied.remote_ice_restart = true;
  }
  next.mline_index = static_cast<std::size_t>(remote - state.remote()->view.sections.data());
  next.mid = remote->mid;
  if (const Transceiver* transceiver = state.at_mline(next.mline_index)) {
    next.mid = transceiver->association.mid.value_or(next.mid);
  }
  next.local_ice = state.local_ice;
  next.local_ice_generation = state.local_ice_generation;
  next.remote_ice = remote->ice.credentials;
  next.remote_ice_generation = state.remote_ice_generation;
  next.remote_ice_lite = state.remote()->view.ice_lite;
  next.remote_candidates = remote->ice.candidates;
  next.end_of_candidates = remote->ice.end_of_candidates;
  next.remote_fingerprints = remote->fingerprints;
  if (const std::optional<DtlsRole> role = role_of(state, *remote)) next.dtls_role = role;
  // RFC 8445 §6.1.1: the agent whose offer started ICE controls, unless the other one is lite.
  const bool offered = state.ice_controlling.value_or(state.remote()->type != SdpType::kOffer);
  next.ice_controlling = (offered || next.remote_ice_lite) && !state.local_ice_lite;
  transport = std::move(next);
}

}  // namespace tidewire::sdp
