#include "server/turn/turn_options.h"

#include <algorithm>

#include "io/message_listener.h"
#include "io/udp_socket.h"

namespace tidewire::server {
namespace {

// A port that the system chooses may be one of the relayed ports, or another's over TCP.
constexpr int kMaxAttempts = 64;

Error wrong(std::string message) { return {ErrorCode::kRange, std::move(message)}; }

bool contains(const std::vector<SocketAddress>& addresses, const SocketAddress& address) {
  return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

Result<> check_addresses(const std::vector<SocketAddress>& addresses, std::vector<SocketAddress>& before) {
  for (const SocketAddress& address : addresses) {
    if (address.ip.is_unspecified()) {
      return wrong("cannot serve on " + address.to_string() + ": name each address of this machine.");
    }
    if (address.port == 0) continue;
    if (contains(before, address)) return wrong(address.to_string() + " is listened on twice.");
    before.push_back(address);
  }
  return {};
}

struct Sockets {
  std::vector<io::UdpSocket> udp;
  std::vector<io::MessageListener> tcp;
};

Result<> open_tcp(io::EventLoop& loop, std::vector<SocketAddress>& addresses, Sockets& open) {
  for (SocketAddress& address : addresses) {
    auto listener =
        io::MessageListener::listen(loop, address, [](io::MessageStream) {}, {.framing = StreamFraming::kStun});
    if (!listener) return listener.error();
    address = listener->local_address();
    open.tcp.push_back(*std::move(listener));
  }
  return {};
}

// All at a time, so that no port is found twice.
Result<> open_all(io::EventLoop& loop, TurnOptions& options) {
  Sockets open;
  for (SocketAddress& address : options.udp) {
    auto socket = io::UdpSocket::bind(loop, address, [](std::span<Datagram>) {});
    if (!socket) return socket.error();
    address = socket->local_address();
    open.udp.push_back(*std::move(socket));
  }
  for (SocketAddress& address : options.tcp) {
    // A port that the system chose is the same for UDP and TCP, as clients expect.
    const auto udp = std::find_if(options.udp.begin(), options.udp.end(),
                                  [&](const SocketAddress& other) { return other.ip == address.ip; });
    if (address.port == 0 && udp != options.udp.end()) address.port = udp->port;
  }
  if (auto opened = open_tcp(loop, options.tcp, open); !opened) return opened;
  return open_tcp(loop, options.tls, open);
}

}  // namespace

turn::ServerConfig machine_config(const TurnOptions& options) {
  turn::ServerConfig config = options.machine;
  config.listen = options.udp;
  for (const auto* more : {&options.tcp, &options.tls}) {
    for (const SocketAddress& address : *more) {
      if (!contains(config.listen, address)) config.listen.push_back(address);
    }
  }
  return config;
}

Result<> check(const TurnOptions& options) {
  if (options.udp.empty() && options.tcp.empty() && options.tls.empty())
    return wrong("there is no address to serve on.");
  if (!options.tls.empty() && options.certificate_pem.empty()) return wrong("TURN over TLS needs a certificate.");
  std::vector<SocketAddress> udp;
  std::vector<SocketAddress> tcp;  // TLS with it
  if (auto checked = check_addresses(options.udp, udp); !checked) return checked;
  if (auto checked = check_addresses(options.tcp, tcp); !checked) return checked;
  if (auto checked = check_addresses(options.tls, tcp); !checked) return checked;
  return turn::check(machine_config(options));
}

Result<TurnOptions> with_free_ports(const TurnOptions& options) {
  const auto is_free = [](const SocketAddress& address) { return address.port == 0; };
  const bool choice = std::any_of(options.udp.begin(), options.udp.end(), is_free) ||
                      std::any_of(options.tcp.begin(), options.tcp.end(), is_free) ||
                      std::any_of(options.tls.begin(), options.tls.end(), is_free);
  for (int attempt = 1;; ++attempt) {
    io::EventLoop loop;  // never runs
    TurnOptions found = options;
    Result<> opened = open_all(loop, found);
    if (opened) opened = check(found);
    if (opened) return found;
    if (!choice || attempt == kMaxAttempts) return opened.error();
  }
}

}  // namespace tidewire::server
