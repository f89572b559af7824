// The network below a transport: sockets, servers, connections and the peer's candidates, between the ICE agent and the
// relays, which do not know each other.
#include <utility>

#include "session/transport.h"

namespace tidewire::session {

Result<> Transport::add_local_socket(const LocalSocket& socket, Timestamp now) {
  if (!relay_only_) {
    if (auto added = ice_.add_local_socket(socket, now); !added) return added;
  }
  relays_.add_socket(socket.bound, now);
  take_relays(now);
  return {};
}

Result<> Transport::add_tcp_listener(const LocalSocket& socket, Timestamp now) {
  if (relay_only_) return {};
  return ice_.add_tcp_listener(socket, now);
}

Result<> Transport::add_tcp_active(const LocalSocket& socket, Timestamp now) {
  if (relay_only_) return {};
  return ice_.add_tcp_active(socket, now);
}

void Transport::remove_local_socket(const SocketAddress& bound, Timestamp now) {
  ice_.remove_local(bound, now);
  relays_.remove_socket(bound);
  take_relays(now);
}

Result<> Transport::add_stun_server(const SocketAddress& server, Timestamp now) {
  if (relay_only_) return {};
  return ice_.add_stun_server(server, now);
}

Result<> Transport::add_turn_server(const TurnServer& server, Timestamp now) {
  auto added = relays_.add_server(server, now);
  take_relays(now);
  return added;
}

void Transport::note_server_error(IceCandidateError error) {
  take(RelayFailed{std::move(error), turn::Cause::kTimeout}, now_);
}

void Transport::end_of_local_sockets(Timestamp now) {
  relays_.end_of_servers();
  take_relays(now);
}

void Transport::stream_opened(StreamId stream, const SocketAddress& local, Timestamp now) {
  if (!relays_.stream_opened(stream, local, now)) ice_.stream_opened(stream, local, now);
  take_relays(now);
}

Result<StreamId> Transport::stream_accepted(const SocketAddress& local, const SocketAddress& remote, Timestamp now) {
  return ice_.stream_accepted(local, remote, now);
}

void Transport::stream_closed(StreamId stream, const std::string& reason, Timestamp now) {
  if (!relays_.stream_closed(stream, reason, now)) ice_.stream_closed(stream, now);
  take_relays(now);
}

Result<> Transport::add_remote_candidate(const ice::Candidate& candidate, Timestamp now) {
  if (candidate.protocol == ice::Protocol::kUdp && candidate.host_name.empty() && candidate.address.port != 0) {
    relays_.allow(candidate.address, now);
  }
  return ice_.add_remote_candidate(candidate, now);
}

void Transport::remote_name_resolved(std::string_view name, const std::optional<IpAddress>& address, Timestamp now) {
  ice_.remote_name_resolved(name, address, now);
}

void Transport::take_relays(Timestamp now) {
  while (auto event = relays_.poll_event()) take(std::move(*event), now);
}

void Transport::take(RelayEvent event, Timestamp now) {
  if (const auto* found = std::get_if<RelayFound>(&event)) {
    // A closed agent takes no relay, and nobody waits for it either.
    (void)ice_.add_local_relay(found->relayed, found->mapped, found->preference, now);
    if (found->over_udp && !relay_only_) ice_.add_server_reflexive(found->socket, found->mapped, found->server, now);
  } else if (const auto* lost = std::get_if<RelayLost>(&event)) {
    ice_.remove_local(lost->relayed, now);
  } else if (auto* failed = std::get_if<RelayFailed>(&event)) {
    if (server_errors_.size() < kMaxServerErrors) server_errors_.push_back(*failed);
    // Full: the application has heard of enough of them.
    (void)network_events_.push(ServerFailed{std::move(failed->error)});
  } else if (auto* wanted = std::get_if<StreamWanted>(&event)) {
    if (!network_events_.push(ice::OpenStream{wanted->request})) {
      relays_.stream_closed(wanted->request.id, "too many connections at once", now);
    }
  } else if (auto* unwanted = std::get_if<StreamUnwanted>(&event)) {
    (void)network_events_.push(ice::CloseStream{unwanted->stream});
  } else {
    ice_.end_of_local_sockets(now);
  }
}

}  // namespace tidewire::session
