// A host that sends what it is told to and remembers what happened to it, and a world of such hosts.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "sim/simulation.h"

namespace tidewire::sim {

inline SocketAddress address(const char* text) { return *SocketAddress::parse(text); }
inline IpAddress ip(const char* text) { return *IpAddress::parse(text); }

class Box final : public Endpoint {
 public:
  void handle_input(Datagram datagram, Timestamp now) override {
    received.push_back(std::move(datagram));
    arrivals.push_back(now);
  }
  void handle_timeout(Timestamp) override {}
  std::optional<Datagram> poll_transmit(Timestamp) override { return take(outbox); }
  void handle_events(Timestamp) override {}
  Timestamp next_timeout() const override { return kNever; }

  std::optional<StreamRequest> poll_stream_request(Timestamp) override { return take(requests); }
  std::optional<StreamId> poll_stream_close(Timestamp) override { return take(closes); }
  void stream_opened(StreamId stream, SocketAddress local, Timestamp now) override {
    opened.push_back({stream, local});
    opened_at.push_back(now);
  }
  void stream_accepted(StreamId stream, SocketAddress local, SocketAddress remote, Timestamp now) override {
    accepted.push_back({stream, local, remote});
    accepted_at.push_back(now);
  }
  void stream_closed(StreamId stream, StreamCloseReason reason, Timestamp now) override {
    closed.push_back({stream, reason});
    closed_at.push_back(now);
  }
  void interfaces_changed(Timestamp) override { ++changes; }

  std::deque<Datagram> outbox;
  std::deque<StreamRequest> requests;
  std::deque<StreamId> closes;
  std::vector<Datagram> received;
  std::vector<StreamOpened> opened;
  std::vector<StreamAccepted> accepted;
  std::vector<StreamClosed> closed;
  std::vector<Timestamp> arrivals, opened_at, accepted_at, closed_at;
  int changes = 0;

 private:
  template <typename T>
  static std::optional<T> take(std::deque<T>& queue) {
    if (queue.empty()) return std::nullopt;
    T first = std::move(queue.front());
    queue.pop_front();
    return first;
  }
};

class World {
 public:
  HostId add(const HostConfig& config) {
    const HostId id = network.add_host(config);
    boxes_.emplace_back();
    simulation.attach(id, boxes_.back());
    return id;
  }
  HostId add(const char* address, std::optional<NatId> nat = std::nullopt, const FirewallConfig& firewall = {}) {
    return add({address, {ip(address)}, {}, {}, nat, firewall});
  }
  Box& box(HostId host) { return boxes_[host]; }

  void send(HostId from, const char* local, const SocketAddress& remote, std::size_t size = 100) {
    box(from).outbox.push_back({address(local), remote, network.pool().copy_of(Bytes(size)), {}});
  }
  // On a stream; the text is the message.
  void send(HostId from, StreamId stream, std::string_view text) {
    box(from).outbox.push_back({{}, {}, network.pool().copy_of(as_bytes(text)), stream});
  }
  // Sends a datagram and says where it seems to come from; nothing when it does not arrive.
  std::optional<SocketAddress> source_seen(HostId from, const char* local, HostId to, const SocketAddress& remote) {
    const std::size_t before = box(to).received.size();
    send(from, local, remote);
    simulation.run_for(std::chrono::milliseconds(500));
    return box(to).received.size() > before ? std::optional(box(to).received.back().remote) : std::nullopt;
  }

  Simulation simulation{7};
  Network& network = simulation.network();

 private:
  std::deque<Box> boxes_;
};

}  // namespace tidewire::sim
