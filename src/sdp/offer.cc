// RFC 9429 §5.2: creating an offer.
#include <algorithm>
#include <utility>

#include "sdp/number_plan.h"
#include "sdp/offer_answer.h"
#include "sdp/section_writer.h"

namespace tidewire::sdp {
namespace {

std::vector<std::string> rids_of(const std::vector<LocalEncoding>& encodings) {
  std::vector<std::string> rids;
  for (const LocalEncoding& encoding : encodings) {
    if (!encoding.rid.empty()) rids.push_back(encoding.rid);
  }
  return rids;
}

class OfferMaker {
 public:
  OfferMaker(const State& state, const NegotiatorConfig& config, IceCredentials ice)
      : state_(state), config_(config), transport_{ice, config.fingerprints, Setup::kActpass}, numbers_(state) {
    created_.ice = std::move(ice);
    created_.next_mid = state.next_mid;
    created_.revision = state.revision;
  }

  Created make();

 private:
  void keep_section(std::size_t index);
  // Index of the section for something new: one that both sides know as rejected, else one more at the end.
  std::size_t free_section();
  std::vector<CodecCapability> offered_codecs(std::size_t index, const Transceiver& transceiver) const;
  void put_media(std::size_t index, const Transceiver& transceiver);
  void put_data(std::size_t index, const std::string& mid);
  std::string new_mid();
  bool mid_in_use(const std::string& mid) const;

  const State& state_;
  const NegotiatorConfig& config_;
  TransportLines transport_;
  NumberPlan numbers_;
  Created created_;
  std::vector<MediaSection> sections_;
  std::vector<std::string> mids_;        // of each section in use, empty for a rejected one
  std::vector<std::size_t> recyclable_;  // in rising order
};

bool OfferMaker::mid_in_use(const std::string& mid) const {
  const auto has = [&](const AppliedDescription* description) {
    return description && std::any_of(description->view.sections.begin(), description->view.sections.end(),
                                      [&](const SectionView& s) { return s.mid == mid; });
  };
  return has(state_.local()) || has(state_.remote()) || std::find(mids_.begin(), mids_.end(), mid) != mids_.end();
}

std::string OfferMaker::new_mid() {
  std::string mid;
  do {
    mid = std::to_string(created_.next_mid++);
  } while (mid_in_use(mid));
  return mid;
}

// What is not offered of our own accord stays where it was agreed on (RFC 9429 §5.2.2).
std::vector<CodecCapability> OfferMaker::offered_codecs(std::size_t index, const Transceiver& transceiver) const {
  std::vector<CodecCapability> codecs = codecs_for(transceiver, config_.capabilities);
  if (!transceiver.preferences.empty()) return codecs;
  const std::vector<NegotiatedSection>& agreed = state_.negotiated.sections;
  std::erase_if(codecs, [&](const CodecCapability& codec) {
    const bool known =
        transceiver.association.mline && index < agreed.size() &&
        std::ranges::find(agreed[index].codecs, codec.name, &NegotiatedCodec::name) != agreed[index].codecs.end();
    return !codec.offered && !known;
  });
  return codecs;
}

void OfferMaker::put_media(std::size_t index, const Transceiver& transceiver) {
  MediaLines lines;
  lines.mid = transceiver.association.mid ? *transceiver.association.mid : new_mid();
  lines.direction = transceiver.direction;
  lines.codecs = numbers_.with_retransmission(numbers_.number(offered_codecs(index, transceiver)));
  lines.extensions = numbers_.number(config_.capabilities.header_extensions, transceiver.kind);
  if (sends(transceiver.direction)) lines.send_rids = rids_of(transceiver.encodings);
  // What the other side has been sending goes on.
  const std::vector<NegotiatedSection>& agreed = state_.negotiated.sections;
  if (receives(transceiver.direction) && transceiver.association.mline && index < agreed.size()) {
    lines.receive_rids = agreed[index].remote_rids;
  }
  sections_[index] = write_media(transceiver, state_.cname, transport_, lines);
  mids_[index] = lines.mid;
  created_.transceivers[index] = transceiver.id;
}

void OfferMaker::put_data(std::size_t index, const std::string& mid) {
  sections_[index] = write_data(mid, nullptr, transport_, config_);
  mids_[index] = mid;
  created_.data_mline = index;
}

// RFC 9429 §5.2.2: each existing section keeps its place.
void OfferMaker::keep_section(std::size_t index) {
  const AppliedDescription& layout = *state_.layout();
  const MediaSection& old = layout.tree.media[index];
  const Transceiver* transceiver = state_.at_mline(index);
  if (transceiver && !transceiver->stopping) return put_media(index, *transceiver);
  if (state_.data.mline == index) return put_data(index, layout.view.sections[index].mid);
  // Stopped, or rejected before by either side: then it belongs to nobody and may serve something new.
  sections_[index] = write_rejected(old, layout.view.sections[index].mid);
  if (!transceiver) recyclable_.push_back(index);
}

std::size_t OfferMaker::free_section() {
  if (!recyclable_.empty()) {
    const std::size_t index = recyclable_.front();
    recyclable_.erase(recyclable_.begin());
    return index;
  }
  sections_.emplace_back();
  mids_.emplace_back();
  created_.transceivers.emplace_back();
  return sections_.size() - 1;
}

Created OfferMaker::make() {
  const std::size_t known = state_.layout() ? state_.layout()->tree.media.size() : 0;
  sections_.resize(known);
  mids_.resize(known);
  created_.transceivers.resize(known);
  for (std::size_t index = 0; index < known; ++index) keep_section(index);
  for (const Transceiver& transceiver : state_.transceivers) {
    if (!transceiver.association.mline && !transceiver.stopping) put_media(free_section(), transceiver);
  }
  if (state_.data.wanted && !state_.data.mline) put_data(free_section(), new_mid());

  std::vector<std::string> bundle;
  std::copy_if(mids_.begin(), mids_.end(), std::back_inserter(bundle), [](const std::string& m) { return !m.empty(); });
  created_.tree = write_session(state_, std::move(bundle), true);
  created_.tree.media = std::move(sections_);
  return std::move(created_);
}

}  // namespace

std::vector<CodecCapability> codecs_for(const Transceiver& transceiver, const Capabilities& capabilities) {
  if (!transceiver.preferences.empty()) return transceiver.preferences;
  std::vector<CodecCapability> codecs;
  for (const CodecCapability& codec : capabilities.codecs) {
    if (codec.kind == transceiver.kind) codecs.push_back(codec);
  }
  return codecs;
}

Created make_offer(const State& state, const NegotiatorConfig& config, IceCredentials ice) {
  return OfferMaker(state, config, std::move(ice)).make();
}

}  // namespace tidewire::sdp
