// Allocate (RFC 8656 §7.2, RFC 6062 §5.1).
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "turn/server.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::ErrorNumber;

constexpr std::uint8_t kUdp = 17;  // IANA's protocol numbers
constexpr std::uint8_t kTcp = 6;
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
  if (*transport >> 24 == kTcp) return read_tcp_allocate(request, wanted);
  if (*transport >> 24 != kUdp) return ErrorNumber::kUnsupportedTransport;
  if (const auto even = message.find(AttributeType::kEvenPort)) {
    if (even->size() != 1) return ErrorNumber::kBadRequest;
    wanted.port = ((*even)[0] & kReserveNext) != 0 ? PortSet::Want::kEvenAndNext : PortSet::Want::kEven;
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
    if (wanted.port == PortSet::Want::kEvenAndNext) return ErrorNumber::kBadRequest;
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

std::optional<ErrorNumber> Server::take_ports(const Request& request, const Wanted& wanted, Allocation& allocation) {
  const std::string_view account = credentials_.account(request.username);
  const auto answer = wanted.token ? ledger_.redeem(*wanted.token, account, request.now)
                                   : ledger_.take({account, wanted.families, wanted.port}, random_, request.now);
  if (const auto* error = std::get_if<ErrorNumber>(&answer)) return *error;
  const auto& grant = std::get<Ledger::Grant>(answer);
  for (const Family family : kFamilies) {
    Relay& relay = allocation.relay(family);
    relay.port = grant.ports[static_cast<std::size_t>(family)];
    relay.even = wanted.port == PortSet::Want::kEven;
    relay.fixed = wanted.token || grant.token != 0;
    if (relay.port != 0 || !wanted.families[static_cast<std::size_t>(family)]) continue;
    relay.error = static_cast<std::uint16_t>(relay_ip(family) ? ErrorNumber::kInsufficientCapacity
                                                              : ErrorNumber::kAddressFamilyNotSupported);
  }
  allocation.account = account;
  allocation.reservation = grant.token;
  if (grant.token != 0) {
    reservation_expires_ = std::min(reservation_expires_, request.now + Ledger::kReservationLifetime);
  }
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
  if (draining_) return send_error(request.reply, ErrorNumber::kInsufficientCapacity);
  Wanted wanted;
  auto error = read_allocate(request, wanted);
  auto allocation = std::make_unique<Allocation>();
  if (!error) error = take_ports(request, wanted, *allocation);
  if (error) return send_error(request.reply, *error);
  allocation->made_by = request.reply;
  allocation->username = request.username;
  allocation->tcp = wanted.tcp;
  allocation->made_at = request.now;
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
