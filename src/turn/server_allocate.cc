// Allocate (RFC 8656 §7.2).
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "turn/server.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::ErrorNumber;

constexpr std::uint8_t kUdp = 17;      // IANA's protocol number
constexpr std::uint8_t kFamilyV4 = 1;  // RFC 8656 §18.6
constexpr std::uint8_t kFamilyV6 = 2;
constexpr std::uint8_t kReserveNext = 0x80;  // RFC 8656 §18.7: the R bit of EVEN-PORT

std::uint8_t wire_family(Family family) { return family == Family::kV4 ? kFamilyV4 : kFamilyV6; }

}  // namespace

// RFC 8656 §7.2: what was asked for, but not below the default and not above the most.
Duration Server::granted_lifetime(const stun::MessageView& message) const {
  const auto seconds = message.find_u32(AttributeType::kLifetime);
  const Duration asked = seconds ? Duration(std::chrono::seconds(*seconds)) : Duration::zero();
  return std::min(std::max(asked, config_.default_lifetime), std::max(config_.max_lifetime, config_.default_lifetime));
}

std::optional<ErrorNumber> Server::read_allocate(const Request& request, Wanted& wanted) const {
  const stun::MessageView& message = request.message;
  const auto transport = message.find_u32(AttributeType::kRequestedTransport);
  if (!transport) return ErrorNumber::kBadRequest;
  if (*transport >> 24 != kUdp) return ErrorNumber::kUnsupportedTransport;
  if (const auto even = message.find(AttributeType::kEvenPort)) {
    if (even->size() != 1) return ErrorNumber::kBadRequest;
    wanted.port = ((*even)[0] & kReserveNext) != 0 ? RelayPorts::Want::kEvenAndNext : RelayPorts::Want::kEven;
  }
  if (message.has(AttributeType::kReservationToken)) {
    wanted.token = message.find_u64(AttributeType::kReservationToken);
    // RFC 8656 §7.2: the reserved port says what family and parity it has.
    const bool contradicts = message.has(AttributeType::kEvenPort) ||
                             message.has(AttributeType::kRequestedAddressFamily) ||
                             message.has(AttributeType::kAdditionalAddressFamily);
    if (!wanted.token || contradicts) return ErrorNumber::kBadRequest;
    return std::nullopt;
  }
  return read_families(message, wanted);
}

std::optional<ErrorNumber> Server::read_families(const stun::MessageView& message, Wanted& wanted) const {
  const auto requested = message.find(AttributeType::kRequestedAddressFamily);
  const auto additional = message.find(AttributeType::kAdditionalAddressFamily);
  if (requested && (additional || requested->size() != 4)) return ErrorNumber::kBadRequest;
  if (additional) {
    // RFC 8656 §18.11: IPv6 beside IPv4 is the only pair; §7.2: no port is reserved with it.
    if (additional->size() != 4 || (*additional)[0] != kFamilyV6) return ErrorNumber::kBadRequest;
    if (wanted.port == RelayPorts::Want::kEvenAndNext) return ErrorNumber::kBadRequest;
    wanted.families = {true, true};
    wanted.both = true;
    return relay_ip(Family::kV4) || relay_ip(Family::kV6) ? std::nullopt
                                                          : std::optional(ErrorNumber::kAddressFamilyNotSupported);
  }
  const std::uint8_t family = requested ? (*requested)[0] : kFamilyV4;
  if (family != kFamilyV4 && family != kFamilyV6) return ErrorNumber::kAddressFamilyNotSupported;
  const Family one = family == kFamilyV4 ? Family::kV4 : Family::kV6;
  if (!relay_ip(one)) return ErrorNumber::kAddressFamilyNotSupported;
  wanted.families[static_cast<std::size_t>(one)] = true;
  return std::nullopt;
}

std::optional<ErrorNumber> Server::check_quota(const Request& request, const Wanted& wanted) const {
  const std::size_t held = accounts_.held_by(credentials_.account(request.username));
  const bool reserves = wanted.port == RelayPorts::Want::kEvenAndNext;
  // A reserved port has been counted before.
  const std::size_t more = wanted.token ? 0 : reserves ? 2 : 1;
  if (held + more > config_.max_allocations_per_user) return ErrorNumber::kAllocationQuotaReached;
  if (allocations_.size() >= config_.max_allocations) return ErrorNumber::kInsufficientCapacity;
  if (reserves && reservations_.full()) return ErrorNumber::kInsufficientCapacity;
  return std::nullopt;
}

