// Two agents, a wire between them that delays, loses and translates addresses, a STUN server, connections, media and
// signalling: all in virtual time. For the tests of the agent.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ice/agent.h"
#include "ice/check_message.h"
#include "stun/builder.h"

namespace tidewire::ice {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline SocketAddress address(std::string_view text) { return SocketAddress::parse(text).value(); }

// A NAT with one public address: endpoint-independent mapping and, when asked, address- and port-dependent filtering
// (RFC 4787 §4, §5).
struct Nat {
  IpAddress public_ip;
  bool filters = true;
  std::map<SocketAddress, std::uint16_t> ports;                   // inside -> public port
  std::set<std::pair<std::uint16_t, SocketAddress>> permissions;  // public port, outside address
  std::uint16_t next_port = 40000;

  SocketAddress outbound(const SocketAddress& inside, const SocketAddress& outside) {
    const auto [place, is_new] = ports.try_emplace(inside, next_port);
    if (is_new) ++next_port;
    permissions.emplace(place->second, outside);
    return {public_ip, place->second};
  }
  // Forgets everything, as a reboot or a new uplink does.
  void rebind(const IpAddress& new_ip) {
    public_ip = new_ip;
    ports.clear();
    permissions.clear();
  }
  std::optional<SocketAddress> inbound(std::uint16_t port, const SocketAddress& outside) const {
    for (const auto& [inside, mapped] : ports) {
      if (mapped == port && (!filters || permissions.count({port, outside}) != 0)) return inside;
    }
    return std::nullopt;
  }
};

struct Peer {
  Peer(Role role, std::uint64_t seed, std::vector<SocketAddress> stun_servers = {}, Timing timing = {})
      : Peer(AgentConfig{.role = role, .stun_servers = std::move(stun_servers), .timing = timing}, seed) {}
  Peer(AgentConfig config, std::uint64_t seed) : agent(std::move(config), crypto::Random::from_test_seed(seed), pool) {}

  PacketPool pool;
  Agent agent;
  std::vector<SocketAddress> sockets;    // of UDP, and relays
  std::vector<SocketAddress> listeners;  // of TCP
  std::optional<Nat> nat;
  std::vector<Event> events;
  bool trickles = true;  // candidates go to the other side as they are found
  // Packets of the other side that came in by the pair that this one uses, and those that came in by any.
  std::uint64_t media_on_path = 0;
  std::uint64_t media = 0;
  Timestamp last_media{};
  Duration longest_gap{};  // between two of them

  std::vector<State> states() const {
    std::vector<State> found;
    for (const Event& event : events) {
      if (const auto* change = std::get_if<StateChanged>(&event)) found.push_back(change->state);
    }
    return found;
  }
  template <typename T>
  std::size_t count() const {
    std::size_t n = 0;
    for (const Event& event : events) n += std::holds_alternative<T>(event) ? 1 : 0;
    return n;
  }
  bool connected() const { return agent.state() == State::kConnected || agent.state() == State::kCompleted; }
};

class Wire {
 public:
  Wire(Peer& a, Peer& b, std::uint64_t seed = 1) : a_(a), b_(b), random_(crypto::Random::from_test_seed(seed)) {}

  Timestamp now = Timestamp{} + seconds(1000);
  Duration delay = milliseconds(10);
  double loss = 0;
  std::optional<SocketAddress> stun_server;
  Duration signalling_delay = milliseconds(0);
  // May refuse a datagram: (from which peer's side, source as on the wire, destination).
  std::function<bool(const SocketAddress& from, const SocketAddress& to)> passes = [](auto&, auto&) { return true; };
  // The same for connections.
  std::function<bool(const SocketAddress& from, const SocketAddress& to)> connects = [](auto&, auto&) { return true; };
  // Which side sends media.
  std::function<bool(const Peer& peer)> speaks = [](auto&) { return true; };
  std::uint64_t datagrams = 0;  // without media
  std::uint64_t stream_datagrams = 0;

