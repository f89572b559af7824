// What a remote description must be before it is applied.
#include <algorithm>
#include <set>

#include "sdp/apply.h"
#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

bool in_use(const SectionView& section) { return !section.rejected && section.kind != SectionKind::kOther; }

// max-bundle: all sections in use are in one BUNDLE group. A single one needs none.
Result<> check_bundle(const DescriptionView& view) {
  const auto used = std::count_if(view.sections.begin(), view.sections.end(), in_use);
  if (used < 2) return {};
  const auto group =
      std::find_if(view.groups.begin(), view.groups.end(), [](const Group& g) { return g.semantics == "BUNDLE"; });
  std::set<std::string_view> mids;
  if (group != view.groups.end()) mids.insert(group->mids.begin(), group->mids.end());
  for (std::size_t index = 0; index < view.sections.size(); ++index) {
    if (in_use(view.sections[index]) && !mids.contains(view.sections[index].mid)) {
      return section_error(ErrorCode::kNotSupported, view, index,
                           "is not in a=group:BUNDLE; all media must share one transport");
    }
  }
  return {};
}

}  // namespace

Result<> check_remote(const DescriptionView& view) {
  if (const Result<> bundled = check_bundle(view); !bundled) return bundled;
  for (std::size_t index = 0; index < view.sections.size(); ++index) {
    const SectionView& section = view.sections[index];
    if (in_use(section) && section.is_media() && !section.rtcp_mux) {
      return section_error(ErrorCode::kNotSupported, view, index, "has no a=rtcp-mux; RTP and RTCP must share a port");
    }
  }
  const SectionView* transport = view.transport_section();
  if (!transport) return {};
  const auto index = static_cast<std::size_t>(transport - view.sections.data());
  const auto missing = [&](std::string_view what) {
    return section_error(ErrorCode::kInvalidAccess, view, index, what);
  };
  if (transport->ice.credentials.ufrag.empty()) return missing("has no a=ice-ufrag");
  if (transport->ice.credentials.pwd.empty()) return missing("has no a=ice-pwd");
  // RFC 8827 §6.5: no DTLS without a fingerprint, and no media without DTLS.
  if (transport->fingerprints.empty()) return missing("has no a=fingerprint; media is always encrypted");
  if (transport->setup == Setup::kHoldconn) return missing("has a=setup:holdconn, which DTLS cannot use");
  return {};
}

// RFC 9429 §5.11 and RFC 3264 §6
Result<> check_answer(const DescriptionView& offer, DescriptionView& answer) {
  if (offer.sections.size() != answer.sections.size()) {
    return Error{ErrorCode::kInvalidAccess, "the answer has " + std::to_string(answer.sections.size()) +
                                                " m-lines, the offer has " + std::to_string(offer.sections.size())};
  }
  for (std::size_t index = 0; index < offer.sections.size(); ++index) {
    const SectionView& offered = offer.sections[index];
    SectionView& section = answer.sections[index];
    if (section.mid.empty()) section.mid = offered.mid;
    const auto wrong = [&](std::string_view what) {
      return section_error(ErrorCode::kInvalidAccess, answer, index, what);
    };
    if (section.mid != offered.mid) return wrong("the offer has mid " + quoted(offered.mid) + " there");
    if (section.rejected) continue;
    if (offered.rejected) return wrong("was rejected by the offer and cannot be accepted");
    if (section.kind != offered.kind) return wrong("is of another kind than in the offer");
    // RFC 8842 §5.3: an answer decides.
    if (section.setup == Setup::kActpass) return wrong("has a=setup:actpass, which only an offer may have");
  }
  return {};
}

// RFC 9429 §5.10: m-lines keep their places; a rejected one may be used for something new.
Result<> check_offer(const State& state, const DescriptionView& offer) {
  if (!state.current_remote) return {};
  const DescriptionView& before = state.current_remote->view;
  if (offer.sections.size() < before.sections.size()) {
    return Error{ErrorCode::kInvalidAccess, "the offer has " + std::to_string(offer.sections.size()) +
                                                " m-lines, fewer than the " + std::to_string(before.sections.size()) +
                                                " of the session"};
  }
  for (std::size_t index = 0; index < before.sections.size(); ++index) {
    const bool is_live = state.at_mline(index) || state.data.mline == index;
    if (!is_live) continue;
    const SectionView& section = offer.sections[index];
    const SectionView& old = before.sections[index];
    if (!section.rejected && section.kind != old.kind) {
      return section_error(ErrorCode::kInvalidAccess, offer, index, "is of another kind than before");
    }
    const std::string& mid = old.mid.empty() ? state.current_local->view.sections[index].mid : old.mid;
    if (!section.rejected && section.mid != mid) {
      return section_error(ErrorCode::kInvalidAccess, offer, index, "had mid " + quoted(mid) + " before");
    }
  }
  return {};
}

}  // namespace tidewire::sdp
