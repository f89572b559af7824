// What kind of NAT or firewall is in the way: how it maps and filters (RFC 4787, discovered as RFC 5780 §4 says).
//
// One UDP socket asks STUN servers where they see it. With a server that has two addresses (OTHER-ADDRESS) everything
// can be found out; with servers of one address, mappings are compared between them, and filtering stays unknown.
//
//   probe.start(now);  … until poll_event() gives the findings
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/machine.h"
#include "doctor/questions.h"

namespace tidewire::doctor {

// RFC 4787 §4.1 and §5: what a mapping, or the permission to come in, depends on.
enum class Behaviour : std::uint8_t {
  kUnknown,
  kEndpointIndependent,
  kAddressDependent,  // of a mapping: at least; nothing told whether the port counts too
  kAddressAndPortDependent,
};
std::string_view to_string(Behaviour behaviour);  // "unknown", "endpoint_independent", …

struct NatFindings {
  bool answered = false;  // false: no server answered over UDP, and nothing else is known
  SocketAddress server;   // the one that answered
  SocketAddress local;    // our socket
  SocketAddress mapped;   // what the server saw
  bool translated = false;
  bool port_preserved = false;
  bool one_address = true;  // all servers saw the same external address
  Behaviour mapping = Behaviour::kUnknown;
  Behaviour filtering = Behaviour::kUnknown;
  std::optional<bool> hairpinning;  // nothing: there is no NAT
};

struct NatProbeConfig {
  SocketAddress local;                 // the socket; its address may be the wildcard
  std::vector<IpAddress> own;          // the addresses of this machine
  std::vector<SocketAddress> servers;  // at most kMaxServers are asked; of the family of `local`
  Duration patience = std::chrono::seconds(5);
};

class NatProbe {
 public:
  static constexpr std::size_t kMaxServers = 8;

  // `pool` outlives it.
  NatProbe(NatProbeConfig config, crypto::Random random, PacketPool& pool);

  // Once.
  void start(Timestamp now);
  void handle_input(const Datagram& datagram, Timestamp now);
  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const { return questions_.next_timeout(); }
  std::optional<Datagram> poll_transmit() { return questions_.poll_transmit(); }
  // The findings, once.
  std::optional<NatFindings> poll_event();

 private:
  enum class Phase { kNew, kBasic, kFiltering, kMapping, kDone, kTold };
  // What one endpoint saw.
  struct Sight {
    SocketAddress server;
    SocketAddress mapped;
  };

  void proceed(Timestamp now);
  bool step(Timestamp now);
  void ask_next_server(Timestamp now);
  void read_basic(Timestamp now);
  void ask_filtering(Timestamp now);
  void read_filtering();
  void ask_mapping(Timestamp now);
  void read_mapping();
  Question question_to(const SocketAddress& server) const;
  bool is_asked(const SocketAddress& server) const;
  Behaviour mapping_seen() const;

  NatProbeConfig config_;
  Questions questions_;
  Phase phase_ = Phase::kNew;
  std::size_t next_server_ = 0;
  std::optional<Questions::Id> basic_;
  std::optional<Questions::Id> filter_address_;
  std::optional<Questions::Id> filter_port_;
  std::vector<std::pair<SocketAddress, Questions::Id>> mapping_;
  std::optional<Questions::Id> hairpin_;
  SocketAddress primary_;               // of the server with two addresses …
  std::optional<SocketAddress> other_;  // … and its far corner
  Duration rto_ = std::chrono::milliseconds(250);
  std::vector<Sight> sights_;
  NatFindings findings_;
};

static_assert(Machine<NatProbe>);

}  // namespace tidewire::doctor