  void open(Peer& peer, std::vector<SocketAddress> sockets) {
    peer.sockets = sockets;
    std::uint16_t preference = 65535;
    for (const SocketAddress& socket : sockets) {
      if (!peer.agent.add_local_socket(socket, preference--, now)) std::abort();
    }
    peer.agent.end_of_local_sockets(now);
    drain();
  }
  void listen(Peer& peer, const SocketAddress& listener) {
    peer.listeners.push_back(listener);
    if (!peer.agent.add_tcp_listener({.bound = listener}, now)) std::abort();
    drain();
  }
  void relay(Peer& peer, const SocketAddress& relayed) {
    peer.sockets.push_back(relayed);
    if (!peer.agent.add_local_relay(relayed, address("198.51.100.9:9"), 100, now)) std::abort();
    drain();
  }
  void add(Peer& peer, const LocalSocket& socket) {
    peer.sockets.push_back(socket.bound);
    if (!peer.agent.add_local_socket(socket, now)) std::abort();
    drain();
  }
  void remove(Peer& peer, const SocketAddress& socket) {
    std::erase(peer.sockets, socket);
    std::erase(peer.listeners, socket);
    peer.agent.remove_local(socket, now);
    drain();
  }
  // Connections that a test cuts: both ends hear of it.
  void reset_streams() {
    for (const auto& [from, to] : std::exchange(streams_, {})) from.first->agent.stream_closed(from.second, now);
    drain();
  }
  std::size_t open_streams() const { return streams_.size() / 2; }
  // From now on each side that has a pair sends 50 packets per second on it.
  void start_media() {
    queue_.emplace(now, [this] { tick(); });
  }
  // The remote description reaches a peer.
  void describe(Peer& from, Peer& to) {
    if (!to.agent.set_remote_credentials(from.agent.local_credentials(), now)) std::abort();
    drain();
  }
  void send_candidates(Peer& from, Peer& to) {
    for (const Candidate& candidate : from.agent.local_candidates()) give(candidate, to);
    drain();
  }
  void connect_both() {
    describe(a_, b_);
    describe(b_, a_);
    send_candidates(a_, b_);
    send_candidates(b_, a_);
  }

  // Until the condition holds; false when the time is up first.
  bool run_until(const std::function<bool()>& done, Duration limit) {
    const Timestamp end = now + limit;
    drain();
    while (!done()) {
      const Timestamp next =
          std::min({queue_.empty() ? kNever : queue_.begin()->first, a_.agent.next_timeout(), b_.agent.next_timeout()});
      if (next > end) {
        now = end;
        return false;
      }
      now = std::max(now, next);
      while (!queue_.empty() && queue_.begin()->first <= now) {
        auto action = std::move(queue_.begin()->second);
        queue_.erase(queue_.begin());
        action();
      }
      for (Peer* peer : {&a_, &b_}) {
        peer->agent.handle_timeout(now);
        if (peer->agent.next_timeout() <= now) std::abort();  // a busy loop
      }
      drain();
    }
    return true;
  }
  void run_for(Duration duration) {
    run_until([] { return false; }, duration);
  }

  void drain() {
    drain(a_, b_);
    drain(b_, a_);
  }

 private:
  void give(const Candidate& candidate, Peer& to) {
    // Through the text form, as between browsers.
    if (!to.agent.add_remote_candidate(parse_candidate(to_string(candidate)).value(), now)) std::abort();
  }

  void drain(Peer& peer, Peer& other) {
    while (auto event = peer.agent.poll_event()) {
      if (const auto* found = std::get_if<LocalCandidateFound>(&*event); found != nullptr && peer.trickles) {
        queue_.emplace(now + signalling_delay,
                       [this, candidate = found->candidate, &other] { give(candidate, other); });
      }
      if (const auto* wanted = std::get_if<OpenStream>(&*event)) connect(peer, other, wanted->request);
      if (const auto* closed = std::get_if<CloseStream>(&*event)) hang_up(peer, closed->stream);
      peer.events.push_back(std::move(*event));
    }
    while (auto datagram = peer.agent.poll_transmit()) {
      const Bytes bytes(datagram->packet.bytes().begin(), datagram->packet.bytes().end());
      ++datagrams;
      send(peer, {datagram->local, datagram->remote, datagram->stream}, bytes);
    }
  }

  void tick() {
    for (Peer* peer : {&a_, &b_}) {
      const auto& pair = peer->agent.selected_pair();
      if (pair && speaks(*peer)) send(*peer, {pair->local_address, pair->remote_address, pair->stream}, {});
    }
    queue_.emplace(now + milliseconds(20), [this] { tick(); });
  }

