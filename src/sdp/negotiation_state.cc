#include "sdp/negotiation_state.h"

#include <algorithm>

namespace tidewire::sdp {
namespace {

template <typename List>
auto find_transceiver(List& list, TransceiverId id) -> decltype(&list.front()) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const Transceiver& t) { return t.id == id; });
  return found == list.end() ? nullptr : &*found;
}

template <typename List>
auto find_mline(List& list, std::size_t index) -> decltype(&list.front()) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Transceiver& t) { return t.association.mline == index; });
  return found == list.end() ? nullptr : &*found;
}

const AppliedDescription* first(const std::optional<AppliedDescription>& a,
                                const std::optional<AppliedDescription>& b) {
  if (a) return &*a;
  return b ? &*b : nullptr;
}

}  // namespace

Transceiver* State::find(TransceiverId id) { return find_transceiver(transceivers, id); }
const Transceiver* State::find(TransceiverId id) const { return find_transceiver(transceivers, id); }
Transceiver* State::at_mline(std::size_t index) { return find_mline(transceivers, index); }
const Transceiver* State::at_mline(std::size_t index) const { return find_mline(transceivers, index); }

const AppliedDescription* State::local() const { return first(pending_local, current_local); }
const AppliedDescription* State::remote() const { return first(pending_remote, current_remote); }
const AppliedDescription* State::layout() const {
  if (const AppliedDescription* pending = first(pending_local, pending_remote)) return pending;
  return first(current_local, current_remote);
}

Error section_error(ErrorCode code, const DescriptionView& view, std::size_t index, std::string_view what) {
  const SectionView& section = view.sections[index];
  std::string message = section.line == 0 ? "" : "line " + std::to_string(section.line) + ": ";
  message += section.mid.empty() ? "m-line " + std::to_string(index) : "mid " + section.mid;
  return {code, message.append(": ").append(what)};
}

}  // namespace tidewire::sdp
