#include "doctor/verdict.h"

#include <algorithm>
#include <utility>

#include "doctor/words.h"

namespace tidewire::doctor {
namespace {

const NatFindings* nat_of(const Findings& findings) {
  // Most peers have IPv4; with IPv6 alone, that is what counts.
  if (findings.nat_v4 && findings.nat_v4->answered) return &*findings.nat_v4;
  if (findings.nat_v6 && findings.nat_v6->answered) return &*findings.nat_v6;
  return nullptr;
}

bool has_address(const Findings& findings) {
  return std::ranges::any_of(findings.interfaces, [](const InterfaceFinding& interface) {
    return interface.up && std::ranges::any_of(interface.addresses,
                                               [](const IpAddress& ip) { return !ip.is_link_local() || ip.is_v4(); });
  });
}

// Without a relay. RFC 5245 Appendix B and RFC 4787 name no table of it; it follows from what an ICE check needs: one
// side's packet has to come in, either because the other one has sent to just where it comes from, or because nobody
// asks.
void judge_direct(const NatFindings& nat, Verdict& verdict) {
  verdict.to_public = Way::kDirect;
  const bool lets_in_address =
      nat.filtering == Behaviour::kEndpointIndependent || nat.filtering == Behaviour::kAddressDependent;
  switch (nat.mapping) {
    case Behaviour::kEndpointIndependent:
      verdict.to_ordinary_nat = Way::kDirect;
      // Its port is not known before its packet comes; so packets of its address must be let in.
      verdict.to_symmetric_nat = lets_in_address                        ? Way::kDirect
                                 : nat.filtering == Behaviour::kUnknown ? Way::kUnknown
                                                                        : Way::kNone;
      return;
    case Behaviour::kUnknown:
      verdict.to_ordinary_nat = Way::kUnknown;
      verdict.to_symmetric_nat = Way::kUnknown;
      return;
    case Behaviour::kAddressDependent:
    case Behaviour::kAddressAndPortDependent: return;
  }
}

Way with_relay(Way way) { return way == Way::kNone ? Way::kRelayed : way == Way::kUnknown ? Way::kEither : way; }

std::vector<const ServerFinding*> relays_of(const Findings& findings) {
  std::vector<const ServerFinding*> relays;
  for (const ServerFinding& server : findings.servers)
    if (server.relays()) relays.push_back(&server);
  return relays;
}

std::string relay_words(const std::vector<const ServerFinding*>& relays) {
  std::vector<std::string> items;
  for (const ServerFinding* relay : relays) {
    std::string name = relay->transport == "udp" ? "UDP" : relay->transport == "tcp" ? "TCP" : "TLS";
    if (relay->address && relay->transport != "udp") name += " " + std::to_string(relay->address->port);
    if (relay->relay->round_trip) name += " (" + milliseconds(*relay->relay->round_trip) + ")";
    if (std::ranges::count(items, name) == 0) items.push_back(std::move(name));
  }
  return list_of(items);
}

struct Kinds {
  std::vector<std::string> direct, relayed, either, unknown, none;
};

Kinds sort_kinds(const Verdict& verdict) {
  Kinds kinds;
  for (const auto& [way, name] : {std::pair{verdict.to_public, "peers that are public"},
                                  std::pair{verdict.to_ordinary_nat, "peers behind an ordinary NAT"},
                                  std::pair{verdict.to_symmetric_nat, "peers behind a symmetric NAT"}}) {
    (way == Way::kDirect    ? kinds.direct
     : way == Way::kRelayed ? kinds.relayed
     : way == Way::kEither  ? kinds.either
     : way == Way::kUnknown ? kinds.unknown
                            : kinds.none)
        .push_back(name);
  }
  return kinds;
}

bool tried_udp(const Findings& findings) {
  return std::ranges::any_of(findings.servers,
                             [](const ServerFinding& server) { return server.transport == "udp" && server.address; });
}

// No answer came over UDP. That may be the servers' fault, unless one of them can be reached otherwise.
std::string silence_in_words(const Findings& findings) {
  const bool other_way = std::ranges::any_of(findings.servers, &ServerFinding::answered);
  return other_way ? "UDP is blocked here. " : "Nobody answers over UDP. ";
}

constexpr std::size_t kAll = 3;

std::string in_words(const Verdict& verdict, const std::vector<const ServerFinding*>& relays) {
  const Kinds kinds = sort_kinds(verdict);
  const auto whom = [](const std::vector<std::string>& list) {
    return list.size() == kAll ? "everybody" : list_of(list);
  };
  std::vector<std::string> parts;
  if (!kinds.direct.empty()) parts.push_back("go directly to " + whom(kinds.direct));
  if (!kinds.relayed.empty()) parts.push_back("go through a relay to " + whom(kinds.relayed));
  if (!kinds.either.empty()) parts.push_back("go directly or through a relay to " + whom(kinds.either));
  if (!kinds.unknown.empty()) parts.push_back("may or may not reach " + whom(kinds.unknown));
  if (!kinds.none.empty())
    parts.push_back(kinds.none.size() == kAll ? "will fail"
                                              : "will fail to " + whom(kinds.none) + ", which takes a relay");
  std::string sentence = "Calls from here ";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) sentence += i + 1 == parts.size() ? ", and " : ", ";
    sentence += parts[i];
  }
  if (!relays.empty()) sentence += "; a relay is available over " + relay_words(relays);
  return sentence + ".";
}

