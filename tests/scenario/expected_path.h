// Which way ICE can find between two peers, from how their NATs behave (RFC 4787).
//
// Each peer has a base behind its NAT, and signals the server-reflexive address that a STUN server saw. Both send
// checks to what they know, from the base. Call the addresses signalled SA and SB, and write m and f for a NAT's
// mapping and filtering. A check counts when its answer comes from the very address that it was sent to (RFC 8445
// §7.2.5.2.1), and a check from an unknown address makes it a candidate, peer-reflexive, that is checked in return
// (§7.3.1.3, §7.3.1.4).
//
// 1. Both mappings endpoint-independent. A sends from SA to SB, which lets SB in at A's NAT however that filters; B
// does
//    the same. The signalled addresses work: kSignalled.
//
// 2. One mapping, B's, endpoint-independent. A's checks to SB leave from A', an address that B has not heard of, and
// B's
//    NAT has been opened for SA only:
//    - f(B) endpoint-independent, or address-dependent (A' and SA share the IP address): the check comes in, B learns
//      A', and answers from SB, which A has sent to. kPeerReflexive.
//    - f(B) address-and-port-dependent: it does not, nor will it ever, as B never learns A'. If f(A) lets B's checks to
//    SA
//      in, A's answers leave from A', too, and are dropped. kRelay.
//
// 3. No mapping endpoint-independent. B's checks to SA leave from B', and do not open the mapping SB for anybody: only
// the
//    STUN server may use that one, unless f(B) is endpoint-independent. So one side's filtering must be, say B's, for
//    the first check to come in (else kRelay). B learns A', but its answer leaves from B', not SB, and does not count.
//    What counts is what follows, B's check from B' to A':
//    - f(A) address-and-port-dependent: dropped, as A has sent to SB only. kRelay.
//    - else A learns B'. When m(A) is address-dependent, A answers from A', and the pair A'-B' works.
//    - When m(A) is address-and-port-dependent, the answer leaves from A'', and does not count; but B learns A'' from
//    A's
//      check in return. When m(B) is address-dependent, B answers it from B', and the pair A''-B' works.
//    - When both are address-and-port-dependent, each check in return shows yet another address, for ever. kRelay.
//    So: one filtering endpoint-independent, the other not address-and-port-dependent, and not both mappings
//    address-and-port-dependent: kPeerReflexive.
//
// It is taken for granted that UDP passes, that distinct mappings have distinct ports, that a NAT pairs its external
// addresses, and that the peers live behind different NATs. Behind the same one they meet at their host addresses.
#pragma once

#include <algorithm>

#include "sim/nat.h"

namespace tidewire::scenario {

enum class ExpectedPath {
  kSignalled,      // between the server-reflexive (or host) candidates that both sides signalled
  kPeerReflexive,  // direct, but by an address that only the checks showed
  kRelay,
};

struct NatType {
  sim::NatBehaviour mapping = sim::NatBehaviour::kEndpointIndependent;
  sim::NatBehaviour filtering = sim::NatBehaviour::kEndpointIndependent;
};

// No NAT: every remote address sees the same one, and everybody may send to it.
inline constexpr NatType kNoNat{};
// No NAT, but a firewall that lets only answers in.
inline constexpr NatType kOnlyFirewall{.filtering = sim::NatBehaviour::kAddressAndPortDependent};

// A NAT behind a NAT: seen from outside, both are as strict as the stricter one. With one exception, where the pair may
// do better: an inner NAT that has one mapping, filtered by address, lets the other peer in by the signalled address as
// soon as its own peer has sent there, when the outer one, of several mappings, does not filter.
constexpr NatType behind(NatType inner, NatType outer) {
  return {std::max(inner.mapping, outer.mapping), std::max(inner.filtering, outer.filtering)};
}

constexpr ExpectedPath expected_path(NatType a, NatType b) {
  using enum sim::NatBehaviour;
  const bool a_is_fixed = a.mapping == kEndpointIndependent;
  const bool b_is_fixed = b.mapping == kEndpointIndependent;
  if (a_is_fixed && b_is_fixed) return ExpectedPath::kSignalled;
  if (a_is_fixed != b_is_fixed) {
    const NatType fixed = a_is_fixed ? a : b;
    return fixed.filtering == kAddressAndPortDependent ? ExpectedPath::kRelay : ExpectedPath::kPeerReflexive;
  }
  const bool comes_in = std::min(a.filtering, b.filtering) == kEndpointIndependent &&
                        std::max(a.filtering, b.filtering) != kAddressAndPortDependent;
  const bool settles = std::min(a.mapping, b.mapping) == kAddressDependent;
  return comes_in && settles ? ExpectedPath::kPeerReflexive : ExpectedPath::kRelay;
}

}  // namespace tidewire::scenario
