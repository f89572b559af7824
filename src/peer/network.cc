#include "peer/network.h"

#include <charconv>
#include <utility>

#include "io/interfaces.h"

namespace tidewire::peer {
namespace {

// A browser answers within milliseconds; what takes longer is not on this link, and its checks find us anyway.
constexpr Duration kMdnsTimeout = std::chrono::seconds(5);
// What one system call takes. A congestion window may hold more than a socket queues till the end of the turn.
constexpr std::size_t kSendBatch = 32;

}  // namespace

Network::Network(io::EventLoop& loop, Session& session, UniqueFunction<void()> on_change)
    : loop_(loop), session_(session), on_change_(std::move(on_change)), resolver_(loop) {}

std::optional<StunUrl> parse_stun_url(std::string_view url) {
  constexpr std::string_view kScheme = "stun:";
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  if (const auto literal = SocketAddress::parse(url)) return StunUrl{literal->ip.to_string(), literal->port};
  StunUrl parsed;
  const std::size_t colon = url.find(':');
  parsed.host = url.substr(0, colon);
  if (colon != std::string_view::npos) {
    const std::string_view port = url.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
    if (error != std::errc{} || end != port.data() + port.size() || parsed.port == 0) return std::nullopt;
  }
  if (parsed.host.empty()) return std::nullopt;
  return parsed;
}

Result<> Network::open(bool include_loopback, const std::vector<StunUrl>& servers) {
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
  unresolved_servers_ = 1;
  for (const StunUrl& server : servers) look_up(server);
  settle();
  if (sockets_.empty()) return last;
  return {};
}

void Network::look_up(const StunUrl& server) {
  ++unresolved_servers_;
  resolver_.resolve(server.host, [this, port = server.port](const Result<std::vector<IpAddress>>& addresses) {
    // A server that has no address is one way fewer, and no reason to fail: the others and the host candidates remain.
    if (addresses) {
      for (const IpAddress& ip : *addresses) (void)session_.add_stun_server({ip, port}, loop_.now());
    }
    settle();
    on_change_();
  });
}

// Gathering may complete when the last name has been looked up.
void Network::settle() {
  if (--unresolved_servers_ == 0) session_.end_of_local_sockets(loop_.now());
}

void Network::send(Datagram datagram) {
  const auto socket = sockets_.find(datagram.local);
  if (socket == sockets_.end()) return;
  socket->second.send(std::move(datagram.packet), datagram.remote);
  if (++sent_ % kSendBatch == 0) socket->second.flush();
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
