#include "peer/network.h"

#include <algorithm>
#include <utility>

#include "io/os_random.h"
#include "peer/udp_port_impl.h"

namespace tidewire::peer {
namespace {

// What one system call takes, in a few trains. A congestion window may hold more than a socket queues till the end of
// the turn.
constexpr std::size_t kSendBatch = 128;

// RFC 8445 §5.1.2.1: the order in which addresses are preferred, each with its own value: of one kind, those that were
// there first; physical interfaces before tunnels, and bridges of containers last, also when they come later.
std::uint16_t preference_of(io::InterfaceKind kind, std::uint16_t number) {
  constexpr int kStep = 16384;
  return static_cast<std::uint16_t>(65535 - static_cast<int>(kind) * kStep - number % kStep);
}

}  // namespace

Network::Network(io::EventLoop& loop, Session& session, const Configuration& configuration,
                 UniqueFunction<void()> on_change)
    : loop_(loop), session_(session), configuration_(configuration), on_change_(std::move(on_change)), resolver_(loop) {
  if (!configuration.emulated_path) return;
  emulation_.emplace(
      loop, configuration.emulated_path,
      PathEmulation::Callbacks{.on_sent =
                                   [this](std::span<Datagram> batch) {
                                     for (Datagram& datagram : batch) put_out(std::move(datagram));
                                     flush();
                                   },
                               .on_received = [this](std::span<Datagram> batch) { handle_batch(batch); }});
}

Result<> Network::open() {
  const auto servers = parse_servers();
  if (!servers) return servers.error();
  const auto interfaces = io::list_interfaces();
  if (!interfaces) return interfaces.error();
  Error last{ErrorCode::kNetwork, "this machine has no network address; bring an interface up"};
  for (const io::HostAddress& host : io::ice_host_addresses(*interfaces, configuration_.include_loopback)) {
    if (auto added = add_address(host); !added) last = added.error();
  }
  if (locals_.empty()) return last;
  // Where one may not listen to changes, the addresses that are there have to do.
  if (auto monitor = io::InterfaceMonitor::open(loop_, [this] { follow_interfaces(); })) monitor_ = std::move(*monitor);
  unresolved_servers_ = 1;
  for (const Server& server : *servers) look_up(server);
  settle();
  return {};
}

Result<> Network::add_address(const io::HostAddress& host) {
  Local& local = locals_[host.ip];
  auto bound = configuration_.udp_port ? bind_shared(local, host.ip) : bind(local, host.ip);
  const std::uint16_t preference = preference_of(host.kind, addresses_used_);
  if (bound) {
    local.mdns_name = configuration_.hide_host_addresses && !host.ip.is_loopback() ? publish(host.ip) : std::string();
    bound = session_.add_local_socket({.bound = local.bound,
                                       .preference = preference,
                                       .mdns_name = local.mdns_name,
                                       .public_ip = configuration_.public_ip},
                                      loop_.now());
  }
  if (!bound) {
    locals_.erase(host.ip);
    return bound;
  }
  ++addresses_used_;
  by_bound_[local.bound] = &local;
  if (configuration_.tcp_candidates && tcp_addresses_ < kMaxTcpAddresses) {
    ++tcp_addresses_;
    listen(local, preference);
    // One that the agent has no room for is one way fewer.
    (void)session_.add_tcp_active({.bound = local.bound, .preference = preference, .mdns_name = local.mdns_name},
                                  loop_.now());
  }
  return {};
}

Result<> Network::bind(Local& local, const IpAddress& ip) {
  const auto on_datagrams = [this](std::span<Datagram> batch) { take(batch); };
  const auto& range = configuration_.port_range;
  auto socket = range ? io::UdpSocket::bind_in_range(loop_, ip, {range->first, range->last}, on_datagrams, {})
                      : io::UdpSocket::bind(loop_, {ip, 0}, on_datagrams);
  if (!socket) return socket.error();
  local.bound = socket->local_address();
  local.socket = std::move(*socket);
  return {};
}

Result<> Network::bind_shared(Local& local, const IpAddress& ip) {
  io::SharedUdpPort* port = configuration_.udp_port->impl_->find(ip);
  if (port == nullptr) return Error{ErrorCode::kNetwork, "the shared port is not open on " + ip.to_string()};
  if (ufrag_.empty()) ufrag_ = session_.local_ice_ufrag();
  auto registration = port->register_owner(ufrag_, [this](std::span<Datagram> batch) { take(batch); });
  if (!registration) return registration.error();
  local.bound = port->local_address();
  local.shared = std::move(*registration);
  return {};
}

// Without multicast there is no name, and then no host candidate may be shown: the session gets one that nobody can
// resolve.
std::string Network::publish(const IpAddress& ip) {
  if (!responder_) responder_ = std::make_unique<io::MdnsResponder>(loop_, io::os_random());
  const auto name = responder_->publish(ip);
  return name ? *name : "unpublished.local";
}

void Network::drop(std::map<IpAddress, Local>::iterator local) {
  session_.remove_local_socket(local->second.bound, loop_.now());
  if (local->second.listener) {
    session_.remove_local_socket(local->second.listener->local_address(), loop_.now());
    --tcp_addresses_;
  }
  if (responder_ && !local->second.mdns_name.empty()) responder_->withdraw(local->second.mdns_name);
  by_bound_.erase(local->second.bound);
  last_sender_ = nullptr;
  locals_.erase(local);
}

void Network::follow_interfaces() {
  const auto interfaces = io::list_interfaces();
  if (!interfaces) return;
  const auto present = io::ice_host_addresses(*interfaces, configuration_.include_loopback);
  for (auto local = locals_.begin(); local != locals_.end();) {
    const auto next = std::next(local);
    const bool stays =
        std::ranges::any_of(present, [&](const io::HostAddress& host) { return host.ip == local->first; });
    if (!stays) drop(local);
    local = next;
  }
  for (const io::HostAddress& host : present) {
    // An address that cannot be bound yet (IPv6 tries it for a second) is announced again when it can.
    if (!locals_.contains(host.ip)) (void)add_address(host);
  }
  on_change_();
}

Network::Local* Network::find(const SocketAddress& bound) {
  const auto found = by_bound_.find(bound);
  return found == by_bound_.end() ? nullptr : found->second;
}

void Network::send(Datagram datagram) {
  if (datagram.stream != StreamId{}) {
    const auto stream = streams_.find(datagram.stream);
    if (stream != streams_.end()) stream->second.send(std::move(datagram.packet));
    return;
  }
  emulation_ ? emulation_->send(std::move(datagram)) : put_out(std::move(datagram));
}

void Network::put_out(Datagram datagram) {
  if (last_sender_ == nullptr || last_sender_->bound != datagram.local) last_sender_ = find(datagram.local);
  if (last_sender_ == nullptr) return;
  if (last_sender_->shared) {
    last_sender_->shared->send(std::move(datagram.packet), datagram.remote);
  } else {
    last_sender_->socket->send(std::move(datagram.packet), datagram.remote);
  }
  if (++sent_ % kSendBatch == 0) flush();
}

// Almost always one socket is the only one that is sent from.
void Network::flush() {
  if (last_sender_ == nullptr) return;
  last_sender_->shared ? last_sender_->shared->flush() : last_sender_->socket->flush();
}

// Of datagrams; what comes by streams is handled at once.
void Network::take(std::span<Datagram> batch) { emulation_ ? emulation_->receive(batch) : handle_batch(batch); }

void Network::handle_batch(std::span<Datagram> batch) {
  const Timestamp now = loop_.now();
  for (Datagram& datagram : batch) session_.handle_input(std::move(datagram), now);
  on_change_();
}

void Network::note_verified(const event::PathVerified& path) {
  if (path.stream != StreamId{}) {
    const auto stream = streams_.find(path.stream);
    if (stream != streams_.end()) stream->second.set_authenticated();
  } else if (Local* local = find(path.local); local != nullptr && local->shared) {
    local->shared->bind_remote(path.remote);
  }
}

void Network::follow_credentials() {
  if (!configuration_.udp_port || locals_.empty() || ufrag_ == session_.local_ice_ufrag()) return;
  const std::string outdated = std::exchange(previous_ufrag_, std::exchange(ufrag_, session_.local_ice_ufrag()));
  for (auto& [ip, local] : locals_) {
    // Refused when the table is full, or the chance of one in millions made two the same: this restart fails, and the
    // next one may not.
    (void)local.shared->add_ufrag(ufrag_);
    if (!outdated.empty()) local.shared->remove_ufrag(outdated);
  }
}

}  // namespace tidewire::peer
