// The shell of a peer: sockets, servers, connections and names.
#include <algorithm>

#include "peer.h"

namespace tidewire::scenario {

void Peer::start(sim::Simulation& simulation, sim::HostId host, std::uint16_t first_port) {
  simulation_ = &simulation;
  host_ = host;
  next_port_ = first_port;
  const Timestamp now = simulation.now();
  simulation.attach(host, *this);
  for (const IpAddress& ip : simulation.network().addresses(host)) add_socket(ip, now);
  for (const SocketAddress& server : options_.late_stun_servers) session.add_stun_server(server, now).value();
  for (const TurnServer& server : options_.turn_servers) session.add_turn_server(server, now).value();
  look_up_servers(now);
  end_of_sockets_if_known(now);
}

void Peer::add_socket(const IpAddress& ip, Timestamp now) {
  const SocketAddress bound{ip, next_port_++};
  sockets_[ip] = bound;
  session.add_local_socket(bound, next_preference_, now).value();
  if (options_.tcp) {
    simulation_->network().streams().listen(host_, bound, false);
    session.add_tcp_listener({.bound = bound, .preference = next_preference_}, now).value();
    session.add_tcp_active({.bound = {ip, 0}, .preference = next_preference_}, now).value();
  }
  --next_preference_;
}

void Peer::look_up_servers(Timestamp now) {
  unresolved_ = options_.named_servers.size();
  for (const NamedServer& named : options_.named_servers) {
    simulation_->resolve(named.name, [this, named](const std::vector<IpAddress>& addresses) {
      const Timestamp then = simulation_->now();
      --unresolved_;
      for (const IpAddress& ip : addresses) {
        TurnServer server = named.server;
        server.address.ip = ip;
        session.add_turn_server(server, then).value();
      }
      if (addresses.empty()) session.note_server_error({"", named.server.url, 701, named.name + " has no address"});
      end_of_sockets_if_known(then);
    });
  }
  (void)now;
}

void Peer::end_of_sockets_if_known(Timestamp now) {
  if (unresolved_ == 0) session.end_of_local_sockets(now);
}

void Peer::interfaces_changed(Timestamp now) {
  const std::vector<IpAddress> addresses = simulation_->network().addresses(host_);
  // What is new comes first: the session then has somewhere to go when the old one is taken away.
  for (const IpAddress& ip : addresses) {
    if (!sockets_.contains(ip)) add_socket(ip, now);
  }
  for (auto socket = sockets_.begin(); socket != sockets_.end();) {
    if (std::ranges::find(addresses, socket->first) != addresses.end()) {
      ++socket;
      continue;
    }
    simulation_->network().streams().stop_listening(host_, socket->second);
    session.remove_local_socket(socket->second, now);
    socket = sockets_.erase(socket);
  }
  end_of_sockets_if_known(now);
}

void Peer::handle_input(Datagram datagram, Timestamp now) {
  if (const auto known = to_session_.find(datagram.stream); known != to_session_.end()) {
    datagram.stream = known->second;
  }
  session.handle_input(std::move(datagram), now);
}

std::optional<Datagram> Peer::poll_transmit(Timestamp now) {
  auto datagram = session.poll_transmit(now);
  while (datagram && loses && loses(*datagram)) datagram = session.poll_transmit(now);
  if (!datagram) return datagram;
  if (const auto known = to_network_.find(datagram->stream); known != to_network_.end()) {
    datagram->stream = known->second;
  }
  return datagram;
}

std::optional<StreamRequest> Peer::poll_stream_request(Timestamp) {
  if (stream_requests_.empty()) return std::nullopt;
  StreamRequest request = std::move(stream_requests_.front());
  stream_requests_.pop_front();
  return request;
}

std::optional<StreamId> Peer::poll_stream_close(Timestamp) {
  if (stream_closes_.empty()) return std::nullopt;
  StreamId stream = stream_closes_.front();
  stream_closes_.pop_front();
  if (const auto known = to_network_.find(stream); known != to_network_.end()) {
    stream = known->second;
    to_session_.erase(stream);
    to_network_.erase(known);
  }
  return stream;
}

void Peer::stream_opened(StreamId stream, SocketAddress local, Timestamp now) {
  session.stream_opened(stream, local, now);
}

void Peer::stream_accepted(StreamId stream, SocketAddress local, SocketAddress remote, Timestamp now) {
  const auto accepted = session.stream_accepted(local, remote, now);
  if (!accepted) return stream_closes_.push_back(stream);
  to_session_[stream] = *accepted;
  to_network_[*accepted] = stream;
}

void Peer::stream_closed(StreamId stream, sim::StreamCloseReason reason, Timestamp now) {
  if (const auto known = to_session_.find(stream); known != to_session_.end()) {
    stream = known->second;
    to_network_.erase(stream);
    to_session_.erase(known);
  }
  session.stream_closed(stream, "the connection " + std::string(sim::to_string(reason)), now);
}

bool Peer::handle_network_event(SessionEvent& event, Timestamp now) {
  if (auto* candidate = std::get_if<event::IceCandidateFound>(&event)) {
    candidates.push_back(candidate->candidate.candidate);
    if (on_candidate) on_candidate(candidate->candidate);
  } else if (auto* wanted = std::get_if<event::OpenStream>(&event)) {
    stream_requests_.push_back(wanted->request);
  } else if (auto* unwanted = std::get_if<event::CloseStream>(&event)) {
    stream_closes_.push_back(unwanted->stream);
  } else if (auto* error = std::get_if<event::IceCandidateErrorFound>(&event)) {
    server_errors.push_back(error->error);
  } else if (auto* wanted_name = std::get_if<event::ResolveName>(&event)) {
    simulation_->resolve(wanted_name->name, [this, host = wanted_name->name](const std::vector<IpAddress>& found) {
      session.name_resolved(host, found.empty() ? std::nullopt : std::optional(found.front()), simulation_->now());
    });
  } else if (auto* ice = std::get_if<event::IceConnectionStateChanged>(&event)) {
    // Where nothing is left to check, the state becomes completed at once.
    const bool has_path = ice->state == IceConnectionState::kConnected || ice->state == IceConnectionState::kCompleted;
    if (has_path && !moments.ice_connected) moments.ice_connected = now;
  } else if (auto* state = std::get_if<event::ConnectionStateChanged>(&event)) {
    handle_state(state->state, state->reason, now);
  } else {
    return false;
  }
  return true;
}

std::string Peer::path() const {
  const auto pair = session.stats(simulation_->now()).selected_candidate_pair;
  if (!pair) return {};
  return pair->local.candidate_type + "/" + pair->local.protocol + " - " + pair->remote.candidate_type + "/" +
         pair->remote.protocol;
}

bool Peer::is_relayed() const { return path().find("relay") != std::string::npos; }

}  // namespace tidewire::scenario
