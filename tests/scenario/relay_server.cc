#include "relay_server.h"

#include "stun/builder.h"
#include "stun/message.h"

namespace tidewire::scenario {
namespace {

std::vector<IpAddress> addresses(const RelayServerOptions& options) {
  std::vector<IpAddress> all{*IpAddress::parse(options.address)};
  if (!options.address_v6.empty()) all.push_back(*IpAddress::parse(options.address_v6));
  return all;
}

turn::ServerConfig server_config(const RelayServerOptions& options) {
  turn::ServerConfig config{.users = {{std::string(RelayServer::kUser), std::string(RelayServer::kPassword)}},
                            .max_allocations_per_user = options.max_allocations_per_user};
  for (const IpAddress& ip : addresses(options)) {
    config.listen.push_back({ip, RelayServer::kPort});
    config.listen.push_back({ip, RelayServer::kTlsPort});
    if (!options.relays) continue;
    (ip.is_v4() ? config.relay_v4 : config.relay_v6) = ip;
  }
  return config;
}

}  // namespace

RelayServer::RelayServer(sim::Simulation& simulation, const RelayServerOptions& options)
    : server(server_config(options), crypto::Random::from_test_seed(99),
             {.monotonic = simulation.now(), .wall = UnixTime{std::chrono::hours(24 * 365 * 55)}},
             simulation.network().pool()),
      host(simulation.network().add_host({.name = std::string(kName),
                                          .addresses = addresses(options),
                                          .up = options.link,
                                          .down = options.link,
                                          .nat = std::nullopt})) {
  simulation.attach(host, *this);
  for (const IpAddress& ip : addresses(options)) {
    simulation.network().streams().listen(host, {ip, kPort}, false);
    simulation.network().streams().listen(host, {ip, kTlsPort}, true, kName);
  }
}

TurnServer RelayServer::at(std::string_view address, TurnTransport transport) {
  const bool tls = transport == TurnTransport::kTls;
  const SocketAddress where{*IpAddress::parse(address), tls ? kTlsPort : kPort};
  return {.address = where,
          .transport = transport,
          .server_name = std::string(kName),
          .username = std::string(kUser),
          .credential = std::string(kPassword),
          .url = (tls ? "turns:" : "turn:") + where.to_string() +
                 "?transport=" + (transport == TurnTransport::kUdp ? "udp" : "tcp")};
}

SocketAddress RelayServer::stun(std::string_view address) { return {*IpAddress::parse(address), kPort}; }

void RelayServer::handle_events(Timestamp now) {
  while (auto event = server.poll_event()) {
    if (const auto* open = std::get_if<turn::OpenRelay>(&*event)) server.relay_opened(open->address, now);
  }
}

void RelayServer::stream_accepted(StreamId stream, SocketAddress local, SocketAddress remote, Timestamp) {
  clients_[stream] = {local, remote};
}

void RelayServer::stream_closed(StreamId stream, sim::StreamCloseReason, Timestamp now) {
  const auto client = clients_.extract(stream);
  if (client) server.stream_closed(client.mapped().first, client.mapped().second, stream, now);
}

RedirectingServer::RedirectingServer(sim::Simulation& simulation, std::string_view address, SocketAddress elsewhere)
    : pool_(simulation.network().pool()), elsewhere_(elsewhere) {
  const sim::HostId host = simulation.network().add_host(
      {.name = "redirecting", .addresses = {*IpAddress::parse(address)}, .up = {}, .down = {}, .nat = std::nullopt});
  simulation.attach(host, *this);
}

void RedirectingServer::handle_input(Datagram datagram, Timestamp) {
  const auto request = stun::MessageView::parse(datagram.packet.bytes());
  if (!request || request->message_class() != stun::MessageClass::kRequest) return;
  ++redirected;
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kError, request->method(), request->transaction_id());
  builder.add_error_code(stun::ErrorNumber::kTryAlternate);
  builder.add_address(stun::AttributeType::kAlternateServer, elsewhere_);
  if (builder.finish()) answers_.push_back({datagram.local, datagram.remote, std::move(packet)});
}

std::optional<Datagram> RedirectingServer::poll_transmit(Timestamp) {
  if (answers_.empty()) return std::nullopt;
  Datagram answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

}  // namespace tidewire::scenario
