// The life of relayed ports: asked for, opened or not, closed.
#include <algorithm>
#include <utility>

#include "turn/server.h"

namespace tidewire::turn {
namespace {

RelayEvent open_event(const Allocation& allocation, const SocketAddress& address) {
  return allocation.tcp ? RelayEvent(OpenTcpRelay{address}) : RelayEvent(OpenRelay{address});
}

}  // namespace

void Server::open_relays(Allocation& allocation) {
  for (const Family family : kFamilies) {
    const Relay& relay = allocation.relay(family);
    if (relay.port == 0) continue;
    owners(family).set(relay.port, &allocation);
    (void)events_.push(open_event(allocation, {*relay_ip(family), relay.port}));  // has room: see events_
  }
}

// The allocation that waits for this port.
Allocation* Server::awaiting(const SocketAddress& address) {
  if (!is_relay(address)) return nullptr;
  Allocation* allocation = owners(family_of(address.ip)).find(address.port);
  return allocation != nullptr && !allocation->relay(family_of(address.ip)).open ? allocation : nullptr;
}

void Server::relay_opened(const SocketAddress& address, Timestamp) {
  Allocation* allocation = awaiting(address);
  if (allocation == nullptr) return;
  allocation->relay(family_of(address.ip)).open = true;
  settle(*allocation);
}

void Server::relay_failed(const SocketAddress& address, Timestamp) {
  Allocation* allocation = awaiting(address);
  if (allocation == nullptr) return;
  const Family family = family_of(address.ip);
  if (try_another_port(*allocation, family)) return;
  free_port(family, address.port);
  allocation->relay(family) = {.error = static_cast<std::uint16_t>(stun::ErrorNumber::kInsufficientCapacity)};
  settle(*allocation);
}

// One that was never opened.
void Server::free_port(Family family, std::uint16_t port) {
  owners(family).set(port, nullptr);
  ledger_.release_port(family, port);
}

// Somebody else on this machine has the port.
bool Server::try_another_port(Allocation& allocation, Family family) {
  Relay& relay = allocation.relay(family);
  if (relay.fixed || ++relay.attempts >= kMaxPortAttempts) return false;
  const auto port = ledger_.take_another(family, relay.even ? PortSet::Want::kEven : PortSet::Want::kAny, random_);
  if (!port) return false;
  if (!events_.push(open_event(allocation, {*relay_ip(family), *port}))) {
    ledger_.release_port(family, *port);
    return false;
  }
  free_port(family, relay.port);
  owners(family).set(*port, &allocation);
  relay.port = *port;
  return true;
}

// Answers when every port is open or given up.
void Server::settle(Allocation& allocation) {
  const auto& relays = allocation.relays;
  const auto waits = [](const Relay& relay) { return relay.port != 0 && !relay.open; };
  const auto works = [](const Relay& relay) { return relay.port != 0; };
  if (std::any_of(relays.begin(), relays.end(), waits)) return;
  if (std::none_of(relays.begin(), relays.end(), works)) {
    send_error(allocation.made_by, stun::ErrorNumber::kInsufficientCapacity);
    return remove(allocation, EndReason::kServerClosed, allocation.made_at);
  }
  allocation.answered = true;
  for (const Family family : kFamilies) {
    allocation.told_ports[static_cast<std::size_t>(family)] = allocation.relay(family).port;
  }
  ++stats_.allocations_made;
  log(AllocationMade{allocation.account, allocation.made_by.client, relays_of(allocation), allocation.granted});
  answer_allocate(allocation);
}

// The port stays taken until the owner has heard of it.
void Server::close_relay(Allocation& allocation, Family family) {
  Relay& relay = allocation.relay(family);
  if (relay.port == 0) return;
  close_connections(allocation, family);
  owners(family).set(relay.port, nullptr);
  const SocketAddress address{*relay_ip(family), relay.port};
  // Has room: see events_.
  (void)events_.push(allocation.tcp ? RelayEvent(CloseTcpRelay{address}) : RelayEvent(CloseRelay{address}));
  relay = {};
}

void Server::remove(Allocation& allocation, EndReason reason, Timestamp now) {
  for (const Family family : kFamilies) close_relay(allocation, family);
  if (allocation.answered) {
    log(AllocationEnded{allocation.account, allocation.made_by.client, relays_of(allocation), now - allocation.made_at,
                        allocation.counters, reason});
  }
  ledger_.end_allocation(allocation.account);
  allocations_.erase(allocation);
}

std::array<SocketAddress, 2> Server::relays_of(const Allocation& allocation) const {
  std::array<SocketAddress, 2> relays{};
  for (const Family family : kFamilies) {
    const auto at = static_cast<std::size_t>(family);
    if (allocation.told_ports[at] != 0) relays[at] = {*relay_ip(family), allocation.told_ports[at]};
  }
  return relays;
}

void Server::log(LogEvent event) {
  if (!log_.push(std::move(event))) ++stats_.log_lost;
}

}  // namespace tidewire::turn
