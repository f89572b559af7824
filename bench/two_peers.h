// Two connections that call each other, in the two forms that the benches compare: PeerConnections over loopback
// sockets, and Sessions that hand each other their datagrams in memory and in virtual time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "tidewire/peer_connection.h"

namespace tidewire::bench {

class TwoPeers {
 public:
  TwoPeers() : alice(loop, {.include_loopback = true}), bob(loop, {.include_loopback = true}) {
    alice.on_ice_candidate = [this](const IceCandidateInit& candidate) { (void)bob.add_ice_candidate(candidate); };
    bob.on_ice_candidate = [this](const IceCandidateInit& candidate) { (void)alice.add_ice_candidate(candidate); };
  }

  // Alice calls. `opened` runs when the channel is open on both sides; the caller runs the loop.
  void call(UniqueFunction<void()> opened) {
    opened_ = std::move(opened);
    channel = alice.create_data_channel("bench").value();
    channel->on_open = [this] { count_open(); };
    bob.on_data_channel = [this](std::shared_ptr<DataChannel> incoming) {
      other = std::move(incoming);
      count_open();
    };
    alice.set_local_description().value();
    bob.set_remote_description(*alice.local_description()).value();
    bob.set_local_description().value();
    alice.set_remote_description(*bob.local_description()).value();
  }

  EventLoop loop;
  PeerConnection alice;
  PeerConnection bob;
  std::shared_ptr<DataChannel> channel;  // Alice's end
  std::shared_ptr<DataChannel> other;    // Bob's end

 private:
  void count_open() {
    if (++open_ == 2) opened_();
  }

  UniqueFunction<void()> opened_;
  int open_ = 0;
};

// One Session and what its bench wants to know of it.
struct SessionPeer {
  SessionPeer(std::uint8_t seed, const SocketAddress& bound, Timestamp now) : session(config(seed)), address(bound) {
    session.add_local_socket(address, 65535, now).value();
    session.end_of_local_sockets(now);
  }

  static SessionConfig config(std::uint8_t seed) {
    SessionConfig config{.wall_clock = {Timestamp{}, UnixTime{std::chrono::hours(24 * 365 * 55)}},
                         .video_bitrate = 20'000'000'000};
    config.random_seed.fill(seed);
    return config;
  }

  Session session;
  SocketAddress address;
  std::optional<ChannelId> channel;  // once it is open
  bool connected = false;
};

class TwoSessions {
 public:
  TwoSessions()
      : alice(1, *SocketAddress::parse("192.0.2.1:1001"), now), bob(2, *SocketAddress::parse("192.0.2.2:1002"), now) {}

  // With the channel open on both sides; false when that takes more than 10 s of virtual time.
  bool connect() {
    (void)alice.session.create_data_channel("bench").value();
    alice.session.set_local_description(now).value();
    bob.session.set_remote_description(*alice.session.local_description(), now).value();
    bob.session.set_local_description(now).value();
    alice.session.set_remote_description(*bob.session.local_description(), now).value();
    const Timestamp limit = now + std::chrono::seconds(10);
    while (now < limit) {
      step();
      if (alice.channel && bob.channel && alice.connected && bob.connected) return true;
    }
    return false;
  }

  // Passes on what both sides send, or jumps to the next deadline when that is nothing.
  void step() {
    if (exchange()) return handle_timeouts();
    now = std::max(now, std::min(alice.session.next_timeout(), bob.session.next_timeout()));
    handle_timeouts();
  }

  // A burst each way. True when something was sent. Time passes, so that round-trip times are not zero.
  bool exchange() {
    // What one turn of an event loop reads from a socket at most.
    constexpr int kBurst = 256;
    bool moved = pass(alice, bob, kBurst);
    take_events(bob);
    moved = pass(bob, alice, kBurst) || moved;
    take_events(alice);
    now += std::chrono::microseconds(20);
    return moved;
  }

  Timestamp now{std::chrono::seconds(1)};
  SessionPeer alice;
  SessionPeer bob;
  // What the bench itself looks for.
  UniqueFunction<void(SessionPeer&, SessionEvent&)> on_event;

 private:
  void handle_timeouts() {
    for (SessionPeer* peer : {&alice, &bob}) {
      if (peer->session.next_timeout() <= now) peer->session.handle_timeout(now);
    }
  }

  bool pass(SessionPeer& from, SessionPeer& to, int most) {
    bool moved = false;
    for (int i = 0; i < most; ++i) {
      auto datagram = from.session.poll_transmit(now);
      if (!datagram) break;
      moved = true;
      if (datagram->remote != to.address) continue;
      to.session.handle_input({to.address, from.address, std::move(datagram->packet)}, now);
    }
    return moved;
  }

  void take_events(SessionPeer& peer) {
    SessionPeer& other = &peer == &alice ? bob : alice;
    while (auto event = peer.session.poll_event()) {
      if (const auto* found = std::get_if<event::IceCandidateFound>(&*event)) {
        (void)other.session.add_ice_candidate(found->candidate, now);
      } else if (const auto* added = std::get_if<event::DataChannelAdded>(&*event)) {
        peer.channel = added->channel;
      } else if (const auto* opened = std::get_if<event::DataChannelOpened>(&*event)) {
        peer.channel = opened->channel;
      } else if (const auto* state = std::get_if<event::ConnectionStateChanged>(&*event)) {
        peer.connected = state->state == PeerConnectionState::kConnected;
      }
      if (on_event) on_event(peer, *event);
    }
  }
};

}  // namespace tidewire::bench
