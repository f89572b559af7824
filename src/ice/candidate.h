// ICE candidates and their text form: the value of SDP's a=candidate line and of RTCIceCandidate.candidate
// (RFC 8839 §5.1), types and priorities (RFC 8445 §5.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidewire/address.h"

namespace tidewire::ice {

enum class CandidateType { kHost, kServerReflexive, kPeerReflexive, kRelayed };
enum class Protocol { kUdp, kTcp };
enum class TcpType { kNone, kActive, kPassive, kSimultaneousOpen };  // RFC 6544 §4.5

// "host", "srflx", "prflx", "relay": RFC 8839 §5.1 and the W3C's RTCIceCandidateType.
std::string_view to_string(CandidateType type);
std::string_view to_string(Protocol protocol);  // "udp", "tcp"
std::string_view to_string(TcpType type);       // "active", "passive", "so"; empty for none

struct Candidate {
  std::string foundation;
  std::uint16_t component = 1;
  Protocol protocol = Protocol::kUdp;
  std::uint32_t priority = 0;
  // The transport address. When host_name is not empty the IP address is not known yet and only the port counts.
  SocketAddress address;
  // An mDNS name ("0b9c….local", RFC draft-ietf-mmusic-mdns-ice-candidates) or another host name; else empty.
  std::string host_name;
  CandidateType type = CandidateType::kHost;
  std::optional<SocketAddress> related_address;  // raddr and rport
  TcpType tcp_type = TcpType::kNone;
  std::string ufrag;  // the extension attribute that browsers add; empty when absent

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// Reads "candidate:…", also with "a=" before it. Transport and type are compared without regard to case; unknown
// transports, unknown types and garbled fields give nothing; unknown extension attributes are skipped.
std::optional<Candidate> parse_candidate(std::string_view text);

// Writes "candidate:…", without "a=".
std::string to_string(const Candidate& candidate);

// RFC 8445 §5.1.2.2.
std::uint32_t type_preference(CandidateType type);
// RFC 8445 §5.1.2.1: the priority formula.
std::uint32_t candidate_priority(CandidateType type, std::uint16_t local_preference, std::uint16_t component = 1);
// RFC 6544 §4.2: below every direct UDP candidate and above every relay.
std::uint32_t tcp_candidate_priority(CandidateType type, TcpType tcp_type, std::uint16_t local_preference);
// RFC 8445 §6.1.2.3: G is the controlling agent's candidate, D the controlled one's.
std::uint64_t pair_priority(std::uint32_t controlling, std::uint32_t controlled);
// RFC 8445 §5.1.1.3: equal for candidates of one type, base address, protocol and server.
std::string foundation(CandidateType type, const IpAddress& base, Protocol protocol,
                       const std::optional<SocketAddress>& server = {});

}  // namespace tidewire::ice
