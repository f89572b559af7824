// RFC 9429 §5.3: creating an answer.
#include <algorithm>
#include <utility>

#include "sdp/h264_profile.h"
#include "sdp/offer_answer.h"
#include "sdp/section_writer.h"
#include "sdp/simulcast.h"

namespace tidewire::sdp {
namespace {

std::vector<RtcpFeedback> common(const std::vector<RtcpFeedback>& offered, const std::vector<RtcpFeedback>& ours) {
  std::vector<RtcpFeedback> both;
  for (const RtcpFeedback& feedback : ours) {
    if (std::find(offered.begin(), offered.end(), feedback) != offered.end()) both.push_back(feedback);
  }
  return both;
}

Codec answer_codec(const Codec& offered, const CodecCapability& ours) {
  const bool h264 = same_token(ours.name, "H264");
  // RFC 2198 §4: the numbers of what red carries are the offer's, too.
  const bool red = same_token(ours.name, "red");
  // RFC 3264 §6.1: an answer uses the offer's numbers.
  return {offered.payload_type,
          ours.name,
          ours.clock_rate,
          ours.channels,
          h264  ? h264_answer(offered.fmtp, ours.fmtp)
          : red ? offered.fmtp
                : ours.fmtp,
          common(offered.feedback, ours.feedback)};
}

// RFC 9429 §5.3.1: in the offer's order, or in that of the preferences where they were set.
std::vector<Codec> answer_codecs(const std::vector<Codec>& offered, const Transceiver& transceiver,
                                 const Capabilities& capabilities) {
  const std::vector<CodecCapability> ours = codecs_for(transceiver, capabilities);
  std::vector<Codec> codecs;
  const auto add = [&](const Codec& theirs, const CodecCapability& capability) {
    if (matches(capability, theirs)) codecs.push_back(answer_codec(theirs, capability));
    return matches(capability, theirs);
  };
  if (!transceiver.preferences.empty()) {
    for (const CodecCapability& capability : ours) {
      for (const Codec& theirs : offered) add(theirs, capability);
    }
    return codecs;
  }
  for (const Codec& theirs : offered) {
    std::any_of(ours.begin(), ours.end(), [&](const CodecCapability& capability) { return add(theirs, capability); });
  }
  return codecs;
}

// RFC 4588 §8.6: the offered retransmission of each codec that is accepted with nack.
std::vector<Codec> with_retransmission(const std::vector<Codec>& accepted, const std::vector<Codec>& offered) {
  std::vector<Codec> all;
  for (const Codec& codec : accepted) {
    all.push_back(codec);
    const Codec* rtx = find_rtx(offered, codec.payload_type);
    const bool nack = std::any_of(codec.feedback.begin(), codec.feedback.end(),
                                  [](const RtcpFeedback& f) { return f.type == "nack" && f.parameter.empty(); });
    if (rtx && nack) {
      all.push_back({rtx->payload_type, "rtx", rtx->clock_rate, 1, "apt=" + std::to_string(codec.payload_type), {}});
    }
  }
  return all;
}

// RFC 8285 §7: the offer's ids, for the directions that both allow.
std::vector<HeaderExtension> answer_extensions(const std::vector<HeaderExtension>& offered, MediaKind kind,
                                               const Capabilities& capabilities) {
  std::vector<HeaderExtension> extensions;
  for (const HeaderExtension& theirs : offered) {
    if (theirs.id > 14) continue;  // needs two-byte headers, which we do not send
    for (const HeaderExtensionCapability& ours : capabilities.header_extensions) {
      if (ours.kind != kind || ours.uri != theirs.uri) continue;
      const Direction direction = intersect(ours.direction, reversed(theirs.direction));
      if (direction != Direction::kInactive) extensions.push_back({theirs.id, direction, theirs.uri, {}});
      break;
    }
  }
  return extensions;
}

class AnswerMaker {
 public:
  AnswerMaker(const State& state, const NegotiatorConfig& config, IceCredentials ice)
      : state_(state), config_(config), offer_(*state.pending_remote), transport_{ice, config.fingerprints, setup()} {
    created_.ice = std::move(ice);
    created_.next_mid = state.next_mid;
    created_.revision = state.revision;
    created_.data_mline = state.data.mline;
  }

  Created make();

 private:
  Setup setup() const;
  MediaSection answer_section(std::size_t index);
  std::optional<MediaSection> answer_media(std::size_t index, const Transceiver& transceiver);
  bool offers_congestion_feedback() const;
  void choose_feedback(MediaLines& lines) const;
  std::vector<std::string> bundle() const;