  void connect(Peer& from, Peer& to, const StreamRequest& request) {
    const SocketAddress near{request.local.ip, next_ephemeral_++};
    const bool listens = std::find(to.listeners.begin(), to.listeners.end(), request.remote) != to.listeners.end();
    if (!listens || !connects(near, request.remote)) {
      queue_.emplace(now + 2 * delay, [this, &from, id = request.id] { from.agent.stream_closed(id, now); });
      return;
    }
    queue_.emplace(now + delay, [this, &from, &to, near, request] {
      const auto accepted = to.agent.stream_accepted(request.remote, near, now);
      if (accepted) {
        streams_[{&from, request.id}] = {&to, *accepted};
        streams_[{&to, *accepted}] = {&from, request.id};
        far_ends_[{&from, request.id}] = {near, request.remote};
        far_ends_[{&to, *accepted}] = {request.remote, near};
      }
      queue_.emplace(now + delay, [this, &from, id = request.id, near, opened = accepted.has_value()] {
        opened ? from.agent.stream_opened(id, near, now) : from.agent.stream_closed(id, now);
      });
    });
  }

  void hang_up(Peer& peer, StreamId id) {
    const auto other = streams_.find({&peer, id});
    if (other == streams_.end()) return;
    const End far = other->second;
    streams_.erase({&peer, id});
    streams_.erase(far);
    queue_.emplace(now + delay, [this, far] { far.first->agent.stream_closed(far.second, now); });
  }

  void send(Peer& peer, const Route& route, const Bytes& bytes) {
    if (route.stream != StreamId{}) return send_on_stream(peer, route, bytes);
    SocketAddress source = route.local;
    if (peer.nat && route.local.ip.is_private()) source = peer.nat->outbound(route.local, route.remote);
    if (random_.below(1'000'000) < static_cast<std::uint32_t>(loss * 1'000'000)) return;
    if (!passes(source, route.remote)) return;
    queue_.emplace(now + delay,
                   [this, source, destination = route.remote, bytes] { deliver(source, destination, bytes); });
  }

  void send_on_stream(Peer& peer, const Route& route, const Bytes& bytes) {
    ++stream_datagrams;
    const auto far = streams_.find({&peer, route.stream});
    if (far == streams_.end() || !passes(route.local, route.remote)) return;
    queue_.emplace(now + delay, [this, end = far->second, bytes] {
      if (streams_.count(end) == 0) return;
      const auto& [local, remote] = far_ends_[end];
      receive(*end.first, Route{local, remote, end.second}, bytes);
    });
  }

  // Empty bytes stand for a packet of media.
  void receive(Peer& peer, const Route& route, const Bytes& bytes) {
    if (!bytes.empty()) return peer.agent.handle_input(route, bytes, now);
    if (peer.media++ != 0) peer.longest_gap = std::max(peer.longest_gap, now - peer.last_media);
    peer.last_media = now;
    const auto& pair = peer.agent.selected_pair();
    if (pair && Route{pair->local_address, pair->remote_address, pair->stream} == route) ++peer.media_on_path;
    peer.agent.note_packet(route, now);
  }

  void deliver(const SocketAddress& source, const SocketAddress& destination, const Bytes& bytes) {
    if (stun_server == destination) return answer(destination, source, bytes);
    for (Peer* peer : {&a_, &b_}) {
      std::optional<SocketAddress> inside;
      if (peer->nat && peer->nat->public_ip == destination.ip) {
        inside = peer->nat->inbound(destination.port, source);
      } else if (!peer->nat || !destination.ip.is_private()) {
        inside = destination;
      }
      if (!inside) continue;
      for (const SocketAddress& socket : peer->sockets) {
        if (socket != *inside) continue;
        receive(*peer, {socket, source, {}}, bytes);
        break;
      }
    }
    drain();
  }

  void answer(const SocketAddress& server, const SocketAddress& source, const Bytes& bytes) {
    const auto request = stun::MessageView::parse(bytes);
    if (!request) return;
    Bytes response(256);
    stun::MessageBuilder builder(response, stun::MessageClass::kSuccess, stun::Method::kBinding,
                                 request->transaction_id());
    builder.add_xor_address(stun::AttributeType::kXorMappedAddress, source);
    response.resize(builder.finish().value().size());
    queue_.emplace(now + delay, [this, server, source, response] { deliver(server, source, response); });
  }

  Peer& a_;
  Peer& b_;
  crypto::Random random_;
  std::multimap<Timestamp, std::function<void()>> queue_;
  using End = std::pair<Peer*, StreamId>;
  std::map<End, End> streams_;
  std::map<End, std::pair<SocketAddress, SocketAddress>> far_ends_;  // local and remote address at that end
  std::uint16_t next_ephemeral_ = 50000;
};

}  // namespace tidewire::ice
