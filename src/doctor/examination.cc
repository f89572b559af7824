#include "doctor/examination.h"

#include <algorithm>
#include <utility>

#include "doctor/driver.h"
#include "doctor/mtu_probe.h"
#include "doctor/nat_probe.h"
#include "doctor/server_check.h"
#include "io/host_resolver.h"
#include "io/http_clock.h"
#include "io/interfaces.h"
#include "io/os_random.h"

namespace tidewire::doctor {
namespace {

std::string kind_name(io::InterfaceKind kind) {
  switch (kind) {
    case io::InterfaceKind::kPhysical: return "physical";
    case io::InterfaceKind::kTunnel: return "tunnel";
    case io::InterfaceKind::kBridge: return "bridge";
    case io::InterfaceKind::kLoopback: return "loopback";
  }
  return "";
}

std::vector<InterfaceFinding> look_at_interfaces() {
  std::vector<InterfaceFinding> found;
  auto interfaces = io::list_interfaces();
  if (!interfaces) return found;
  for (io::NetworkInterface& interface : *interfaces) {
    if (interface.addresses.empty()) continue;
    found.push_back({.name = interface.name,
                     .kind = kind_name(interface.kind),
                     .up = interface.up,
                     .mtu = io::interface_mtu(interface.name),
                     .addresses = std::move(interface.addresses)});
  }
  return found;
}

}  // namespace

// Stage by stage: names, servers, NAT and MTU, relays. Within a stage everything runs at once; `open_` counts what has
// not ended, and the last one to end begins the next stage. The clock is asked beside all that.
class Examination::Impl {
 public:
  Impl(io::EventLoop& loop, ExaminationOptions options, OnDone on_done)
      : loop_(loop),
        options_(std::move(options)),
        check_options_{options_.username, options_.credential, options_.ca_file, options_.timeout},
        on_done_(std::move(on_done)),
        resolver_(std::make_unique<io::HostResolver>(loop)),
        patience_(loop, [this](Timestamp) { names_are_late(); }) {
    if (options_.servers.size() > kMaxServers) options_.servers.resize(kMaxServers);
    findings_.interfaces = look_at_interfaces();
    ask_clock();
    resolve_names();
  }

 private:
  struct Name {
    Result<std::vector<IpAddress>> addresses{
        Error{ErrorCode::kNotFound, "DNS did not answer in time for the host of the server"}};
    bool settled = false;
  };

  // Calls back only while the examination lives.
  template <typename F>
  auto guarded(F function) {
    return [alive = std::weak_ptr<int>(alive_), f = std::move(function)](auto&&... args) mutable {
      if (!alive.expired()) f(std::forward<decltype(args)>(args)...);
    };
  }
  void begin_stage(void (Impl::*next)()) {
    next_stage_ = next;
    open_ = 1;  // until everything of the stage has begun
  }
  UniqueFunction<void()> one_more() {
    ++open_;
    return guarded([this] { ended(); });
  }
  void ended() {
    if (--open_ == 0) (this->*next_stage_)();
  }

  void ask_clock() {
    if (options_.http_url.empty()) return;
    findings_.clock = ClockFinding{.url = options_.http_url, .ahead = {}, .error = {}};
    clock_open_ = true;
    clock_ = std::make_unique<io::HttpClock>(
        loop_, options_.http_url, io::HttpClock::Options{.timeout = options_.timeout, .ca_file = options_.ca_file},
        guarded([this](Result<io::HttpClock::Reading> reading) { clock_told(std::move(reading)); }));
  }
  void clock_told(Result<io::HttpClock::Reading> reading) {
    clock_open_ = false;
    if (!reading) {
      findings_.clock->error = reading.error().message;
    } else if (!reading->has_date) {
      findings_.clock->error = "the server does not say what time it is";
    } else {
      findings_.clock->ahead = reading->ahead;
    }
    finish();
  }

  void resolve_names() {
    begin_stage(&Impl::reach_servers);
    names_.resize(options_.servers.size());
    patience_.set(io::EventLoop::now() + options_.timeout);
    for (std::size_t i = 0; i < names_.size(); ++i) {
      ++open_;
      resolver_->resolve(options_.servers[i].host, guarded([this, i](Result<std::vector<IpAddress>> addresses) {
                           names_[i] = {std::move(addresses), true};
                           ended();
                         }));
    }
    loop_.post(guarded([this] { ended(); }));
  }
  void names_are_late() {
    if (next_stage_ != &Impl::reach_servers) return;
    resolver_.reset();
    open_ = 0;
    reach_servers();
  }

  bool has_family(const IpAddress& server) const {
    return std::ranges::any_of(findings_.interfaces, [&](const InterfaceFinding& interface) {
      return interface.up && std::ranges::any_of(interface.addresses, [&](const IpAddress& own) {
               return own.is_v6() == server.is_v6() && !(own.is_v6() && own.is_link_local()) &&
                      own.is_loopback() == server.is_loopback();
             });
    });
  }

