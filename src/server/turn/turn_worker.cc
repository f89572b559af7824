#include "server/turn/turn_worker.h"

#include <algorithm>
#include <utility>

#include "io/os_random.h"

namespace tidewire::server {
namespace {

// Of a listening socket: it takes in the bursts of all its clients. A relayed port has one client, and the system's
// default does.
constexpr int kListeningBuffer = 4 << 20;

// Connections that have not shown credentials yet: a whole office may come back in the same second.
constexpr std::size_t kMaxUnauthenticated = 512;

std::uint16_t first_port(const std::array<SocketAddress, 2>& relays) {
  return relays[0].port != 0 ? relays[0].port : relays[1].port;
}

const char* to_text(turn::EndReason reason) {
  switch (reason) {
    case turn::EndReason::kByClient: return "by_client";
    case turn::EndReason::kExpired: return "expired";
    case turn::EndReason::kConnectionClosed: return "connection_closed";
    case turn::EndReason::kServerClosed: return "server_closed";
  }
  return "";
}

}  // namespace

TurnWorker::TurnWorker(io::EventLoop& loop, TurnOptions options, turn::Ledger& ledger, Log* log)
    : loop_(loop),
      options_(std::move(options)),
      ledger_(ledger),
      log_(log),
      hub_(loop, *this, {}),
      timer_(loop,
             [this](Timestamp now) {
               machine_->handle_timeout(now);
               carry_out();
               hub_.flush();
             }),
      housekeeping_(loop, [this](Timestamp now) { keep_house(now); }) {}

Result<> TurnWorker::listen() {
  for (const SocketAddress& address : options_.udp) {
    const auto socket =
        hub_.open(address, {.reuse_port = true, .receive_buffer = kListeningBuffer, .send_buffer = kListeningBuffer});
    if (!socket) return socket.error();
    listening_.emplace_back(address, *socket);
  }
  if (auto result = listen_tcp(options_.tcp, {}, listeners_); !result) return result;
  return listen_tcp(options_.tls, options_.certificate_pem, tls_listeners_);
}

Result<> TurnWorker::listen_tcp(const std::vector<SocketAddress>& addresses, const std::string& certificate,
                                std::vector<io::MessageListener>& listeners) {
  for (const SocketAddress& address : addresses) {
    auto listener =
        io::MessageListener::listen(loop_, address, [this](io::MessageStream stream) { accepted(std::move(stream)); },
                                    {.framing = StreamFraming::kStun,
                                     .certificate_pem = certificate,
                                     .reuse_port = true,
                                     .steer_among = static_cast<unsigned>(options_.threads),
                                     .max_unauthenticated = kMaxUnauthenticated});
    if (!listener) return listener.error();
    listeners.push_back(*std::move(listener));
  }
  return {};
}

void TurnWorker::start() {
  const turn::ServerConfig config = machine_config(options_);
  const std::size_t ports = std::size_t{config.last_relay_port} - config.first_relay_port + 1;
  if (config.relay_v4) relays_[0].resize(ports, kNoSocket);
  if (config.relay_v6) relays_[1].resize(ports, kNoSocket);
  machine_.emplace(config, io::os_random(), io::EventLoop::wall_clock_anchor(), loop_.packet_pool(), ledger_);
  tcp_relays_.emplace(loop_, *machine_, [this] {
    carry_out();
    hub_.flush();
  });
  for (auto& [id, client] : clients_) serve(id, client);
  housekeeping_.set(io::EventLoop::now() + options_.housekeeping);
}

Result<> TurnWorker::reconfigure(const TurnOptions& options) {
  const bool renewed = options.certificate_pem != options_.certificate_pem;
  if (renewed) {
    if (auto replaced = set_certificate(options.certificate_pem); !replaced) return replaced;
  }
  if (auto result = machine_->reconfigure(machine_config(options)); !result) {
    if (renewed) (void)set_certificate(options_.certificate_pem);  // it was good before
    return result;
  }
  options_ = options;
  carry_out();
  hub_.flush();
  return {};
}

Result<> TurnWorker::set_certificate(const std::string& certificate_pem) {
  for (io::MessageListener& listener : tls_listeners_) {
    if (auto replaced = listener.set_certificate(certificate_pem); !replaced) return replaced;
  }
  return {};
}

void TurnWorker::drain() { machine_->set_draining(true); }

TurnStats TurnWorker::stats() const {
  return {
      .machine = machine_ ? machine_->stats() : turn::ServerStats{}, .udp = hub_.stats(), .streams = clients_.size()};
}

void TurnWorker::on_datagram(UdpSocketId socket, const SocketAddress& remote, ByteView bytes) {
  if (!machine_) return;
  if (std::exchange(now_is_stale_, false)) now_ = io::EventLoop::now();
  turn::Forwarding out;
  if (!machine_->forward(hub_.local_address(socket), remote, {}, bytes, now_, out)) return;
  const ByteView body = bytes.subspan(out.offset, out.size);
  if (out.stream.value()) return send_on_stream(out, body);
  hub_.send(socket_at(out.local), out.remote, out.prefix_bytes(), body, out.padding);
}

void TurnWorker::on_batch_end() {
  now_is_stale_ = true;
  if (machine_) carry_out();
}

void TurnWorker::accepted(io::MessageStream stream) {
  do ++last_stream_;
  while (last_stream_ == 0 || clients_.contains(StreamId(last_stream_)));
  const StreamId id(last_stream_);
  const SocketAddress local = stream.local_address();
  const SocketAddress remote = stream.remote_address();
  Client& client = clients_.emplace(id, Client{std::move(stream), local, remote}).first->second;
  if (machine_) serve(id, client);  // else start() does
}

// The client stays in its place for as long as it has callbacks.
void TurnWorker::serve(StreamId id, Client& client) {
  client.stream.start(
      id, {.on_open = {},
           .on_messages = [this, id, &client](std::span<Datagram> messages) { received(id, client, messages); },
           .on_close = [this, id](const std::string&) { stream_closed(id); }});
}

void TurnWorker::received(StreamId id, Client& client, std::span<Datagram> messages) {
  const Timestamp now = io::EventLoop::now();
  for (Datagram& message : messages) machine_->handle_input(std::move(message), now);
  carry_out();
  if (!client.authenticated && machine_->has_allocation(client.local, client.remote, id, now)) {
    client.authenticated = true;
    client.stream.set_authenticated();
  }
  hub_.flush();
}

void TurnWorker::stream_closed(StreamId id) {
  const auto client = clients_.extract(id);
  if (!client) return;
  tcp_relays_->stream_closed(id);
  machine_->stream_closed(client.mapped().local, client.mapped().remote, id, io::EventLoop::now());
  carry_out();
  hub_.flush();
}

void TurnWorker::keep_house(Timestamp now) {
  machine_->set_wall_clock(io::EventLoop::wall_clock_anchor());
  // Who has gone without a word, as from a network that fell away, shows by not refreshing; TCP itself would never
  // tell, for nothing is sent.
  for (auto at = clients_.begin(); at != clients_.end();) {
    auto& [id, client] = *at;
    const bool idle = client.authenticated && !machine_->has_allocation(client.local, client.remote, id, now);
    const bool was_idle = std::exchange(client.idle, idle);
    at = was_idle && idle ? clients_.erase(at) : std::next(at);
  }
  housekeeping_.set(now + options_.housekeeping);
}

void TurnWorker::send_on_stream(const turn::Forwarding& forwarding, ByteView body) {
  static constexpr std::array<std::uint8_t, 3> kZeros{};
  Packet packet = loop_.packet_pool().make();
  if (!packet.append(forwarding.prefix_bytes()) || !packet.append(body) ||
      !packet.append(ByteView(kZeros).first(forwarding.padding))) {
    return;  // longer than any packet of the connection's other end could be
  }
  send_on_stream(forwarding.stream, std::move(packet));
}

void TurnWorker::send_on_stream(StreamId id, Packet packet) {
  const auto client = clients_.find(id);
  if (client != clients_.end()) client->second.stream.send(std::move(packet));
}

void TurnWorker::carry_out() {
  while (auto event = machine_->poll_event()) {
    std::visit([this](const auto& e) { carry_out(e); }, *event);
  }
  while (auto datagram = machine_->poll_transmit()) {
    if (datagram->stream.value()) {
      send_on_stream(datagram->stream, std::move(datagram->packet));
    } else {
      hub_.send(socket_at(datagram->local), datagram->remote, std::move(datagram->packet));
    }
  }
  timer_.set(machine_->next_timeout());
}

void TurnWorker::carry_out(const turn::OpenRelay& open) {
  const auto socket = hub_.open(open.address, {.forbid_fragments = options_.machine.relays_set_dont_fragment});
  if (!socket) return machine_->relay_failed(open.address, io::EventLoop::now());
  relay_socket(open.address) = *socket;
  machine_->relay_opened(open.address, io::EventLoop::now());
}

void TurnWorker::carry_out(const turn::CloseRelay& close) {
  UdpSocketId& socket = relay_socket(close.address);
  if (socket != kNoSocket) hub_.close(socket);
  socket = kNoSocket;
}

// The client's connection carries messages for as long as the answer is on its way.
void TurnWorker::carry_out(const turn::Splice& splice) {
  const StreamId id = splice.client.stream;
  const auto client = clients_.find(id);
  if (client == clients_.end()) {
    tcp_relays_->carry_out(turn::ClosePeer{splice.id});
    return machine_->peer_closed(splice.id, io::EventLoop::now());
  }
  tcp_relays_->expect(splice);
  client->second.stream.hand_over([this, id] {
    auto node = clients_.extract(id);
    if (node) tcp_relays_->splice(id, std::move(node.mapped().stream));
  });
}

void TurnWorker::carry_out(const turn::AllocationMade& made) {
  if (log_ == nullptr) return;
  log_->info("allocation_made", {{"user", logged_user(made.account)},
                                 {"client", made.client.client},
                                 {"transport", made.client.stream.value() ? "tcp" : "udp"},
                                 {"port", first_port(made.relays)},
                                 {"lifetime", made.lifetime}});
}

void TurnWorker::carry_out(const turn::AllocationEnded& ended) {
  if (log_ == nullptr) return;
  log_->info("allocation_ended", {{"user", logged_user(ended.account)},
                                  {"client", ended.client.client},
                                  {"port", first_port(ended.relays)},
                                  {"reason", to_text(ended.reason)},
                                  {"duration", ended.duration},
                                  {"bytes_to_peers", ended.counters.to_peers_bytes},
                                  {"bytes_to_client", ended.counters.to_client_bytes}});
}

TurnWorker::UdpSocketId& TurnWorker::relay_socket(const SocketAddress& address) {
  return relays_[address.ip.is_v4() ? 0 : 1][address.port - options_.machine.first_relay_port];
}

// No listening port is among the relayed ones. A hub counts what is sent on kNoSocket.
TurnWorker::UdpSocketId TurnWorker::socket_at(const SocketAddress& address) const {
  const auto& relays = relays_[address.ip.is_v4() ? 0 : 1];
  const std::size_t place = std::size_t{address.port} - options_.machine.first_relay_port;
  if (place < relays.size()) return relays[place];
  for (const auto& [local, socket] : listening_) {
    if (local.port == address.port && local.ip == address.ip) return socket;
  }
  return kNoSocket;
}

}  // namespace tidewire::server
