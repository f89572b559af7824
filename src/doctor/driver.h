// Gives a measuring machine its sockets, streams and time, and waits for what it finds.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "io/event_loop.h"
#include "io/message_stream.h"
#include "io/udp_socket.h"

namespace tidewire::doctor {

template <typename M>
class Driver {
 public:
  using Found = typename decltype(std::declval<M&>().poll_event())::value_type;
  using OnFound = UniqueFunction<void(Found found)>;

  // Sockets and streams first, then begin(). The callback comes once, if the driver still lives, and may destroy it.
  explicit Driver(io::EventLoop& loop) : loop_(loop), timer_(loop, [this](Timestamp now) { expire(now); }) {}
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // The socket's address, for the machine's configuration.
  Result<SocketAddress> add_socket(const IpAddress& ip, io::UdpSocket::Options options = {}) {
    auto socket = io::UdpSocket::bind(
        loop_, {ip, 0}, [this](std::span<Datagram> batch) { take(batch); }, options);
    if (!socket) return socket.error();
    sockets_.push_back(*std::move(socket));
    return sockets_.back().local_address();
  }
  // The same on a free port of a range.
  Result<SocketAddress> add_socket(const IpAddress& ip, io::PortRange ports) {
    auto socket =
        io::UdpSocket::bind_in_range(loop_, ip, ports, [this](std::span<Datagram> batch) { take(batch); }, {});
    if (!socket) return socket.error();
    sockets_.push_back(*std::move(socket));
    return sockets_.back().local_address();
  }
  // One that is open; its messages go to take(), its end to stream_closed().
  void add_stream(StreamId id, io::MessageStream stream) { streams_.emplace(id, std::move(stream)); }

  template <typename... Args>
  void begin(OnFound on_found, Args&&... args) {
    on_found_ = std::move(on_found);
    machine_.emplace(std::forward<Args>(args)...);
    machine_->start(io::EventLoop::now());
    pump();
  }

  void take(std::span<Datagram> batch) {
    if (!machine_) return;
    const Timestamp now = io::EventLoop::now();
    for (Datagram& datagram : batch) machine_->handle_input(std::move(datagram), now);
    pump();
  }
  void stream_closed(StreamId id) {
    streams_.erase(id);
    if (!machine_) return;
    if constexpr (requires { machine_->handle_stream_closed(id, Timestamp{}); })
      machine_->handle_stream_closed(id, io::EventLoop::now());
    pump();
  }

 private:
  void expire(Timestamp now) {
    machine_->handle_timeout(now);
    pump();
  }

  void pump() {
    while (auto out = machine_->poll_transmit()) send(std::move(*out));
    timer_.set(machine_->next_timeout());
    if (auto found = machine_->poll_event(); found && on_found_) {
      // From the loop: the callback is not to run inside begin().
      timer_.cancel();
      loop_.post([alive = std::weak_ptr<int>(alive_), callback = std::exchange(on_found_, {}),
                  result = std::move(*found)]() mutable {
        if (!alive.expired()) callback(std::move(result));
      });
    }
  }

  void send(Datagram datagram) {
    if (datagram.stream.value() != 0) {
      const auto found = streams_.find(datagram.stream);
      if (found != streams_.end()) found->second.send(std::move(datagram.packet));
      return;
    }
    for (io::UdpSocket& socket : sockets_) {
      if (socket.local_address() != datagram.local) continue;
      socket.send(std::move(datagram.packet), datagram.remote);
      return;
    }
  }

  io::EventLoop& loop_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // what is posted ends with the driver
  io::Timer timer_;
  std::deque<io::UdpSocket> sockets_;
  std::map<StreamId, io::MessageStream> streams_;
  std::optional<M> machine_;
  OnFound on_found_;
};

}  // namespace tidewire::doctor
