// A TURN client with a socket or a connection, and a peer that sends everything back.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/event_loop.h"
#include "io/message_stream.h"
#include "io/os_random.h"
#include "io/udp_socket.h"
#include "turn/client.h"

namespace tidewire::server {

enum class Via { kUdp, kTcp, kTls };

struct TestUser {
  std::string name = "alice";
  std::string password = "wonderland";
};

class TurnTestClient {
 public:
  // Without `ca_file` any certificate will do.
  TurnTestClient(io::EventLoop& loop, Via via, const SocketAddress& server, TestUser user = {},
                 const std::string& ca_file = {})
      : loop_(loop), user_(std::move(user)), server_(server), timer_(loop, [this](Timestamp now) {
          machine_->handle_timeout(now);
          pump();
        }) {
    if (via == Via::kUdp) {
      use_socket();
      return;
    }
    stream_.emplace(
        io::MessageStream::connect(loop,
                                   {.id = kStream,
                                    .remote = server,
                                    .framing = StreamFraming::kStun,
                                    .tls = via == Via::kTls,
                                    .server_name = "turn.test"},
                                   {.on_open = [this](const SocketAddress& local) { begin(local, kStream); },
                                    .on_messages = [this](std::span<Datagram> messages) { handle(messages); },
                                    .on_close =
                                        [this](std::string reason) {
                                          closed = std::move(reason);
                                          if (machine_) machine_->handle_stream_closed(io::EventLoop::now());
                                          if (machine_) pump();
                                        }},
                                   {.verify_certificate = !ca_file.empty(), .ca_file = ca_file}));
  }
  TurnTestClient(const TurnTestClient&) = delete;
  TurnTestClient& operator=(const TurnTestClient&) = delete;

  void send(const SocketAddress& peer, std::string_view text) {
    auto wrapped = machine_->wrap(loop_.packet_pool().copy_of(as_bytes(text)), peer, io::EventLoop::now());
    pump();  // first what makes the permission
    if (wrapped) transmit(std::move(*wrapped));
  }
  void allow(const SocketAddress& peer) {
    machine_->allow(peer, io::EventLoop::now());
    pump();
  }
  // Gives the allocation back.
  void give_back() {
    machine_->close(io::EventLoop::now());
    pump();
  }
  void hang_up() { stream_.reset(); }

  const turn::ClientStats& stats() const { return machine_->stats(); }
  bool is_settled() const { return relayed || failed || closed; }

  std::optional<SocketAddress> relayed;
  std::optional<turn::event::Failed> failed;
  std::optional<std::string> closed;  // the connection, and why
  std::vector<std::string> received;

 private:
  static constexpr StreamId kStream{1};

  void use_socket() {
    auto socket = io::UdpSocket::bind(loop_, {server_.ip, 0}, [this](std::span<Datagram> batch) { handle(batch); });
    socket_.emplace(*std::move(socket));
    begin(socket_->local_address(), {});
  }
  void begin(const SocketAddress& local, StreamId stream) {
    machine_.emplace(
        turn::ClientConfig{.local = local,
                           .server = server_,
                           .stream = stream,
                           .username = user_.name,
                           .password = user_.password,
                           .family = server_.ip.is_v6() ? turn::RelayedFamily::kIpv6 : turn::RelayedFamily::kIpv4},
        io::os_random(), loop_.packet_pool());
    machine_->start(io::EventLoop::now());
    pump();
  }
  void handle(std::span<Datagram> batch) {
    for (Datagram& datagram : batch) {
      if (auto data = machine_->handle_input(std::move(datagram), io::EventLoop::now())) {
        received.emplace_back(as_text(data->packet.bytes()));
      }
    }
    pump();
  }
  void pump() {
    while (auto datagram = machine_->poll_transmit()) transmit(std::move(*datagram));
    while (const auto event = machine_->poll_event()) {
      if (const auto* allocated = std::get_if<turn::event::Allocated>(&*event)) relayed = allocated->relayed;
      if (const auto* failure = std::get_if<turn::event::Failed>(&*event)) failed = *failure;
    }
    timer_.set(machine_->next_timeout());
  }
  void transmit(Datagram datagram) {
    if (stream_) stream_->send(std::move(datagram.packet));
    if (socket_) socket_->send(std::move(datagram.packet), datagram.remote);
  }

  io::EventLoop& loop_;
  TestUser user_;
  SocketAddress server_;
  std::optional<turn::Client> machine_;
  io::Timer timer_;
  std::optional<io::UdpSocket> socket_;
  std::optional<io::MessageStream> stream_;
};

class EchoPeer {
 public:
  EchoPeer(io::EventLoop& loop, const IpAddress& ip)
      : socket_(*io::UdpSocket::bind(loop, {ip, 0}, [this](std::span<Datagram> batch) {
          for (Datagram& datagram : batch) {
            heard.emplace_back(as_text(datagram.packet.bytes()));
            heard_from = datagram.remote;
            socket_.send(std::move(datagram.packet), datagram.remote);
          }
        })) {}

  SocketAddress address() const { return socket_.local_address(); }

  std::vector<std::string> heard;
  SocketAddress heard_from;

 private:
  io::UdpSocket socket_;
};

}  // namespace tidewire::server
