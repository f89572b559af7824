#include "serving.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "ice_options.h"
#include "io/ice_url.h"
#include "io/os_random.h"
#include "output.h"
#include "serve_turn.h"
#include "server/signaling/ice_server_mint.h"

namespace tidewire::app {
namespace {

constexpr Duration kLookAgain = std::chrono::milliseconds(50);

std::string make_secret() {
  crypto::Random random = io::os_random();
  return fmt::format("{:016x}{:016x}{:016x}", random.u64(), random.u64(), random.u64());
}

boost::json::array texts(const std::vector<SocketAddress>& addresses) {
  boost::json::array all;
  for (const SocketAddress& address : addresses) all.emplace_back(address.to_string());
  return all;
}

Error with_hint(const Error& error, std::string_view hint) { return {error.code, error.message + std::string(hint)}; }

// What the TURN service says, with the flag that it is about: it looks at the certificate and at the system itself.
Error with_flag(const Error& error) {
  if (error.code == ErrorCode::kSyntax) return {error.code, "--tls-cert: " + error.message};
  if (error.code != ErrorCode::kNetwork) return error;
  return with_hint(error,
                   "; choose another address with --turn-listen or --turn-tls-listen, or do without: --only signaling");
}

// The flag whose value differs and which is read at the start only; empty: none.
std::string needs_restart(const ServeOptions& one, const ServeOptions& other) {
  const ServeTurnOptions& turn = one.turn;
  const ServeTurnOptions& other_turn = other.turn;
  const std::pair<const char*, bool> flags[] = {
      {"--listen", one.listen == other.listen},
      {"--only", one.only == other.only},
      {"--ice-server", one.ice_urls == other.ice_urls},
      {"--ice-username", one.ice_username == other.ice_username},
      {"--ice-credential", one.ice_credential == other.ice_credential},
      {"--turn-listen", turn.listen == other_turn.listen},
      {"--turn-tls-listen", turn.tls_listen == other_turn.tls_listen},
      {"--relay-ip", turn.relay_ips == other_turn.relay_ips},
      {"--public-ip", turn.public_ips == other_turn.public_ips},
      {"--relay-ports", turn.relay_ports == other_turn.relay_ports},
      {"--threads", turn.threads == other_turn.threads},
      {"--metrics-listen", one.metrics_listen == other.metrics_listen},
      {"--log-format", one.log_format == other.log_format},
      {"--log-level", one.log_level == other.log_level},
      {"--log-addresses", one.log_addresses == other.log_addresses},
  };
  for (const auto& [flag, same] : flags) {
    if (!same) return flag;
  }
  return {};
}

}  // namespace

Result<> Serving::start(const ServeOptions& options) {
  options_ = options;
  own_secret_ = make_secret();
  own_addresses_ = own_addresses();
  if (auto started = start_turn(); !started) return started;
  if (auto started = start_signaling(); !started) return started;
  if (auto started = start_operations(); !started) return started;
  if (turn_) test_relays();
  return {};
}

Result<std::optional<server::TurnOptions>> Serving::turn_options_of(const ServeOptions& options) const {
  return turn_options(options, options.only == "turn" ? std::string() : own_secret_, own_addresses_);
}

Result<> Serving::start_turn() {
  auto wanted = turn_options_of(options_);
  if (!wanted) return wanted.error();
  if (!*wanted) return {};
  turn_options_ = std::move(**wanted);
  auto started = server::TurnService::start(turn_options_, &log_);
  if (!started) return with_flag(started.error());
  turn_ = *std::move(started);
  return {};
}

Result<> Serving::start_signaling() {
  if (options_.only == "turn") return {};
  const auto listen = SocketAddress::parse(options_.listen);
  if (!listen) {
    return Error{ErrorCode::kSyntax, "'" + options_.listen + "' is no ADDR:PORT; try 127.0.0.1:8080 or 0.0.0.0:8080"};
  }
  auto told = parse_ice_servers(options_.ice_urls, options_.ice_username, options_.ice_credential);
  if (!told) return told.error();
  auto started = server::SignalingServer::start(
      loop_.impl(), {.listen = *listen, .ice_servers = std::move(*told), .own_turn = own_turn(), .log = &log_});
  if (!started) return with_hint(started.error(), "; choose another address with --listen");
  signaling_ = *std::move(started);
  signaling_is_over_ = false;
  return {};
}

Result<> Serving::start_operations() {
  if (options_.metrics_listen.empty()) return {};
  const auto listen = SocketAddress::parse(options_.metrics_listen);
  if (!listen) {
    return Error{ErrorCode::kSyntax,
                 "--metrics-listen: '" + options_.metrics_listen + "' is no ADDR:PORT; try 127.0.0.1:9464"};
  }
  auto started =
      server::OperationsServer::start(loop_.impl(), {.listen = *listen, .snapshot = [this] { return snapshot(); }});
  if (!started) return with_hint(started.error(), "; choose another address with --metrics-listen");
  operations_ = *std::move(started);
  operations_->set_readiness(server::Readiness::kReady);
  return {};
}

// The host in the URLs that the terminal shows; callers are told the one that they reached the page by.
std::string Serving::turn_host() const {
  if (!options_.turn.host.empty()) return options_.turn.host;
  const turn::ServerConfig& machine = turn_options_.machine;
  for (const auto& ip : {machine.advertised_v4, machine.advertised_v6, machine.relay_v4, machine.relay_v6}) {
    if (ip) return SocketAddress{*ip, turn_->udp_addresses().front().port}.to_string();
  }
  return turn_->udp_addresses().front().to_string();
}

std::optional<server::OwnTurn> Serving::own_turn() const {
  if (!turn_) return std::nullopt;
  const auto& secrets = turn_options_.machine.shared_secrets;
  return server::OwnTurn{
      .secret = secrets.empty() ? "" : secrets.front(),
      .credential_lifetime = options_.turn.credential_lifetime,
      .host = options_.turn.host,
      .port = turn_->udp_addresses().front().port,
      .tls_port = turn_->tls_addresses().empty() ? std::nullopt : std::optional(turn_->tls_addresses().front().port)};
}

std::vector<IceServer> Serving::ice_servers() const {
  server::OwnTurn own = *own_turn();
  const auto& users = turn_options_.machine.users;
  const bool minted = !own.secret.empty() && users.empty();
  // With users and no secret the URLs are the same; only the credentials are another's.
  if (!minted) own.secret = "unused";
  auto servers = server::mint_ice_servers(own, turn_host(), "anyone", io::EventLoop::wall_clock_anchor().wall);
  if (minted) return servers;
  for (IceServer& one : servers) {
    if (one.username.empty()) continue;
    one.username = users.front().name;
    one.credential = users.front().password;
  }
  return servers;
}

void Serving::announce() const {
  boost::json::object result;
  std::string text;
  if (signaling_) {
    const std::string url = signaling_->room_url("tea");
    const std::string base = url.substr(0, url.find("/r/"));
    result["listening"] = signaling_->local_address().to_string();
    result["url"] = base + "/";
    result["room_example"] = url;
    text += fmt::format("serving on {}\nopen {}/ in a browser, or share a room: {}\n",
                        signaling_->local_address().to_string(), base, url);
  }
  if (turn_) {
    const std::string servers = server::ice_servers_json(ice_servers());
    result["turn"] = {{"udp", texts(turn_->udp_addresses())},
                      {"tcp", texts(turn_->tcp_addresses())},
                      {"tls", texts(turn_->tls_addresses())}};
    result["ice_servers"] = boost::json::parse(servers);
    text += fmt::format("STUN and TURN on {}\niceServers: {}\n", turn_->udp_addresses().front().to_string(), servers);
  }
  if (operations_) {
    result["metrics"] = operations_->local_address().to_string();
    text += fmt::format("metrics on http://{}/metrics\n", operations_->local_address().to_string());
  }
  if (options_.json) return print_result(boost::json::serialize(result));
  say(false, "{}Ctrl-C ends the server; calls that need no relay go on", text);
}

void Serving::reload(const Result<ServeOptions>& options) {
  const Result<> changed = options ? change(*options) : Result<>(options.error());
  if (changed) return log_.info("reloaded");
  log_.error("reload_failed", {{"message", changed.error().message}});
}

Result<> Serving::change(const ServeOptions& options) {
  if (const std::string flag = needs_restart(options_, options); !flag.empty()) {
    return Error{ErrorCode::kInvalidModification, flag + " changes with a restart only"};
  }
  auto turn = turn_options_of(options);
  if (!turn) return turn.error();
  if (turn->has_value() != turn_.has_value()) {
    return Error{ErrorCode::kInvalidModification, "STUN and TURN are switched on and off with a restart only"};
  }
  if (turn_) {
    if (auto changed = turn_->reconfigure(**turn); !changed) return with_flag(changed.error());
    turn_options_ = std::move(**turn);
  }
  options_ = options;
  if (signaling_) signaling_->set_own_turn(own_turn());
  return {};
}

// Does not hold up the start: what is found is logged.
void Serving::test_relays() {
  const turn::ServerConfig& machine = turn_options_.machine;
  std::vector<io::IceUrl> outside;
  for (const std::string& text : options_.ice_urls) {
    const auto url = io::parse_ice_url(text);
    if (url && !url->is_turn() && !url->is_secure()) outside.push_back(*url);
  }
  const auto test = [&](const std::optional<IpAddress>& relay, const std::optional<IpAddress>& advertised) {
    if (!relay) return;
    checks_.push_back(std::make_unique<doctor::RelayHostCheck>(
        loop_.impl(),
        doctor::RelayHostOptions{.relay = *relay,
                                 .advertised = advertised,
                                 .ports = {machine.first_relay_port, machine.last_relay_port},
                                 .outside = outside},
        [this, ip = relay->to_string()](const doctor::RelayHostVerdict& verdict) {
          const bool fails = verdict.standing == doctor::RelayHostStanding::kFails;
          log_.write(fails ? server::LogLevel::kWarning : server::LogLevel::kInfo, "self_test",
                     {{"relay", ip}, {"result", to_string(verdict.standing)}, {"message", verdict.message}});
        }));
  };
  test(machine.relay_v4, machine.advertised_v4);
  test(machine.relay_v6, machine.advertised_v6);
}

void Serving::shut_down() {
  give_up_at_ = io::EventLoop::now() + options_.drain_timeout;
  if (operations_) operations_->set_readiness(server::Readiness::kDraining);
  if (turn_) {
    turn_->drain();
    log_.info("draining", {{"allocations", turn_->allocations()}});
  }
  if (signaling_) signaling_->shutdown([this] { signaling_is_over_ = true; });
  end_when_idle();
}

void Serving::end_when_idle() {
  const std::size_t allocations = turn_ ? turn_->allocations() : 0;
  const bool late = io::EventLoop::now() >= give_up_at_;
  if (signaling_is_over_ && (allocations == 0 || late)) {
    if (allocations > 0) log_.warning("drain_gave_up", {{"allocations", allocations}});
    return loop_.stop();
  }
  loop_.post_after(kLookAgain, [this] { end_when_idle(); });
}

server::ServerSnapshot Serving::snapshot() const {
  server::ServerSnapshot snapshot{.version = TIDEWIRE_VERSION, .log_lines_dropped = log_.dropped()};
  if (signaling_) snapshot.signaling = signaling_->stats();
  if (turn_) snapshot.turn = turn_->stats();
  return snapshot;
}

}  // namespace tidewire::app