// Why there is no relay, by the servers that were to be one.
Problem why_no_relay(const Findings& findings) {
  Problem problem = Problem::kRelayNeeded;
  const auto weight = [](Problem p) {
    switch (p) {
      case Problem::kCredentialsRefused: return 6;
      case Problem::kQuotaReached: return 5;
      case Problem::kRelayPortsClosed: return 4;
      case Problem::kRelaySilent: return 3;
      case Problem::kRefused: return 2;
      case Problem::kNone:
      case Problem::kRelayNeeded:
      case Problem::kNoLocalCandidates: return 0;
      case Problem::kServersUnreachable:
      case Problem::kNameNotFound: return 1;
    }
    return 0;
  };
  for (const ServerFinding& server : findings.servers) {
    if (server.is_turn && weight(server.problem) > weight(problem)) problem = server.problem;
  }
  return problem == Problem::kNameNotFound ? Problem::kServersUnreachable : problem;
}

void advise_relay(const Findings& findings, Verdict& verdict) {
  verdict.problem = why_no_relay(findings);
  const bool given = std::ranges::any_of(findings.servers, &ServerFinding::is_turn);
  if (given) {
    verdict.advice.push_back("Repair the relay: see what is said of each server.");
  } else {
    verdict.advice.push_back(
        findings.udp_works()
            ? "Give a relay: --ice-server turn:HOST, or turns:HOST:443, with --ice-username and --ice-credential."
            : "Give a relay that is reached without UDP: --ice-server turns:HOST:443, with --ice-username and "
              "--ice-credential.");
  }
}

void advise(const Findings& findings, Verdict& verdict) {
  const NatFindings* nat = nat_of(findings);
  if (findings.clock && findings.clock->ahead && std::chrono::abs(*findings.clock->ahead) > kWorstSkew) {
    verdict.advice.push_back("Set this machine's clock: it is " + seconds(*findings.clock->ahead) +
                             (*findings.clock->ahead > Duration(0) ? " behind" : " ahead of") +
                             " the server's, and credentials of limited time fail then.");
  }
  if (nat && nat->mapping == Behaviour::kUnknown) {
    verdict.advice.push_back(
        "Give one more STUN server of another address, or one with two addresses: a single one cannot tell what kind "
        "of NAT this is.");
  }
  if (nat && (nat->mapped.ip.is_private() || nat->mapped.ip.is_loopback() || nat->mapped.ip.is_link_local())) {
    verdict.advice.push_back(
        "The server " + nat->server.to_string() +
        " sees this machine from inside a private network: this holds for peers in there only. Give "
        "a server outside to know of others.");
  }
  if (findings.mtu && findings.mtu->largest_packet != 0 && findings.mtu->largest_packet < kLeastPacketSize) {
    verdict.advice.push_back(
        "Look for the tunnel or link that passes packets of " + std::to_string(findings.mtu->largest_packet) +
        " bytes at most: video is sent in packets of up to " + std::to_string(kLeastPacketSize) + ".");
  }
}

}  // namespace

std::string_view to_string(Way way) {
  switch (way) {
    case Way::kDirect: return "direct";
    case Way::kRelayed: return "relayed";
    case Way::kEither: return "direct_or_relayed";
    case Way::kUnknown: return "unknown";
    case Way::kNone: return "none";
  }
  return "";
}

bool Verdict::works() const {
  return std::ranges::none_of(std::initializer_list<Way>{to_public, to_ordinary_nat, to_symmetric_nat},
                              [](Way way) { return way == Way::kUnknown || way == Way::kNone; });
}

Verdict judge(const Findings& findings) {
  Verdict verdict;
  if (!has_address(findings)) {
    verdict.problem = Problem::kNoLocalCandidates;
    verdict.sentence = "This machine has no network address: calls from here will fail.";
    verdict.advice.push_back("Connect this machine to a network.");
    return verdict;
  }
  if (findings.servers.empty()) {
    verdict.problem = Problem::kRelayNeeded;
    for (Way* way : {&verdict.to_public, &verdict.to_ordinary_nat, &verdict.to_symmetric_nat}) *way = Way::kUnknown;
    verdict.sentence =
        "Nothing can be said of calls beyond this network, because no STUN or TURN server was given; without one they "
        "fail wherever a NAT is in the way.";
    verdict.advice.push_back(
        "Give a server: --ice-server stun:HOST, and better still a relay: --ice-server turn:HOST.");
    advise(findings, verdict);
    return verdict;
  }

  const NatFindings* nat = nat_of(findings);
  if (nat) judge_direct(*nat, verdict);
  const auto relays = relays_of(findings);
  if (!relays.empty()) {
    for (Way* way : {&verdict.to_public, &verdict.to_ordinary_nat, &verdict.to_symmetric_nat}) *way = with_relay(*way);
  }
  verdict.sentence = in_words(verdict, relays);
  if (!nat && tried_udp(findings)) verdict.sentence = silence_in_words(findings) + verdict.sentence;
  if (!verdict.works()) advise_relay(findings, verdict);
  advise(findings, verdict);
  return verdict;
}

}  // namespace tidewire::doctor