  void reach_servers() {
    patience_.cancel();
    begin_stage(&Impl::look_at_nat);
    for (std::size_t i = 0; i < names_.size(); ++i) add_checks(options_.servers[i], names_[i]);
    for (auto& check : checks_)
      if (check.check) check.check->reach(one_more());
    ended();
  }
  // One for each family that the host has an address of, and this machine too.
  void add_checks(const io::IceUrl& url, const Name& name) {
    ServerFinding failed{.url = url.to_string(), .is_turn = url.is_turn()};
    failed.transport = url.is_secure() ? "tls" : std::string(io::to_string(url.transport));
    if (!name.addresses) {
      failed.problem = Problem::kNameNotFound;
      failed.message = name.addresses.error().message + (name.settled ? "" : " " + url.host) +
                       "; check how it is written, and the DNS of this network";
      checks_.push_back({nullptr, std::move(failed)});
      return;
    }
    bool any = false;
    for (const bool v6 : {false, true}) {
      const auto found = std::ranges::find_if(*name.addresses,
                                              [&](const IpAddress& ip) { return ip.is_v6() == v6 && has_family(ip); });
      if (found == name.addresses->end()) continue;
      any = true;
      checks_.push_back(
          {std::make_unique<ServerCheck>(loop_, check_options_, next_stream_, url, SocketAddress{*found, url.port}),
           {}});
    }
    if (any) return;
    const IpAddress& first = name.addresses->front();
    failed.address = {first, url.port};
    failed.problem = Problem::kServersUnreachable;
    failed.message = "this machine has no IPv" + std::string(first.is_v6() ? "6" : "4") + " address to reach " +
                     first.to_string() + " from";
    checks_.push_back({nullptr, std::move(failed)});
  }

  std::vector<SocketAddress> udp_servers(bool v6) const {
    std::vector<SocketAddress> servers;
    for (const auto& check : checks_) {
      if (!check.check) continue;
      const ServerFinding& finding = check.check->finding();
      if (finding.transport != "udp" || !finding.mapped || finding.address->ip.is_v6() != v6) continue;
      if (std::ranges::count(servers, *finding.address) == 0) servers.push_back(*finding.address);
    }
    return servers;
  }
  bool asked_over_udp(bool v6) const {
    return std::ranges::any_of(checks_, [&](const Check& check) {
      return check.check && check.check->finding().transport == "udp" &&
             check.check->finding().address->ip.is_v6() == v6;
    });
  }

  void look_at_nat() {
    begin_stage(&Impl::try_relays);
    std::vector<IpAddress> own;
    for (const InterfaceFinding& interface : findings_.interfaces)
      own.insert(own.end(), interface.addresses.begin(), interface.addresses.end());
    for (const bool v6 : {false, true}) {
      auto& finding = v6 ? findings_.nat_v6 : findings_.nat_v4;
      const auto servers = udp_servers(v6);
      if (asked_over_udp(v6)) finding = NatFindings{};
      if (!servers.empty()) probe_nat(nat_[v6 ? 1 : 0], finding, own, servers);
    }
    auto mtu_servers = udp_servers(false);
    if (mtu_servers.empty()) mtu_servers = udp_servers(true);
    if (!mtu_servers.empty()) probe_mtu(mtu_servers.front());
    ended();
  }
  static IpAddress any(bool v6) { return v6 ? IpAddress::v6({}) : IpAddress(); }
  void probe_nat(std::unique_ptr<Driver<NatProbe>>& driver, std::optional<NatFindings>& finding,
                 const std::vector<IpAddress>& own, const std::vector<SocketAddress>& servers) {
    driver = std::make_unique<Driver<NatProbe>>(loop_);
    const auto local = driver->add_socket(any(servers.front().ip.is_v6()));
    if (!local) return;
    driver->begin(
        [&finding, done = one_more()](const NatFindings& found) mutable {
          finding = found;
          done();
        },
        NatProbeConfig{.local = *local, .own = own, .servers = servers, .patience = options_.timeout}, io::os_random(),
        loop_.packet_pool());
  }
  void probe_mtu(const SocketAddress& server) {
    mtu_ = std::make_unique<Driver<MtuProbe>>(loop_);
    const auto local = mtu_->add_socket(any(server.ip.is_v6()), {.forbid_fragments = true});
    if (!local) return;
    mtu_->begin(
        [this, server, done = one_more()](std::size_t largest) mutable {
          findings_.mtu = MtuFinding{server, largest};
          done();
        },
        *local, server, io::os_random(), loop_.packet_pool());
  }

  void try_relays() {
    begin_stage(&Impl::relays_done);
    std::optional<SocketAddress> seen_as;
    if (findings_.nat_v4 && findings_.nat_v4->answered) seen_as = findings_.nat_v4->mapped;
    for (auto& check : checks_)
      if (check.check && check.check->can_relay()) check.check->relay(seen_as, one_more());
    ended();
  }
  void relays_done() {
    servers_open_ = false;
    finish();
  }

  void finish() {
    if (servers_open_ || clock_open_ || !on_done_) return;
    for (const Check& check : checks_) findings_.servers.push_back(check.check ? check.check->finding() : check.failed);
    auto callback = std::exchange(on_done_, {});
    callback(std::move(findings_));
  }

  struct Check {
    std::unique_ptr<ServerCheck> check;  // none: there is nothing to ask, and `failed` says why
    ServerFinding failed;
  };

  io::EventLoop& loop_;
  ExaminationOptions options_;
  ServerCheckOptions check_options_;
  OnDone on_done_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  std::unique_ptr<io::HostResolver> resolver_;
  io::Timer patience_;
  std::unique_ptr<io::HttpClock> clock_;
  std::vector<Name> names_;
  std::vector<Check> checks_;
  std::uint32_t next_stream_ = 0;
  std::unique_ptr<Driver<NatProbe>> nat_[2];
  std::unique_ptr<Driver<MtuProbe>> mtu_;
  void (Impl::*next_stage_)() = nullptr;
  std::size_t open_ = 0;
  bool servers_open_ = true;
  bool clock_open_ = false;
  Findings findings_;
};

Examination::Examination(io::EventLoop& loop, ExaminationOptions options, OnDone on_done)
    : impl_(std::make_unique<Impl>(loop, std::move(options), std::move(on_done))) {}
Examination::~Examination() = default;

}  // namespace tidewire::doctor
