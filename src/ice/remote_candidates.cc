#include "ice/remote_candidates.h"

#include <algorithm>

namespace tidewire::ice {
namespace {

bool is_peer_reflexive(const RemoteCandidates::Entry& entry) {
  return entry.candidate.type == CandidateType::kPeerReflexive;
}

}  // namespace

SocketAddress without_scope(const SocketAddress& address) {
  if (address.ip.scope() == 0) return address;
  std::array<std::uint8_t, 16> bytes{};
  std::copy(address.ip.bytes().begin(), address.ip.bytes().end(), bytes.begin());
  return {IpAddress::v6(bytes), address.port};
}

RemoteCandidates::RemoteCandidates(std::size_t max_signalled, std::size_t max_peer_reflexive,
                                   std::size_t max_unresolved)
    : max_signalled_(max_signalled), max_peer_reflexive_(max_peer_reflexive), max_unresolved_(max_unresolved) {}

RemoteCandidates::Added RemoteCandidates::add(const Candidate& candidate) {
  if (Entry* known = find_mutable(candidate.address, candidate.protocol)) {
    if (!is_peer_reflexive(*known)) return Added::kKnown;
    // RFC 8838 §11.1: what was learnt from a check has now been signalled; the signalled values count.
    known->candidate = candidate;
    known->candidate.address = without_scope(candidate.address);
    return Added::kUpgraded;
  }
  const auto signalled =
      entries_.size() - static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), is_peer_reflexive));
  if (signalled >= max_signalled_) return Added::kFull;
  entries_.push_back({candidate, next_id_++});
  entries_.back().candidate.address = without_scope(candidate.address);
  return Added::kNew;
}

RemoteCandidates::Added RemoteCandidates::add_unresolved(const Candidate& candidate) {
  if (unresolved_.size() >= max_unresolved_) return Added::kFull;
  const bool asked = std::any_of(unresolved_.begin(), unresolved_.end(),
                                 [&](const Candidate& other) { return other.host_name == candidate.host_name; });
  unresolved_.push_back(candidate);
  return asked ? Added::kKnown : Added::kNew;
}

std::vector<Candidate> RemoteCandidates::take_unresolved(std::string_view name) {
  std::vector<Candidate> taken;
  for (const Candidate& candidate : unresolved_) {
    if (candidate.host_name == name) taken.push_back(candidate);
  }
  std::erase_if(unresolved_, [&](const Candidate& candidate) { return candidate.host_name == name; });
  return taken;
}

RemoteCandidates::Added RemoteCandidates::add_peer_reflexive(const SocketAddress& address, Protocol protocol,
                                                             std::uint32_t priority, std::string_view ufrag) {
  if (find_mutable(address, protocol) != nullptr) return Added::kKnown;
  const auto learnt = static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), is_peer_reflexive));
  if (learnt >= max_peer_reflexive_) return Added::kFull;
  Candidate candidate;
  // RFC 8445 §7.3.1.3: a foundation that differs from all others.
  candidate.foundation = "prflx" + std::to_string(next_id_);
  candidate.protocol = protocol;
  candidate.priority = priority;
  candidate.address = without_scope(address);
  candidate.type = CandidateType::kPeerReflexive;
  candidate.ufrag = ufrag;
  entries_.push_back({std::move(candidate), next_id_++});
  return Added::kNew;
}

const RemoteCandidates::Entry* RemoteCandidates::find(const SocketAddress& address, Protocol protocol) const {
  const SocketAddress plain = without_scope(address);
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.candidate.address == plain && entry.candidate.protocol == protocol;
  });
  return found == entries_.end() ? nullptr : &*found;
}

const RemoteCandidates::Entry* RemoteCandidates::find(std::uint32_t id) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.id == id; });
  return found == entries_.end() ? nullptr : &*found;
}

RemoteCandidates::Entry* RemoteCandidates::find_mutable(const SocketAddress& address, Protocol protocol) {
  const Entry* entry = find(address, protocol);
  return entry == nullptr ? nullptr : &entries_[static_cast<std::size_t>(entry - entries_.data())];
}

const RemoteCandidates::Entry* RemoteCandidates::oldest(bool peer_reflexive, std::uint32_t but_not) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return is_peer_reflexive(entry) == peer_reflexive && entry.id != but_not;
  });
  return found == entries_.end() ? nullptr : &*found;
}

void RemoteCandidates::remove(std::uint32_t id) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.id == id; });
}

std::vector<std::uint32_t> RemoteCandidates::drop_other_generations(std::string_view ufrag) {
  const auto other = [&](const Candidate& candidate) { return !candidate.ufrag.empty() && candidate.ufrag != ufrag; };
  std::vector<std::uint32_t> dropped;
  for (const Entry& entry : entries_) {
    if (other(entry.candidate)) dropped.push_back(entry.id);
  }
  std::erase_if(entries_, [&](const Entry& entry) { return other(entry.candidate); });
  std::erase_if(unresolved_, other);
  return dropped;
}

void RemoteCandidates::clear() {
  entries_.clear();
  unresolved_.clear();
}

}  // namespace tidewire::ice
