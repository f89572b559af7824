#include "sdp/candidates.h"

#include <algorithm>
#include <utility>

#include "sdp/apply.h"
#include "sdp/section_writer.h"
#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

// As many as a description keeps; a peer that sends more is out of its mind.
constexpr std::size_t kMaxCandidates = 256;

Error operation_error(std::string message) { return {ErrorCode::kOperation, std::move(message)}; }

// By mid, which counts before the index (W3C §4.8).
std::optional<std::size_t> find_section(const DescriptionView& view, const IceCandidateInit& init) {
  if (init.sdp_mid) {
    const auto section = std::find_if(view.sections.begin(), view.sections.end(),
                                      [&](const SectionView& s) { return s.mid == *init.sdp_mid; });
    if (section == view.sections.end()) return std::nullopt;
    return static_cast<std::size_t>(section - view.sections.begin());
  }
  if (*init.sdp_mline_index >= view.sections.size()) return std::nullopt;
  return *init.sdp_mline_index;
}

// The credentials that the candidate belongs to, where it says so. Chromium writes "ufrag x" into the candidate too.
std::string_view ufrag_of(const IceCandidateInit& init) {
  if (init.username_fragment) return *init.username_fragment;
  std::string_view rest = init.candidate;
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    if (word == "ufrag") return take_word(rest);
  }
  return {};
}

Result<> append(AppliedDescription& description, std::size_t index, std::string_view candidate) {
  constexpr std::size_t kPrefix = std::string_view("candidate:").size();
  SectionView& view = description.view.sections[index];
  Attributes& attributes = description.tree.media[index].attributes;
  if (candidate.empty()) {
    if (!view.ice.end_of_candidates) attributes.add("end-of-candidates");
    view.ice.end_of_candidates = true;
    return {};
  }
  std::vector<std::string>& known = view.ice.candidates;
  if (std::find(known.begin(), known.end(), candidate) != known.end()) return {};
  if (known.size() == kMaxCandidates) return operation_error("too many candidates");
  known.emplace_back(candidate);
  attributes.add("candidate", std::string(candidate.substr(kPrefix)));
  return {};
}

}  // namespace

Result<RemoteCandidate> add_remote_candidate(State& state, const IceCandidateInit& init) {
  if (!state.remote()) return Error{ErrorCode::kInvalidState, "there is no remote description yet"};
  IceCandidateInit where = init;
  if (!where.sdp_mid && !where.sdp_mline_index) {
    // W3C §4.4.2: a candidate must say where it belongs; the end of all need not.
    if (!init.candidate.empty()) return Error{ErrorCode::kType, "the candidate has neither sdpMid nor sdpMLineIndex"};
    where.sdp_mline_index =
        static_cast<std::uint16_t>(state.negotiated.transport ? state.negotiated.transport->mline_index : 0);
  }
  const CandidateCheck check = init.candidate.empty() ? CandidateCheck::kUsable : check_candidate(init.candidate);
  if (check == CandidateCheck::kMalformed) {
    return operation_error("malformed candidate " + quoted(init.candidate));
  }
  const std::string_view ufrag = ufrag_of(where);
  std::optional<RemoteCandidate> found;
  bool known_section = false;
  bool is_first = true;
  for (auto* description : {&state.pending_remote, &state.current_remote}) {
    if (!*description) continue;
    const std::optional<std::size_t> index = find_section((*description)->view, where);
    if (!index) continue;
    known_section = true;
    const SectionView& section = (*description)->view.sections[*index];
    if (!ufrag.empty() && section.ice.credentials.ufrag != ufrag) continue;
    if (!found) found = RemoteCandidate{init.candidate, section.mid, *index, check == CandidateCheck::kUsable};
    if (check != CandidateCheck::kUsable) continue;
    // The pending description decides; the current one is on its way out.
    const Result<> done = append(**description, *index, init.candidate);
    if (!done && std::exchange(is_first, false)) return done.error();
    is_first = false;
  }
  if (!known_section) return operation_error("the remote description has no such media section");
  if (!found) return operation_error("the remote description has no ufrag " + quoted(ufrag));
  Applied applied;
  update_transport(state, applied);
  // RFC 9143 §7: a section in the bundle of another has no transport of its own.
  if (!state.negotiated.transport || state.negotiated.transport->mline_index != found->mline_index) {
    found->usable = false;
  }
  return *std::move(found);
}

Result<IceCandidateInit> add_local_candidate(State& state, std::string_view candidate) {
  const AppliedDescription* local = state.local();
  if (!local) return Error{ErrorCode::kInvalidState, "there is no local description yet"};
  const SectionView* transport = local->view.transport_section();
  if (!transport) return operation_error("the local description has no section in use");
  if (candidate.empty()) {
    state.local_end_of_candidates = true;
  } else {
    if (check_candidate(candidate) != CandidateCheck::kUsable) {
      return operation_error("malformed candidate " + quoted(candidate));
    }
    if (state.local_candidates.size() == kMaxCandidates) return operation_error("too many candidates");
    state.local_candidates.emplace_back(candidate);
  }
  for (auto* description : {&state.pending_local, &state.current_local}) {
    if (*description) write_candidates(state, **description);
  }
  const auto index = static_cast<std::size_t>(transport - local->view.sections.data());
  return IceCandidateInit{std::string(candidate), transport->mid, static_cast<std::uint16_t>(index),
                          state.local_ice.ufrag};
}

}  // namespace tidewire::sdp