// RFC 8656 §7.2: 508 when the token is not one of a port that waits.
std::optional<ErrorNumber> Server::claim_reserved(const Request& request, const Wanted& wanted,
                                                  Allocation& allocation) {
  const auto claimed = reservations_.claim(*wanted.token, credentials_.account(request.username), request.now);
  if (!claimed) return ErrorNumber::kInsufficientCapacity;
  allocation.relay(claimed->family) = {.port = claimed->port, .fixed = true};
  allocation.account = claimed->account;
  return std::nullopt;
}

std::optional<ErrorNumber> Server::take_ports(const Request& request, const Wanted& wanted, Allocation& allocation) {
  bool any = false;
  for (const Family family : kFamilies) {
    if (!wanted.families[static_cast<std::size_t>(family)]) continue;
    Relay& relay = allocation.relay(family);
    const auto port = ports(family).take(wanted.port, random_);
    const bool reserves = wanted.port == RelayPorts::Want::kEvenAndNext;
    if (port) {
      relay = {.port = *port, .even = wanted.port == RelayPorts::Want::kEven, .fixed = reserves};
      any = true;
    } else {
      const ErrorNumber why =
          relay_ip(family) ? ErrorNumber::kInsufficientCapacity : ErrorNumber::kAddressFamilyNotSupported;
      relay.error = static_cast<std::uint16_t>(why);
    }
    if (!port || !reserves) continue;
    allocation.reservation = random_.u64() | 1;  // never 0
    Account& account = accounts_.acquire(credentials_.account(request.username));
    reservations_.add({.token = allocation.reservation,
                       .family = family,
                       .port = static_cast<std::uint16_t>(*port + 1),
                       .account = &account,
                       .expires = request.now + Reservations::kLifetime});
  }
  if (!any) return ErrorNumber::kInsufficientCapacity;
  allocation.account = &accounts_.acquire(credentials_.account(request.username));
  return std::nullopt;
}

void Server::handle_allocate(const Request& request) {
  if (const Allocation* allocation = allocations_.find(request.reply.client)) {
    // RFC 8656 §7.2: a repetition of the request that made it gets the same answer, once there is one.
    const bool same =
        allocation->made_by.transaction == request.reply.transaction && allocation->username == request.username;
    if (!same) return send_error(request.reply, ErrorNumber::kAllocationMismatch);
    if (!allocation->is_pending()) answer_allocate(*allocation);
    return;
  }
  Wanted wanted;
  auto error = read_allocate(request, wanted);
  if (!error) error = check_quota(request, wanted);
  auto allocation = std::make_unique<Allocation>();
  if (!error) {
    error = wanted.token ? claim_reserved(request, wanted, *allocation) : take_ports(request, wanted, *allocation);
  }
  if (error) return send_error(request.reply, *error);
  allocation->made_by = request.reply;
  allocation->username = request.username;
  allocation->granted = granted_lifetime(request.message);
  allocation->expires = request.now + allocation->granted;
  open_relays(allocations_.insert(std::move(allocation)));
}

void Server::answer_allocate(const Allocation& allocation) {
  const ReplyTo& reply = allocation.made_by;
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kSuccess, reply.method, reply.transaction);
  for (const Family family : kFamilies) {
    const Relay& relay = allocation.relay(family);
    if (relay.port != 0) {
      const auto& advertised = family == Family::kV4 ? config_.advertised_v4 : config_.advertised_v6;
      const IpAddress ip = advertised ? *advertised : *relay_ip(family);
      builder.add_xor_address(AttributeType::kXorRelayedAddress, {ip, relay.port});
    } else if (relay.error != 0) {
      // RFC 8656 §18.12
      const std::array<std::uint8_t, 4> value{wire_family(family), 0, static_cast<std::uint8_t>(relay.error / 100),
                                              static_cast<std::uint8_t>(relay.error % 100)};
      builder.add(AttributeType::kAddressErrorCode, value);
    }
  }
  const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(allocation.granted).count();
  builder.add_u32(AttributeType::kLifetime, static_cast<std::uint32_t>(lifetime));
  if (allocation.reservation != 0) builder.add_u64(AttributeType::kReservationToken, allocation.reservation);
  builder.add_xor_address(AttributeType::kXorMappedAddress, reply.client.client);
  send(packet, builder, reply);
}

}  // namespace tidewire::turn
