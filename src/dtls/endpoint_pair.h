// For tests: a client and a server with a link between them, in virtual time.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dtls/endpoint.h"

namespace tidewire::dtls {

inline std::shared_ptr<const crypto::Certificate> test_certificate() {
  return crypto::Certificate::generate({std::chrono::hours(24 * 365 * 54)}, {std::chrono::hours(24 * 365 * 60)});
}

// An endpoint and all that it has said.
struct Peer {
  Peer(Role role, PacketPool& pool, Config config = {}) : endpoint(with(std::move(config), role), pool) {}

  static Config with(Config config, Role role) {
    config.role = role;
    if (!config.certificate) config.certificate = test_certificate();
    return config;
  }

  void collect(Timestamp now) {
    while (std::optional<Event> event = endpoint.poll_event()) {
      if (auto* up = std::get_if<Connected>(&*event)) {
        connected = std::move(*up);
        connected_at = now;
      } else if (auto* data = std::get_if<ApplicationData>(&*event)) {
        const ByteView bytes = std::as_const(data->data).bytes();
        received.emplace_back(bytes.begin(), bytes.end());
      } else if (auto* failure = std::get_if<Failed>(&*event)) {
        failed = failure->reason;
      } else {
        closed = true;
      }
    }
  }

  Endpoint endpoint;
  std::optional<Connected> connected;
  Timestamp connected_at{};
  std::vector<Bytes> received;
  std::optional<std::string> failed;
  bool closed = false;
};

struct Transit {
  bool from_client = false;
  int index = 0;  // of the datagrams of both directions, in the order they were sent
  Bytes datagram;
};

struct EndpointPair {
  explicit EndpointPair(Config client_config = {}, Config server_config = {})
      : client_certificate(client_config.certificate ? client_config.certificate : test_certificate()),
        server_certificate(server_config.certificate ? server_config.certificate : test_certificate()),
        client(Role::kClient, pool, (client_config.certificate = client_certificate, client_config)),
        server(Role::kServer, pool, (server_config.certificate = server_certificate, server_config)) {}

  void exchange_fingerprints() {
    client.endpoint.set_remote_fingerprints({server_certificate->fingerprint()}, now);
    server.endpoint.set_remote_fingerprints({client_certificate->fingerprint()}, now);
  }
  void start() {
    server.endpoint.start(now);
    client.endpoint.start(now);
  }
  // Both promises kept, started, and time passes.
  void connect() {
    exchange_fingerprints();
    start();
    run_for(std::chrono::seconds(2));
  }

  void run_for(Duration duration) {
    const Timestamp end = now + duration;
    for (;;) {
      pump();
      Timestamp next = std::min(client.endpoint.next_timeout(), server.endpoint.next_timeout());
      for (const auto& [at, transit] : in_flight) next = std::min(next, at);
      if (next > end) break;
      now = std::max(now, next);
      deliver_due();
      client.endpoint.handle_timeout(now);
      server.endpoint.handle_timeout(now);
    }
    now = end;
  }

  // The datagrams that replace a sent one, with a delay beyond the link's: none, it, or more.
  using Fate = std::vector<std::pair<Bytes, Duration>>;
  std::function<Fate(const Transit&)> fate = [](const Transit& t) { return Fate{{t.datagram, Duration{}}}; };

  void pump() {
    for (const bool from_client : {true, false}) {
      Peer& peer = from_client ? client : server;
      while (const std::optional<Packet> packet = peer.endpoint.poll_transmit()) {
        const ByteView bytes = packet->bytes();
        const Transit transit{from_client, sent++, Bytes(bytes.begin(), bytes.end())};
        largest = std::max(largest, bytes.size());
        for (auto& [datagram, extra] : fate(transit)) {
          in_flight.push_back({now + delay + extra, {from_client, transit.index, std::move(datagram)}});
        }
      }
      peer.collect(now);
    }
  }

  void deliver_due() {
    std::vector<Transit> due;
    std::erase_if(in_flight, [&](auto& entry) {
      if (entry.first > now) return false;
      due.push_back(std::move(entry.second));
      return true;
    });
    for (const Transit& transit : due) {
      Peer& to = transit.from_client ? server : client;
      to.endpoint.handle_input(pool.copy_of(transit.datagram), now);
      to.collect(now);
    }
  }

  PacketPool pool;
  std::shared_ptr<const crypto::Certificate> client_certificate;
  std::shared_ptr<const crypto::Certificate> server_certificate;
  Peer client;
  Peer server;
  Timestamp now{std::chrono::seconds(1000)};
  Duration delay = std::chrono::milliseconds(20);
  std::vector<std::pair<Timestamp, Transit>> in_flight;
  int sent = 0;
  std::size_t largest = 0;
};

}  // namespace tidewire::dtls
