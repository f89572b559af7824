// One thread of the STUN and TURN service: moves bytes between its sockets and its machine.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/event_loop.h"
#include "io/message_listener.h"
#include "io/udp_hub.h"
#include "server/operations/log.h"
#include "server/turn/tcp_relays.h"
#include "server/turn/turn_options.h"
#include "server/turn/turn_service.h"
#include "turn/ledger.h"
#include "turn/server.h"

namespace tidewire::server {

class TurnWorker final : private io::UdpHub::Handler {
 public:
  // Made, used and destroyed on the thread of `loop`, or while no thread serves it. The options have no port 0.
  TurnWorker(io::EventLoop& loop, TurnOptions options, turn::Ledger& ledger, Log* log);

  // Opens the listening sockets, which others may share.
  Result<> listen();
  // Begins to serve, when all workers' sockets are open.
  void start();

  // An error has changed nothing.
  Result<> reconfigure(const TurnOptions& options);
  void drain();
  TurnStats stats() const;

 private:
  using UdpSocketId = io::UdpHub::SocketId;
  struct Client {
    io::MessageStream stream;
    SocketAddress local;
    SocketAddress remote;
    bool authenticated = false;  // has had an allocation
    bool idle = false;           // but had none when we last looked
  };
  // None: the first one of a hub is 0.
  static constexpr UdpSocketId kNoSocket{0xffffffff};

  // io::UdpHub::Handler
  void on_datagram(UdpSocketId socket, const SocketAddress& remote, ByteView bytes) override;
  void on_batch_end() override;

  Result<> listen_tcp(const std::vector<SocketAddress>& addresses, const std::string& certificate,
                      std::vector<io::MessageListener>& listeners);
  Result<> set_certificate(const std::string& certificate_pem);
  void accepted(io::MessageStream stream);
  void serve(StreamId id, Client& client);
  void received(StreamId id, Client& client, std::span<Datagram> messages);
  void stream_closed(StreamId id);
  void send_on_stream(const turn::Forwarding& forwarding, ByteView body);
  void send_on_stream(StreamId id, Packet packet);
  void keep_house(Timestamp now);

  // What the machine has to say after it was given something.
  void carry_out();
  void carry_out(const turn::OpenRelay& open);
  void carry_out(const turn::CloseRelay& close);
  void carry_out(const turn::OpenTcpRelay& open) { tcp_relays_->carry_out(open); }
  void carry_out(const turn::CloseTcpRelay& close) { tcp_relays_->carry_out(close); }
  void carry_out(const turn::ConnectPeer& connect) { tcp_relays_->carry_out(connect); }
  void carry_out(const turn::Splice& splice);
  void carry_out(const turn::ClosePeer& close) { tcp_relays_->carry_out(close); }
  void carry_out(const turn::AllocationMade& made);
  void carry_out(const turn::AllocationEnded& ended);
  UdpSocketId& relay_socket(const SocketAddress& address);
  UdpSocketId socket_at(const SocketAddress& address) const;

  io::EventLoop& loop_;
  TurnOptions options_;
  turn::Ledger& ledger_;
  Log* log_;
  io::UdpHub hub_;
  std::optional<turn::Server> machine_;  // from start() on
  io::Timer timer_;
  io::Timer housekeeping_;
  Timestamp now_{};
  bool now_is_stale_ = true;
  std::vector<std::pair<SocketAddress, UdpSocketId>> listening_;
  std::array<std::vector<UdpSocketId>, 2> relays_;  // of each family, by port
  std::vector<io::MessageListener> listeners_;
  std::vector<io::MessageListener> tls_listeners_;
  std::unordered_map<StreamId, Client> clients_;
  std::uint32_t last_stream_ = 0;
  std::optional<TcpRelays> tcp_relays_;  // beside machine_
};

}  // namespace tidewire::server
