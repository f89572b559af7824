#include "doctor/relay_host_check.h"

#include <fmt/format.h>

#include <utility>

#include "doctor/driver.h"
#include "io/host_resolver.h"
#include "io/os_random.h"

namespace tidewire::doctor {
namespace {

bool is_public(const IpAddress& ip) { return !ip.is_loopback() && !ip.is_private() && !ip.is_link_local(); }

RelayHostVerdict untested(const RelayHostOptions& options) {
  if (options.told().is_loopback()) {
    return {RelayHostStanding::kUntested, "relays on a loopback address: for clients on this machine only"};
  }
  if (!is_public(options.told())) {
    return {
        RelayHostStanding::kUntested,
        fmt::format("{} is a private address: clients outside of this network cannot reach relays there; if there is "
                    "a public one, name it with --public-ip",
                    options.told().to_string())};
  }
  return {RelayHostStanding::kUntested,
          "not tested from outside; a STUN server elsewhere can do that: --ice-server stun:HOST"};
}

RelayHostVerdict fails(std::string message) { return {RelayHostStanding::kFails, std::move(message)}; }

}  // namespace

std::string_view to_string(RelayHostStanding standing) {
  switch (standing) {
    case RelayHostStanding::kWorks: return "works";
    case RelayHostStanding::kUntested: return "untested";
    case RelayHostStanding::kFails: return "fails";
  }
  return "";
}

RelayHostVerdict judge(const RelayHostOptions& options, const RelayHostEvidence& evidence) {
  if (!evidence.no_port.empty()) return fails(evidence.no_port);
  if (!evidence.nat) return untested(options);
  const NatFindings& nat = *evidence.nat;
  if (!nat.answered) {
    return fails("no STUN server outside answered over UDP: a firewall keeps UDP in, or the servers are gone");
  }
  const std::string seen = nat.mapped.ip.to_string();
  if (nat.mapped.ip != options.told()) {
    return fails(fmt::format("from outside relays are seen at {}, but clients are told {}: start with --public-ip {}",
                             seen, options.told().to_string(), seen));
  }
  if (nat.mapped.port != nat.local.port) {
    return fails(
        fmt::format("a NAT in front of {} changes ports ({} became {}): a relay needs a public address, or a NAT "
                    "that maps all ports one to one",
                    options.relay.to_string(), nat.local.port, nat.mapped.port));
  }
  const std::string ports = fmt::format("UDP ports {}-{}", options.ports.first, options.ports.last);
  switch (nat.filtering) {
    case Behaviour::kEndpointIndependent:
      return {RelayHostStanding::kWorks, fmt::format("reached from outside at {}", seen)};
    case Behaviour::kUnknown:
      return {
          RelayHostStanding::kUntested,
          fmt::format("seen from outside at {}; whether the firewall lets in {} cannot be told with that STUN server, "
                      "which has one address",
                      seen, ports)};
    case Behaviour::kAddressDependent:
    case Behaviour::kAddressAndPortDependent: break;
  }
  return fails(fmt::format("a firewall lets in nothing but answers: open {} for {}", ports, options.relay.to_string()));
}

class RelayHostCheck::Impl {
 public:
  Impl(io::EventLoop& loop, RelayHostOptions options, OnDone on_done)
      : loop_(loop), options_(std::move(options)), on_done_(std::move(on_done)), resolver_(loop), driver_(loop) {
    const auto local = driver_.add_socket(options_.relay, options_.ports);
    if (local) local_ = *local;
    if (!local) evidence_.no_port = local.error().message;
    if (local && !options_.outside.empty()) {
      ask_outside();
    } else {
      finish_soon();
    }
  }

 private:
  void ask_outside() {
    patience_.emplace(loop_, [this](Timestamp) { probe(); });
    patience_->set(io::EventLoop::now() + options_.timeout);
    for (const io::IceUrl& url : options_.outside) {
      ++waiting_;
      resolver_.resolve(url.host, [this, port = url.port](const Result<std::vector<IpAddress>>& addresses) {
        if (addresses) add_servers(*addresses, port);
        if (--waiting_ == 0) probe();
      });
    }
  }

  void add_servers(const std::vector<IpAddress>& addresses, std::uint16_t port) {
    for (const IpAddress& ip : addresses) {
      if (ip.is_v4() != options_.relay.is_v4() || ip == options_.relay || servers_.size() >= NatProbe::kMaxServers)
        continue;
      servers_.push_back({ip, port});
    }
  }

  // Names that are not known by now are not asked.
  void probe() {
    if (std::exchange(probing_, true)) return;
    patience_->cancel();
    evidence_.nat = NatFindings{};
    if (servers_.empty()) return finish();
    driver_.begin(
        [this](const NatFindings& found) {
          evidence_.nat = found;
          finish();
        },
        NatProbeConfig{.local = local_, .own = {options_.relay}, .servers = servers_, .patience = options_.timeout},
        io::os_random(), loop_.packet_pool());
  }

  void finish_soon() {
    loop_.post([this, alive = std::weak_ptr<int>(alive_)] {
      if (!alive.expired()) finish();
    });
  }
  void finish() {
    auto callback = std::exchange(on_done_, {});
    callback(judge(options_, evidence_));
  }

  io::EventLoop& loop_;
  RelayHostOptions options_;
  OnDone on_done_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  io::HostResolver resolver_;
  std::optional<io::Timer> patience_;
  Driver<NatProbe> driver_;
  SocketAddress local_;
  std::vector<SocketAddress> servers_;
  std::size_t waiting_ = 0;
  bool probing_ = false;
  RelayHostEvidence evidence_;
};

RelayHostCheck::RelayHostCheck(io::EventLoop& loop, RelayHostOptions options, OnDone on_done)
    : impl_(std::make_unique<Impl>(loop, std::move(options), std::move(on_done))) {}
RelayHostCheck::~RelayHostCheck() = default;

}  // namespace tidewire::doctor
