// Whether a relay on this machine can work for clients outside: asked by a TURN server when it starts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/nat_probe.h"
#include "io/event_loop.h"
#include "io/ice_url.h"
#include "io/udp_socket.h"

namespace tidewire::doctor {

struct RelayHostOptions {
  IpAddress relay;                      // where relayed ports are opened
  std::optional<IpAddress> advertised;  // what clients are told instead
  io::PortRange ports;
  std::vector<io::IceUrl> outside;             // STUN servers elsewhere, over UDP
  Duration timeout = std::chrono::seconds(3);  // for each answer

  const IpAddress& told() const { return advertised ? *advertised : relay; }
};

// What could be seen. `nat` is empty when nobody outside was asked.
struct RelayHostEvidence {
  std::string no_port;  // why no relayed port could be opened; empty: one could
  std::optional<NatFindings> nat;
};

enum class RelayHostStanding : std::uint8_t { kWorks, kUntested, kFails };
std::string_view to_string(RelayHostStanding standing);  // "works", "untested", "fails"

struct RelayHostVerdict {
  RelayHostStanding standing = RelayHostStanding::kUntested;
  std::string message;  // a sentence or two: what was seen, and what to do
};
RelayHostVerdict judge(const RelayHostOptions& options, const RelayHostEvidence& evidence);

// Finds the evidence, from a port of the relay's own range.
class RelayHostCheck {
 public:
  using OnDone = UniqueFunction<void(RelayHostVerdict verdict)>;

  // Calls back once, from the loop.
  RelayHostCheck(io::EventLoop& loop, RelayHostOptions options, OnDone on_done);
  // No callback after this. Legal in the callback.
  ~RelayHostCheck();
  RelayHostCheck(const RelayHostCheck&) = delete;
  RelayHostCheck& operator=(const RelayHostCheck&) = delete;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire::doctor
