#include "session/relays.h"

#include <algorithm>
#include <utility>

namespace tidewire::session {
namespace {

constexpr std::uint32_t kStreamStep = 2;

// RFC 8445 §5.1.2.1: among relays, those that are reached over UDP come first, since TCP adds its own delays. The next
// lower preference is that of the relay's second address.
std::uint16_t preference_of(TurnTransport transport, std::size_t number) {
  const auto place = static_cast<std::uint16_t>(2 * std::min<std::size_t>(number, 999));
  switch (transport) {
    case TurnTransport::kUdp: return static_cast<std::uint16_t>(60000 - place);
    case TurnTransport::kTcp: return static_cast<std::uint16_t>(40000 - place);
    case TurnTransport::kTls: return static_cast<std::uint16_t>(20000 - place);
  }
  return 0;
}

bool can_reach(const IpAddress& socket, const IpAddress& server) {
  return socket.is_v4() == server.is_v4() && socket.is_loopback() == server.is_loopback() &&
         (!socket.is_link_local() || server.is_link_local());
}

IceCandidateError to_error(const TurnServer& server, const SocketAddress& local, std::uint16_t code, std::string text) {
  return {.address = local.port != 0 ? local.to_string() : std::string(),
          .url = server.url.empty() ? "turn:" + server.address.to_string() : server.url,
          .error_code = code,
          .error_text = std::move(text)};
}

}  // namespace

void Relays::add_socket(const SocketAddress& bound, Timestamp now) {
  sockets_.push_back(bound);
  for (const TurnServer& server : servers_) ask(server, bound, 0, now);
  update();
}

void Relays::remove_socket(const SocketAddress& bound) {
  std::erase(sockets_, bound);
  for (const auto& relay : relays_) {
    if (relay->stream == StreamId{} && relay->socket == bound) end(*relay);
  }
  update();
}

Result<> Relays::add_server(const TurnServer& server, Timestamp now) {
  if (std::ranges::find(servers_, server) != servers_.end()) return {};
  if (servers_.size() >= kMaxServers) return Error{ErrorCode::kOperation, "too many TURN servers"};
  servers_.push_back(server);
  if (server.transport != TurnTransport::kUdp) {
    ask_over_stream(server, 0, now);
  } else {
    for (const SocketAddress& socket : std::vector(sockets_)) ask(server, socket, 0, now);
  }
  update();
  return {};
}

void Relays::end_of_servers() {
  servers_ended_ = true;
  update();
}

bool Relays::has_room() const {
  const auto seconds = std::ranges::count_if(relays_, [](const auto& relay) { return relay->relayed_v6.has_value(); });
  return relays_.size() + static_cast<std::size_t>(seconds) < kMaxRelayed;
}

std::size_t Relays::sockets_asking(const TurnServer& server, bool v4) const {
  return static_cast<std::size_t>(std::ranges::count_if(relays_, [&](const auto& relay) {
    return !relay->over && relay->server == server && relay->socket.ip.is_v4() == v4;
  }));
}

void Relays::ask(const TurnServer& server, const SocketAddress& socket, int redirects, Timestamp now) {
  if (server.transport != TurnTransport::kUdp || !can_reach(socket.ip, server.address.ip)) return;
  if (!has_room() || sockets_asking(server, socket.ip.is_v4()) >= kMaxSocketsPerServer) return;
  auto relay = std::make_unique<Relay>();
  relay->server = server;
  relay->socket = socket;
  relay->redirects = redirects;
  relay->preference = preference_of(server.transport, relays_.size());
  relay->give_up = now + kPatience;
  settled_ = false;
  start_client(*relay, socket, now);
  relays_.push_back(std::move(relay));
}

void Relays::ask_over_stream(const TurnServer& server, int redirects, Timestamp now) {
  if (!has_room()) return;
  auto relay = std::make_unique<Relay>();
  relay->server = server;
  relay->redirects = redirects;
  relay->preference = preference_of(server.transport, relays_.size());
  relay->stream = StreamId{next_stream_};
  next_stream_ += kStreamStep;
  relay->give_up = now + kPatience;
  settled_ = false;
  events_.push_back(StreamWanted{{.id = relay->stream,
                                  .local = {server.address.ip.is_v4() ? IpAddress() : IpAddress::v6({}), 0},
                                  .remote = server.address,
                                  .framing = StreamFraming::kStun,
                                  .tls = server.transport == TurnTransport::kTls,
                                  .server_name = server.server_name}});
  relays_.push_back(std::move(relay));
}

void Relays::start_client(Relay& relay, const SocketAddress& local, Timestamp now) {
  turn::ClientConfig config{.local = local,
                            .server = relay.server.address,
                            .stream = relay.stream,
                            .username = relay.server.username,
                            .password = relay.server.credential,
                            .family = turn::RelayedFamily::kBoth};
  if (const auto known = realms_.find(relay.server.address); known != realms_.end()) {
    config.known_realm = known->second;
  }
  relay.client = std::make_unique<turn::Client>(std::move(config), random_.fork(), *pool_);
  for (const SocketAddress& peer : peers_) relay.client->allow(peer, now);
  relay.client->start(now);
}

void Relays::allow(const SocketAddress& peer, Timestamp now) {
  if (std::ranges::find(peers_, peer) != peers_.end()) return;
  if (peers_.size() >= kMaxPeers) peers_.pop_front();
  peers_.push_back(peer);
  for (const auto& relay : relays_) {
    if (relay->client && !relay->over) relay->client->allow(peer, now);
  }
  update();
}

const TurnServer* Relays::server_of(const SocketAddress& relayed) const {
  const auto found = by_relayed_.find(relayed);
  return found == by_relayed_.end() ? nullptr : &found->second->server;
}

std::optional<Datagram> Relays::wrap(Datagram datagram, Timestamp now) {
  const auto found = by_relayed_.find(datagram.local);
  if (found == by_relayed_.end()) return std::nullopt;
  turn::Client& client = *found->second->client;
  probe_if_silent(*found->second, now);
  auto wrapped = client.wrap(std::move(datagram.packet), datagram.remote, now);
  // wrap() may have asked for a permission of a new peer.
  has_output_ = true;
  next_timeout_ = std::min(next_timeout_, client.next_timeout());
  return wrapped;
}

void Relays::probe_if_silent(Relay& relay, Timestamp now) {
  relay.first_unanswered = std::min(relay.first_unanswered, now);
  if (now - relay.first_unanswered < kSilence || now < relay.probe_again) return;
  relay.probe_again = now + kProbeInterval;
  relay.client->refresh(now);
}

Relays::Relay* Relays::find(const Datagram& datagram) const {
  for (const auto& relay : relays_) {
    if (relay->client && !relay->over && relay->client->wants(datagram)) return relay.get();
  }
  return nullptr;
}

std::optional<Datagram> Relays::handle_input(Datagram datagram, Timestamp now) {
  Relay* relay = find(datagram);
  if (relay == nullptr) return std::nullopt;
  relay->first_unanswered = kNever;
  auto unwrapped = relay->client->handle_input(std::move(datagram), now);
  // Data changes nothing; what the server answers may.
  if (!unwrapped) {
    drain(*relay, now);
    update();
  }
  return unwrapped;
}

Relays::Relay* Relays::find_stream(StreamId stream) {
  if (stream == StreamId{}) return nullptr;
  const auto found = std::ranges::find_if(relays_, [&](const auto& relay) { return relay->stream == stream; });
  return found == relays_.end() ? nullptr : found->get();
}

bool Relays::stream_opened(StreamId stream, const SocketAddress& local, Timestamp now) {
  Relay* relay = find_stream(stream);
  if (relay == nullptr) return false;
  if (!relay->over && !relay->client) {
    relay->socket = local;
    start_client(*relay, local, now);
    update();
  }
  return true;
}

bool Relays::stream_closed(StreamId stream, const std::string& reason, Timestamp now) {
  Relay* relay = find_stream(stream);
  if (relay == nullptr) return false;
  if (relay->over) return true;
  const bool stood = relay->relayed.has_value();
  events_.push_back(RelayFailed{to_error(relay->server, relay->socket, turn::event::Failed::kUnreachable, reason),
                                stood ? turn::Cause::kLost : turn::Cause::kTimeout});
  relay->stream = {};
  end(*relay);
  // A relay that served is worth another connection: the network may have changed below it.
  if (stood) ask_over_stream(relay->server, 0, now);
  update();
  return true;
}

void Relays::drain(Relay& relay, Timestamp now) {
  if (!relay.client) return;
  while (auto event = relay.client->poll_event()) {
    if (const auto* found = std::get_if<turn::event::Allocated>(&*event)) allocated(relay, *found);
    if (const auto* gone = std::get_if<turn::event::Failed>(&*event)) failed(relay, *gone, now);
    // A refused permission is one pair that will not work; the pair's own checks find out.
  }
  if (const auto& realm = relay.client->known_realm()) realms_[relay.server.address] = *realm;
}

void Relays::allocated(Relay& relay, const turn::event::Allocated& event) {
  if (relay.over) return;
  if (by_relayed_.contains(event.relayed)) return end(relay);  // a server that hands one address out twice
  relay.relayed = event.relayed;
  add_address(relay, event.relayed, event.mapped, relay.preference);
  if (!event.relayed_v6 || by_relayed_.contains(*event.relayed_v6) || !has_room()) return;
  relay.relayed_v6 = event.relayed_v6;
  add_address(relay, *event.relayed_v6, event.mapped, static_cast<std::uint16_t>(relay.preference - 1));
}

void Relays::add_address(Relay& relay, const SocketAddress& relayed, const SocketAddress& mapped,
                         std::uint16_t preference) {
  by_relayed_[relayed] = &relay;
  events_.push_back(RelayFound{.relayed = relayed,
                               .mapped = mapped,
                               .socket = relay.socket,
                               .server = relay.server.address,
                               .over_udp = relay.server.transport == TurnTransport::kUdp,
                               .preference = preference});
}

void Relays::remove_address(std::optional<SocketAddress>& relayed) {
  if (!relayed) return;
  by_relayed_.erase(*relayed);
  events_.push_back(RelayLost{*relayed});
  relayed.reset();
}

void Relays::failed(Relay& relay, const turn::event::Failed& event, Timestamp now) {
  if (relay.over) return;
  const bool stood = relay.relayed.has_value();
  const bool follows =
      event.cause == turn::Cause::kRedirect && event.alternate_server && relay.redirects < kMaxRedirects;
  if (!follows) {
    events_.push_back(RelayFailed{to_error(relay.server, relay.socket, event.code, event.reason), event.cause});
  }
  end(relay);
  if (follows) follow(relay, event, now);
  // The server lost an allocation that served (it may have been restarted): a new one is asked for.
  if (stood && event.cause == turn::Cause::kLost && relay.server.transport == TurnTransport::kUdp &&
      std::ranges::find(sockets_, relay.socket) != sockets_.end()) {
    ask(relay.server, relay.socket, 0, now);
  }
}

void Relays::give_up(Relay& relay) {
  const std::string waited = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(kPatience).count());
  events_.push_back(RelayFailed{to_error(relay.server, relay.socket, turn::event::Failed::kUnreachable,
                                         "the server has not answered for " + waited + " s"),
                                turn::Cause::kTimeout});
  end(relay);
}