  const State& state_;
  const NegotiatorConfig& config_;
  const AppliedDescription& offer_;
  TransportLines transport_;
  Created created_;
  std::vector<std::string> accepted_;
};

// RFC 8842 §5.3 and RFC 9429 §5.3.1: active, so that the handshake starts with the answer's arrival; but while the
// DTLS association lives on, its roles do.
Setup AnswerMaker::setup() const {
  const SectionView* section = offer_.view.transport_section();
  const Setup offered = section ? section->setup.value_or(Setup::kActpass) : Setup::kActpass;
  if (offered == Setup::kActive) return Setup::kPassive;
  if (offered == Setup::kPassive) return Setup::kActive;
  const std::optional<NegotiatedTransport>& transport = state_.negotiated.transport;
  const bool lives_on = transport && transport->dtls_role && section && state_.current_remote &&
                        state_.current_remote->view.transport_section() &&
                        state_.current_remote->view.transport_section()->fingerprints == section->fingerprints;
  return lives_on && *transport->dtls_role == DtlsRole::kServer ? Setup::kPassive : Setup::kActive;
}

// Everywhere, for all sections share a transport and its congestion control.
bool AnswerMaker::offers_congestion_feedback() const {
  return std::ranges::all_of(offer_.view.sections, [](const SectionView& section) {
    return section.rejected || !section.is_media() || std::ranges::any_of(section.codecs, [](const Codec& codec) {
             return std::ranges::any_of(codec.feedback, is_congestion_feedback);
           });
  });
}

// RFC 8888 §6: one of the ways that were offered, and always the same one. It needs no transport-wide numbers.
void AnswerMaker::choose_feedback(MediaLines& lines) const {
  if (!offers_congestion_feedback()) {
    for (Codec& codec : lines.codecs) std::erase_if(codec.feedback, is_congestion_feedback);
    return;
  }
  bool chosen = false;
  for (Codec& codec : lines.codecs) {
    prefer_congestion_feedback(codec.feedback);
    chosen |= std::ranges::any_of(codec.feedback, is_congestion_feedback);
  }
  if (chosen) std::erase_if(lines.extensions, [](const auto& e) { return e.uri == kTransportWideCcUri; });
}

std::optional<MediaSection> AnswerMaker::answer_media(std::size_t index, const Transceiver& transceiver) {
  const SectionView& offered = offer_.view.sections[index];
  MediaLines lines;
  lines.codecs = answer_codecs(offered.codecs, transceiver, config_.capabilities);
  if (std::ranges::none_of(lines.codecs, [](const Codec& codec) { return carries_frames(codec.name); })) {
    return std::nullopt;
  }
  lines.codecs = with_retransmission(lines.codecs, offered.codecs);
  lines.mid = offered.mid;
  lines.protocol = offer_.tree.media[index].protocol;
  lines.direction = intersect(transceiver.direction, reversed(offered.direction));
  lines.extensions = answer_extensions(offered.extensions, transceiver.kind, config_.capabilities);
  choose_feedback(lines);
  lines.rtcp_rsize = offered.rtcp_rsize;
  if (receives(lines.direction)) lines.receive_rids = offered_rids(offered.sources);
  if (sends(lines.direction) && !wanted_rids(offered.sources).empty()) {
    for (const LocalEncoding& encoding : accepted_encodings(transceiver.encodings, offered.sources)) {
      if (!encoding.rid.empty()) lines.send_rids.push_back(encoding.rid);
    }
  }
  return write_media(transceiver, state_.cname, transport_, lines);
}

MediaSection AnswerMaker::answer_section(std::size_t index) {
  const SectionView& offered = offer_.view.sections[index];
  const MediaSection& like = offer_.tree.media[index];
  const Transceiver* transceiver = state_.at_mline(index);
  if (offered.rejected) return write_rejected(like, offered.mid);
  std::optional<MediaSection> section;
  if (offered.is_media() && transceiver && !transceiver->stopping) section = answer_media(index, *transceiver);
  if (offered.kind == SectionKind::kApplication && state_.data.mline == index) {
    section = write_data(offered.mid, &like, transport_, config_);
  }
  if (!section) return write_rejected(like, offered.mid);
  accepted_.push_back(offered.mid);
  if (offered.is_media()) created_.transceivers[index] = transceiver->id;
  return *std::move(section);
}

// RFC 9143 §7.3.1: the offered group, in its order, without what is rejected.
std::vector<std::string> AnswerMaker::bundle() const {
  std::vector<std::string> mids;
  for (const Group& group : offer_.view.groups) {
    if (group.semantics != "BUNDLE") continue;
    for (const std::string& mid : group.mids) {
      if (std::find(accepted_.begin(), accepted_.end(), mid) != accepted_.end()) mids.push_back(mid);
    }
    break;
  }
  return mids;
}

Created AnswerMaker::make() {
  std::vector<MediaSection> sections;
  created_.transceivers.resize(offer_.tree.media.size());
  for (std::size_t index = 0; index < offer_.tree.media.size(); ++index) sections.push_back(answer_section(index));
  const bool mixed = std::any_of(offer_.view.sections.begin(), offer_.view.sections.end(),
                                 [](const SectionView& section) { return section.extmap_allow_mixed; });
  created_.tree = write_session(state_, bundle(), mixed);
  created_.tree.media = std::move(sections);
  return std::move(created_);
}

}  // namespace

Created make_answer(const State& state, const NegotiatorConfig& config, IceCredentials ice) {
  return AnswerMaker(state, config, std::move(ice)).make();
}

}  // namespace tidewire::sdp
