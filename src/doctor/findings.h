// What the examination of a machine's network has brought to light.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/nat_probe.h"
#include "doctor/relay_probe.h"
#include "tidewire/address.h"
#include "tidewire/time.h"

namespace tidewire::doctor {

struct InterfaceFinding {
  std::string name;
  std::string kind;  // "physical", "tunnel", "bridge", "loopback"
  bool up = false;
  std::optional<std::uint32_t> mtu;
  std::vector<IpAddress> addresses;
};

// What is wrong with a server. The first four are words of FailureCause.
enum class Problem : std::uint8_t {
  kNone,
  kServersUnreachable,  // it does not answer
  kCredentialsRefused,  // 401, 441
  kQuotaReached,        // 486, 508
  kRelayNeeded,         // no such problem of a server: of the whole
  kNoLocalCandidates,   // likewise
  kNameNotFound,        // DNS does not know the host
  kRefused,             // it answered, and does not do what it was asked to
  kRelaySilent,         // it gave a relayed address, and nothing came through
  kRelayPortsClosed,    // peers of its own come through, others do not: a firewall before the relay's ports
};
std::string_view to_string(Problem problem);  // "servers_unreachable", …

// One URL at one address.
struct ServerFinding {
  std::string url;
  bool is_turn = false;
  std::string transport;                 // "udp", "tcp", "tls"
  std::optional<SocketAddress> address;  // nothing: the name was not found
  bool answered = false;                 // Binding, or an allocation
  std::optional<Duration> connect_time;  // TCP and TLS: until the connection stood
  std::optional<Duration> latency;       // a Binding round trip
  std::optional<SocketAddress> mapped;
  std::optional<RelayFindings> relay;
  Problem problem = Problem::kNone;
  std::string message;  // what is wrong and what to do, in one sentence

  bool relays() const { return relay && relay->relays(); }
};

struct ClockFinding {
  std::string url;
  std::optional<Duration> ahead;  // of the server
  std::string error;
};

struct MtuFinding {
  SocketAddress server;
  std::size_t largest_packet = 0;  // 0: none of the sizes got an answer
};

struct Findings {
  std::vector<InterfaceFinding> interfaces;
  std::optional<NatFindings> nat_v4;  // nothing: it was not examined
  std::optional<NatFindings> nat_v6;
  std::vector<ServerFinding> servers;
  std::optional<ClockFinding> clock;
  std::optional<MtuFinding> mtu;

  bool udp_works() const { return (nat_v4 && nat_v4->answered) || (nat_v6 && nat_v6->answered); }
};

}  // namespace tidewire::doctor
