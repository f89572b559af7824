// The peer's candidates: signalled ones, ones learnt from its checks (peer-reflexive), and ones whose mDNS name is
// still to be resolved. Bounded against floods of any of the three.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ice/candidate.h"

namespace tidewire::ice {

// `ip` without its interface index: two names of one address are one candidate.
SocketAddress without_scope(const SocketAddress& address);

class RemoteCandidates {
 public:
  enum class Added { kNew, kUpgraded, kKnown, kSkipped, kFull };
  struct Entry {
    Candidate candidate;
    std::uint32_t id = 0;  // stays the same until clear()
  };

  RemoteCandidates(std::size_t max_signalled, std::size_t max_peer_reflexive, std::size_t max_unresolved);

  // A signalled candidate with an address. kUpgraded: it was known as peer-reflexive and now has its true type.
  Added add(const Candidate& candidate);
  // A candidate with a name. kNew: nobody has been asked to resolve that name yet.
  Added add_unresolved(const Candidate& candidate);
  // Takes out the candidates with that name.
  std::vector<Candidate> take_unresolved(std::string_view name);
  bool has_unresolved() const { return !unresolved_.empty(); }
  // RFC 8445 §7.3.1.3: an authentic check came from an address that is no candidate yet.
  Added add_peer_reflexive(const SocketAddress& address, Protocol protocol, std::uint32_t priority,
                           std::string_view ufrag);

  const Entry* find(const SocketAddress& address, Protocol protocol = Protocol::kUdp) const;
  const Entry* find(std::uint32_t id) const;
  const std::vector<Entry>& entries() const { return entries_; }
  // The signalled or the peer-reflexive one that has been there longest, but not the one with that id.
  const Entry* oldest(bool peer_reflexive, std::uint32_t but_not) const;
  void remove(std::uint32_t id);

  // Forgets the candidates that name another ufrag than this one. Their ids are returned.
  std::vector<std::uint32_t> drop_other_generations(std::string_view ufrag);
  void clear();

 private:
  Entry* find_mutable(const SocketAddress& address, Protocol protocol);

  std::size_t max_signalled_;
  std::size_t max_peer_reflexive_;
  std::size_t max_unresolved_;
  std::vector<Entry> entries_;
  std::vector<Candidate> unresolved_;
  std::uint32_t next_id_ = 1;
};

}  // namespace tidewire::ice
