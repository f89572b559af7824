// The network of one connection: a UDP socket for each address of this machine (or a part of a shared port), TCP and
// TLS connections, the servers of its configuration, and names that have to be looked up. It follows the machine's
// interfaces as they come and go.
//
// network.cc: addresses and sockets; network_streams.cc: connections; network_servers.cc: servers and names.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/event_loop.h"
#include "io/host_resolver.h"
#include "io/ice_url.h"
#include "io/interface_monitor.h"
#include "io/interfaces.h"
#include "io/mdns_resolver.h"
#include "io/mdns_responder.h"
#include "io/message_listener.h"
#include "io/message_stream.h"
#include "io/shared_udp_port.h"
#include "io/udp_socket.h"
#include "peer/path_emulation.h"
#include "tidewire/configuration.h"
#include "tidewire/session.h"

namespace tidewire::peer {

class Network {
 public:
  // TCP candidates are made for so many addresses, the best ones: more would only crowd the check list.
  static constexpr std::size_t kMaxTcpAddresses = 4;

  // `on_change` is called after something was given to the session, which outlives this.
  Network(io::EventLoop& loop, Session& session, const Configuration& configuration, UniqueFunction<void()> on_change);

  // Binds sockets and gives them to the session; servers that are names are looked up meanwhile. Syntax for a server's
  // URL that is malformed; Network when there is not one address that can be bound. Then nothing was opened.
  Result<> open();

  // Leaves in batches, at the latest at the end of the present turn of the loop.
  void send(Datagram datagram);
  // Lets what has been sent leave now.
  void flush();

  // What the session asks for.
  void resolve(const std::string& name);
  void open_stream(const StreamRequest& request);
  void close_stream(StreamId stream);
  void note_verified(const event::PathVerified& path);
  // After calls that may have restarted ICE: a shared port has to know the new credentials before the first check
  // comes.
  void follow_credentials();

 private:
  // One address of this machine.
  struct Local {
    SocketAddress bound;
    std::optional<io::UdpSocket> socket;
    std::optional<io::SharedUdpPort::Registration> shared;  // in place of it
    std::optional<io::MessageListener> listener;
    std::string mdns_name;
  };
  struct Server {
    io::IceUrl url;
    std::string text;
    const IceServer* credentials = nullptr;
  };

  // network.cc
  Result<> add_address(const io::HostAddress& host);
  Result<> bind(Local& local, const IpAddress& ip);
  Result<> bind_shared(Local& local, const IpAddress& ip);
  std::string publish(const IpAddress& ip);
  void drop(std::map<IpAddress, Local>::iterator local);
  void follow_interfaces();
  void take(std::span<Datagram> batch);
  void handle_batch(std::span<Datagram> batch);
  void put_out(Datagram datagram);
  Local* find(const SocketAddress& bound);

  // network_streams.cc
  void listen(Local& local, std::uint16_t preference);
  void accept(io::MessageStream stream);
  io::MessageStream::Callbacks stream_callbacks(StreamId id);

  // network_servers.cc
  Result<std::vector<Server>> parse_servers() const;
  void look_up(const Server& server);
  void use(const Server& server, const std::vector<IpAddress>& addresses);
  void settle();

  io::EventLoop& loop_;
  Session& session_;
  const Configuration& configuration_;
  UniqueFunction<void()> on_change_;
  std::map<IpAddress, Local> locals_;
  std::map<SocketAddress, Local*> by_bound_;
  Local* last_sender_ = nullptr;
  std::map<StreamId, io::MessageStream> streams_;
  std::uint16_t addresses_used_ = 0;  // since the beginning
  std::size_t tcp_addresses_ = 0;
  std::size_t sent_ = 0;
  std::optional<PathEmulation> emulation_;
  std::string ufrag_;  // that shared ports know, and the one before it, whose checks are still answered
  std::string previous_ufrag_;
  std::optional<io::InterfaceMonitor> monitor_;
  std::unique_ptr<io::MdnsResolver> mdns_;
  std::unique_ptr<io::MdnsResponder> responder_;
  io::HostResolver resolver_;
  std::size_t unresolved_servers_ = 0;
};

}  // namespace tidewire::peer
