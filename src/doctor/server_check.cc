#include "doctor/server_check.h"

#include <algorithm>
#include <utility>

#include "doctor/words.h"
#include "io/os_random.h"

namespace tidewire::doctor {
namespace {

// A server that answers no Binding request may still relay; but it is not waited for as long.
constexpr Duration kSilentPatience = std::chrono::seconds(2);

std::string transport_of(const io::IceUrl& url) {
  if (url.is_secure()) return "tls";
  return std::string(io::to_string(url.transport));
}

std::string code_and_reason(std::uint16_t code, const std::string& reason) {
  return std::to_string(code) + (reason.empty() ? std::string() : " " + reason);
}

// What became of the allocation, in words.
std::pair<Problem, std::string> explain(const turn::event::Failed& failed, const std::string& username) {
  const std::string answer = code_and_reason(failed.code, failed.reason);
  switch (failed.cause) {
    case turn::Cause::kCredentials:
      if (const auto over = expired_for(username, io::EventLoop::wall_clock_anchor().wall)) {
        return {Problem::kCredentialsRefused, "refuses the credentials (" + answer + "): they expired " +
                                                  seconds(*over) + " ago by this machine's clock; have them renewed"};
      }
      return {Problem::kCredentialsRefused,
              !username.empty()
                  ? "refuses the credentials (" + answer +
                        "): correct --ice-username and --ice-credential, or have them renewed if they expired"
                  : "asks for credentials: give --ice-username and --ice-credential"};
    case turn::Cause::kQuota:
      return {Problem::kQuotaReached, "has no room (" + answer + "): try again later, or raise the server's quota"};
    case turn::Cause::kRedirect:
      return {Problem::kRefused,
              "sends its clients elsewhere: use " +
                  (failed.alternate_server ? failed.alternate_server->to_string() : failed.alternate_domain)};
    case turn::Cause::kTimeout:
      return {Problem::kServersUnreachable,
              "does not answer requests to relay: check the address and the firewalls in between"};
    case turn::Cause::kLost: return {Problem::kServersUnreachable, "ended the connection: " + failed.reason};
    case turn::Cause::kRefused:
    case turn::Cause::kUnsupported:
    case turn::Cause::kInUse: break;
  }
  return {Problem::kRefused, "refuses to relay (" + answer + "): check its configuration"};
}

std::pair<Problem, std::string> explain(const RelayFindings& found, const std::string& username) {
  if (!found.relays() && found.failure) return explain(*found.failure, username);
  const std::string relayed = found.relayed.to_string();
  if (!found.relays() && found.peer_refused) {
    return {Problem::kRefused, "refuses peers (" +
                                   code_and_reason(found.peer_refused->code, found.peer_refused->reason) +
                                   "): check which peer addresses it denies"};
  }
  if (!found.relays()) {
    return {
        Problem::kRelaySilent,
        "gave the relayed address " + relayed +
            ", but nothing comes through: check its external address, and that a firewall lets in UDP to its ports"};
  }
  if (found.path == RelayPath::kSecondAllocation && found.peer_tried && !found.peer_refused) {
    return {Problem::kRelayPortsClosed,
            "relays between its own clients, but what is sent to " + relayed +
                " from here does not arrive: let UDP to its relay ports pass the firewalls, its own and that of this "
                "network"};
  }
  return {Problem::kNone, {}};
}

}  // namespace

ServerCheck::ServerCheck(io::EventLoop& loop, const ServerCheckOptions& options, std::uint32_t& next_stream,
                         const io::IceUrl& url, const SocketAddress& address)
    : loop_(loop),
      options_(options),
      next_stream_(next_stream),
      url_(url),
      address_(address),
      is_stream_(url.transport == io::IceUrl::Transport::kTcp) {
  finding_.url = url.to_string();
  finding_.is_turn = url.is_turn();
  finding_.transport = transport_of(url);
  finding_.address = address;
}

IpAddress ServerCheck::any_address() const { return address_.ip.is_v4() ? IpAddress() : IpAddress::v6({}); }

template <typename M>
StreamId ServerCheck::open_stream(Driver<M>& driver, UniqueFunction<void(const SocketAddress& local)> on_open) {
  const StreamId id(++next_stream_);
  const StreamRequest request{
      .id = id, .local = {any_address(), 0}, .remote = address_, .tls = url_.is_secure(), .server_name = url_.host};
  io::MessageStream::Callbacks callbacks;
  callbacks.on_open = std::move(on_open);
  callbacks.on_messages = [&driver](std::span<Datagram> messages) { driver.take(messages); };
  callbacks.on_close = [this, &driver, id](std::string reason) {
    if (begun_) return driver.stream_closed(id);
    broke(reason);
  };
  driver.add_stream(id, io::MessageStream::connect(loop_, request, std::move(callbacks),
                                                   {.connect_timeout = options_.timeout, .ca_file = options_.ca_file}));
  return id;
}

void ServerCheck::reach(OnDone on_done) {
  on_done_ = std::move(on_done);
  started_ = io::EventLoop::now();
  binding_ = std::make_unique<Driver<BindingProbe>>(loop_);
  if (is_stream_) return reach_over_stream();
  const auto local = binding_->add_socket(any_address());
  if (!local) return fail(Problem::kServersUnreachable, "cannot be asked: " + local.error().message);
  binding_->begin([this](const BindingFindings& found) { found_binding(found); },
                  BindingProbeConfig{.local = *local, .server = address_, .patience = options_.timeout},
                  io::os_random(), loop_.packet_pool());
}

void ServerCheck::reach_over_stream() {
  begun_ = false;
  const auto id = std::make_shared<StreamId>();
  *id = open_stream(*binding_, [this, id](const SocketAddress& local) {
    finding_.connect_time = io::EventLoop::now() - started_;
    begun_ = true;
    binding_->begin([this](const BindingFindings& found) { found_binding(found); },
                    BindingProbeConfig{.local = local, .server = address_, .stream = *id, .patience = options_.timeout},
                    io::os_random(), loop_.packet_pool());
  });
}

// A connection that could not be made, or broke before there was a machine to tell.
void ServerCheck::broke(const std::string& reason) {
  // The reason names the address itself: "cannot reach 192.0.2.1:3478: Connection refused".
  finding_.problem = Problem::kServersUnreachable;
  finding_.message = reason;
  done();
}

void ServerCheck::fail(Problem problem, const std::string& what) {
  finding_.problem = problem;
  finding_.message = address_.to_string() + " " + what;
  done();
}

// From the loop, never inside the call that began.
void ServerCheck::done() {
  if (!on_done_) return;
  loop_.post(std::exchange(on_done_, {}));
}

void ServerCheck::found_binding(const BindingFindings& found) {
  binding_.reset();
  finding_.answered = found.answered;
  finding_.latency = found.round_trip;
  finding_.mapped = found.mapped;
  if (!found.answered)
    return fail(Problem::kServersUnreachable, is_stream_
                                                  ? "opens the connection, but does not answer: is it a STUN server?"
                                                  : "does not answer over UDP: a firewall may be in the way, or "
                                                    "nobody listens there");
  if (found.error_code != 0 && !finding_.is_turn)
    return fail(Problem::kRefused, "refuses to answer (" + std::to_string(found.error_code) + ")");
  done();
}

bool ServerCheck::can_relay() const { return finding_.is_turn && (!is_stream_ || finding_.connect_time); }

void ServerCheck::relay(const std::optional<SocketAddress>& seen_as, OnDone on_done) {
  on_done_ = std::move(on_done);
  begun_ = false;
  relay_ = std::make_unique<Driver<RelayProbe>>(loop_);
  RelayProbeConfig config;
  config.first = {.server = address_, .username = options_.username, .password = options_.credential};
  config.second = config.first;
  config.patience = finding_.answered ? options_.timeout : std::min(options_.timeout, kSilentPatience);
  if (seen_as) {
    // The relayed address is one of IPv4, whatever the way to the server.
    const auto peer = relay_->add_socket(IpAddress());
    if (peer) config.peer_local = *peer;
    config.peer_seen_as = seen_as;
  }
  if (is_stream_) return relay_over_streams(config);
  const auto first = relay_->add_socket(any_address());
  const auto second = relay_->add_socket(any_address());
  if (!first || !second) return fail(Problem::kServersUnreachable, "cannot be asked: no UDP socket could be opened");
  config.first.local = *first;
  config.second.local = *second;
  begin_relay(config);
}

void ServerCheck::relay_over_streams(RelayProbeConfig config) {
  const auto shared = std::make_shared<RelayProbeConfig>(std::move(config));
  const auto waiting = std::make_shared<int>(2);
  for (turn::ClientConfig* client : {&shared->first, &shared->second}) {
    client->stream = open_stream(*relay_, [this, shared, waiting, client](const SocketAddress& local) {
      client->local = local;
      if (--*waiting == 0) begin_relay(*shared);
    });
  }
}

void ServerCheck::begin_relay(const RelayProbeConfig& config) {
  begun_ = true;
  relay_->begin([this](const RelayFindings& found) { found_relay(found); }, config, io::os_random(),
                loop_.packet_pool());
}

void ServerCheck::found_relay(const RelayFindings& found) {
  relay_.reset();
  finding_.relay = found;
  finding_.answered = finding_.answered || found.allocated;
  const auto [problem, message] = explain(found, options_.username);
  if (problem != Problem::kNone) return fail(problem, message);
  finding_.problem = Problem::kNone;
  finding_.message.clear();
  done();
}

}  // namespace tidewire::doctor