// RFC 8489 §10
void Relays::follow(const Relay& relay, const turn::event::Failed& event, Timestamp now) {
  TurnServer alternate = relay.server;
  const SocketAddress socket = relay.socket;
  const int redirects = relay.redirects + 1;
  alternate.address = *event.alternate_server;
  if (!event.alternate_domain.empty()) alternate.server_name = event.alternate_domain;
  if (alternate.transport == TurnTransport::kUdp) {
    ask(alternate, socket, redirects, now);
  } else {
    ask_over_stream(alternate, redirects, now);
  }
}

// The relay stays in the table until update() clears it out, so that pointers hold.
void Relays::end(Relay& relay) {
  relay.over = true;
  remove_address(relay.relayed);
  remove_address(relay.relayed_v6);
  if (relay.stream != StreamId{}) events_.push_back(StreamUnwanted{relay.stream});
}

void Relays::update() {
  has_output_ = true;
  std::erase_if(relays_, [](const auto& relay) { return relay->over; });
  next_timeout_ = kNever;
  bool pending = false;
  for (const auto& relay : relays_) {
    if (relay->client) next_timeout_ = std::min(next_timeout_, relay->client->next_timeout());
    if (relay->relayed) continue;
    next_timeout_ = std::min(next_timeout_, relay->give_up);
    pending = true;
  }
  if (servers_ended_ && !pending && !settled_) {
    settled_ = true;
    events_.push_back(RelaysSettled{});
  }
}

