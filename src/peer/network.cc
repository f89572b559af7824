#include "peer/network.h"

#include <utility>

#include "io/interfaces.h"

namespace tidewire::peer {
namespace {

// A browser answers within milliseconds; what takes longer is not on this link, and its checks find us anyway.
constexpr Duration kMdnsTimeout = std::chrono::seconds(5);

}  // namespace

Network::Network(io::EventLoop& loop, Session& session, UniqueFunction<void()> on_change)
    : loop_(loop), session_(session), on_change_(std::move(on_change)) {}

Result<> Network::open(bool include_loopback) {
  const auto interfaces = io::list_interfaces();
  if (!interfaces) return interfaces.error();
  Error last{ErrorCode::kNetwork, "this machine has no network address; bring an interface up"};
  std::uint16_t preference = 65535;
  for (const io::HostAddress& host : io::ice_host_addresses(*interfaces, include_loopback)) {
    auto socket = io::UdpSocket::bind(loop_, {host.ip, 0}, [this](std::span<Datagram> batch) { handle_batch(batch); });
    if (!socket) {
      last = socket.error();
      continue;
    }
    const SocketAddress bound = socket->local_address();
    if (!session_.add_local_socket(bound, preference, loop_.now())) continue;
    sockets_.emplace(bound, std::move(*socket));
    --preference;
  }
  session_.end_of_local_sockets(loop_.now());
  if (sockets_.empty()) return last;
  return {};
}

void Network::send(Datagram datagram) {
  const auto socket = sockets_.find(datagram.local);
  if (socket != sockets_.end()) socket->second.send(std::move(datagram.packet), datagram.remote);
}

void Network::handle_batch(std::span<Datagram> batch) {
  const Timestamp now = loop_.now();
  for (Datagram& datagram : batch) session_.handle_input(std::move(datagram), now);
  on_change_();
}

void Network::resolve(const std::string& name) {
  if (!mdns_) mdns_ = std::make_unique<io::MdnsResolver>(loop_);
  mdns_->resolve(name, kMdnsTimeout, [this, name](const Result<IpAddress>& address) {
    session_.name_resolved(name, address ? std::optional(*address) : std::nullopt, loop_.now());
    on_change_();
  });
}

}  // namespace tidewire::peer
