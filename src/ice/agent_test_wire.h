// Two agents, a wire between them that delays, loses and translates addresses, a STUN server, and signalling: all in
// virtual time. For the tests of the agent.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
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
  std::map<SocketAddress, std::uint16_t> ports;                      // inside -> public port
  std::vector<std::pair<std::uint16_t, SocketAddress>> permissions;  // public port, outside address

  SocketAddress outbound(const SocketAddress& inside, const SocketAddress& outside) {
    const auto port = ports.try_emplace(inside, static_cast<std::uint16_t>(40000 + ports.size())).first->second;
    permissions.emplace_back(port, outside);
    return {public_ip, port};
  }
  std::optional<SocketAddress> inbound(std::uint16_t port, const SocketAddress& outside) const {
    for (const auto& [inside, mapped] : ports) {
      if (mapped != port) continue;
      for (const auto& permission : permissions) {
        if (!filters || permission == std::pair(port, outside)) return inside;
      }
    }
    return std::nullopt;
  }
};

struct Peer {
  Peer(Role role, std::uint64_t seed, std::vector<SocketAddress> stun_servers = {}, Timing timing = {})
      : agent({.role = role, .stun_servers = std::move(stun_servers), .timing = timing},
              crypto::Random::from_test_seed(seed), pool) {}

  PacketPool pool;
  Agent agent;
  std::vector<SocketAddress> sockets;
  std::optional<Nat> nat;
  std::vector<Event> events;
  bool trickles = true;  // candidates go to the other side as they are found

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
  std::uint64_t datagrams = 0;

  void open(Peer& peer, std::vector<SocketAddress> sockets) {
    peer.sockets = sockets;
    std::uint16_t preference = 65535;
    for (const SocketAddress& socket : sockets) {
      if (!peer.agent.add_local_socket(socket, preference--, now)) std::abort();
    }
    peer.agent.end_of_local_sockets(now);
    drain();
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
      a_.agent.handle_timeout(now);
      b_.agent.handle_timeout(now);
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
      peer.events.push_back(std::move(*event));
    }
    while (auto datagram = peer.agent.poll_transmit()) send(peer, *datagram);
  }

  void send(Peer& peer, const Datagram& datagram) {
    ++datagrams;
    SocketAddress source = datagram.local;
    if (peer.nat && datagram.local.ip.is_private()) source = peer.nat->outbound(datagram.local, datagram.remote);
    if (random_.below(1'000'000) < static_cast<std::uint32_t>(loss * 1'000'000)) return;
    if (!passes(source, datagram.remote)) return;
    Bytes bytes(datagram.packet.bytes().begin(), datagram.packet.bytes().end());
    queue_.emplace(now + delay, [this, source, destination = datagram.remote, bytes = std::move(bytes)] {
      deliver(source, destination, bytes);
    });
  }

  void deliver(const SocketAddress& source, const SocketAddress& destination, const Bytes& bytes) {
    if (stun_server == destination) return answer(source, bytes);
    for (Peer* peer : {&a_, &b_}) {
      std::optional<SocketAddress> inside;
      if (peer->nat && peer->nat->public_ip == destination.ip) {
        inside = peer->nat->inbound(destination.port, source);
      } else if (!peer->nat || !destination.ip.is_private()) {
        inside = destination;
      }
      if (!inside) continue;
      for (const SocketAddress& socket : peer->sockets) {
        if (socket == *inside) peer->agent.handle_input(socket, source, bytes, now);
      }
    }
    drain();
  }

  void answer(const SocketAddress& source, const Bytes& bytes) {
    const auto request = stun::MessageView::parse(bytes);
    if (!request) return;
    Bytes response(256);
    stun::MessageBuilder builder(response, stun::MessageClass::kSuccess, stun::Method::kBinding,
                                 request->transaction_id());
    builder.add_xor_address(stun::AttributeType::kXorMappedAddress, source);
    response.resize(builder.finish().value().size());
    queue_.emplace(now + delay, [this, source, response] { deliver(*stun_server, source, response); });
  }

  Peer& a_;
  Peer& b_;
  crypto::Random random_;
  std::multimap<Timestamp, std::function<void()>> queue_;
};

}  // namespace tidewire::ice