void Relays::handle_timeout(Timestamp now) {
  if (now < next_timeout_) return;
  // By index: a redirect or a loss adds relays.
  for (std::size_t i = 0; i < relays_.size(); ++i) {
    Relay& relay = *relays_[i];
    if (!relay.over && !relay.relayed && relay.give_up <= now) give_up(relay);
    if (!relay.client || relay.over || relay.client->next_timeout() > now) continue;
    relay.client->handle_timeout(now);
    drain(relay, now);
  }
  update();
}

std::optional<Datagram> Relays::poll_transmit() {
  if (!has_output_) return std::nullopt;
  for (std::size_t i = 0; i < relays_.size(); ++i) {
    const auto& relay = relays_[(next_transmit_ + i) % relays_.size()];
    if (!relay->client) continue;
    if (auto datagram = relay->client->poll_transmit()) {
      next_transmit_ = (next_transmit_ + i) % relays_.size();
      return datagram;
    }
  }
  has_output_ = false;
  return std::nullopt;
}

std::optional<RelayEvent> Relays::poll_event() {
  if (events_.empty()) return std::nullopt;
  RelayEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void Relays::close(Timestamp now) {
  for (const auto& relay : relays_) {
    if (relay->client) relay->client->close(now);
  }
  has_output_ = true;
  next_timeout_ = kNever;
}

}  // namespace tidewire::session
