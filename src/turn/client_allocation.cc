// The allocation: made, refreshed, given back (RFC 8656 §7, §8).
#include <algorithm>
#include <chrono>
#include <utility>

#include "turn/client.h"
#include "turn/client_send.h"

namespace tidewire::turn {

using stun::AttributeType;
using stun::ErrorNumber;
using stun::MessageBuilder;
using stun::Method;

namespace {

constexpr std::uint32_t kTransportUdp = 17U << 24;  // RFC 8656 §18.8: the protocol number in the first byte
constexpr std::uint32_t kFamilyIpv6 = 0x02U << 24;  // RFC 8656 §18.6

// QUIRK coturn: up to 4.6 at least, it knows ADDITIONAL-ADDRESS-FAMILY by the number of the draft before the RFC
// (draft-martinsen-tram-ssoda) alone. The number is not assigned to anything else; it need not be understood.
constexpr AttributeType kAdditionalAddressFamilyOfDraft{0x8032};

// RFC 8656 §8: "about one minute" before the end, which also covers all retransmissions; of a short lifetime, half.
constexpr Duration kRefreshMargin = std::chrono::minutes(1);
// After a refusal that is not the end; never more often.
constexpr Duration kMinRefreshInterval = std::chrono::seconds(1);
// A server may grant what it likes; more than this is not counted on.
constexpr Duration kMaxLifetime = std::chrono::hours(1);

// A relayed address of this family that peers can send to; of several the first.
std::optional<SocketAddress> find_relayed(const stun::MessageView& response, bool v6) {
  for (const stun::Attribute attribute : response.attributes()) {
    if (attribute.type != AttributeType::kXorRelayedAddress) continue;
    const auto relayed = response.read_xor_address(attribute.value);
    if (relayed && relayed->ip.is_v6() == v6 && relayed->port != 0 && !relayed->ip.is_unspecified()) return relayed;
  }
  return std::nullopt;
}

}  // namespace

Cause cause_of(std::uint16_t error_code) {
  switch (static_cast<ErrorNumber>(error_code)) {
    case ErrorNumber::kTryAlternate: return Cause::kRedirect;
    case ErrorNumber::kUnauthenticated:
    case ErrorNumber::kStaleNonce:
    case ErrorNumber::kWrongCredentials: return Cause::kCredentials;
    case ErrorNumber::kUnknownAttribute:
    case ErrorNumber::kAddressFamilyNotSupported:
    case ErrorNumber::kUnsupportedTransport: return Cause::kUnsupported;
    case ErrorNumber::kAllocationMismatch: return Cause::kInUse;
    case ErrorNumber::kAllocationQuotaReached:
    case ErrorNumber::kInsufficientCapacity: return Cause::kQuota;
    default: return Cause::kRefused;
  }
}

void Client::send_allocate(Timestamp now) {
  send_request(allocation_request_, Method::kAllocate, now, [&](MessageBuilder& builder) {
    builder.add_u32(AttributeType::kRequestedTransport, kTransportUdp);
    // RFC 8656 §7.1: IPv4 is what a server gives when it is not asked. §18.11: IPv6 beside it is the only second one.
    if (config_.family == RelayedFamily::kIpv6) builder.add_u32(AttributeType::kRequestedAddressFamily, kFamilyIpv6);
    if (!asks_for_both()) return;
    builder.add_u32(AttributeType::kAdditionalAddressFamily, kFamilyIpv6);
    builder.add_u32(kAdditionalAddressFamilyOfDraft, kFamilyIpv6);
  });
}

void Client::send_refresh(Timestamp now) {
  const bool closing = state_ == ClientState::kClosing;
  send_request(allocation_request_, Method::kRefresh, now, [&](MessageBuilder& builder) {
    // RFC 8656 §8.1: 0 ends the allocation; without the attribute it gets the server's default again. As no family is
    // named, either is true of both relayed addresses.
    if (closing) builder.add_u32(AttributeType::kLifetime, 0);
  });
}

void Client::refresh(Timestamp now) {
  if (state_ != ClientState::kAllocated || allocation_request_.open()) return;
  send_refresh(now);
  update_deadline();
}

void Client::set_lifetime(Duration lifetime, Timestamp now) {
  lifetime = std::min(lifetime, kMaxLifetime);
  expires_at_ = now + lifetime;
  refresh_at_ = expires_at_ - std::min(kRefreshMargin, lifetime / 2);
}

// DEVIATES RFC 8656 §7.4 because to refuse the request for the sake of an attribute that need not be understood is the
// server's mistake, or it cannot do what is asked: it is asked once more, for one address. True: it has been.
bool Client::ask_for_one(const Refusal& refusal, Timestamp now) {
  const auto error = static_cast<ErrorNumber>(refusal.code);
  const bool may_be_about_it = error == ErrorNumber::kBadRequest || cause_of(refusal.code) == Cause::kUnsupported;
  if (state_ != ClientState::kAllocating || !asks_for_both() || !may_be_about_it) return false;
  both_refused_ = true;
  send_allocate(now);
  return true;
}

void Client::allocated(const stun::MessageView& response, Timestamp now) {
  // RFC 8656 §7.3: of both, one may be missing; ADDRESS-ERROR-CODE tells why, which changes nothing.
  const bool wants_v6 = asks_for_both() || config_.family == RelayedFamily::kIpv6;
  const auto v4 = config_.family == RelayedFamily::kIpv6 ? std::nullopt : find_relayed(response, false);
  const auto v6 = wants_v6 ? find_relayed(response, true) : std::nullopt;
  const auto relayed = v4 ? v4 : v6;
  const auto mapped = response.mapped_address();
  const auto lifetime = response.find_u32(AttributeType::kLifetime);
  // RFC 8656 §7.3: these three are there, and the family is one that was asked for.
  if (!relayed || !mapped || !lifetime || *lifetime == 0) {
    return fail(Cause::kRefused, {.reason = "The TURN server's answer holds no usable relayed address"});
  }
  state_ = ClientState::kAllocated;
  relayed_ = relayed;
  if (v4) relayed_v6_ = v6;
  mapped_ = mapped;
  peers_.remove_if([this](const IpAddress& peer) { return relayed_for(peer) == nullptr; });
  set_lifetime(std::chrono::seconds(*lifetime), now);
  (void)events_.push(event::Allocated{
      .relayed = *relayed, .mapped = *mapped, .relayed_v6 = relayed_v6_, .lifetime = std::chrono::seconds(*lifetime)});
}

void Client::refreshed(const stun::MessageView& response, Timestamp now) {
  const auto lifetime = response.find_u32(AttributeType::kLifetime);
  // RFC 8656 §8.3: the lifetime is the answer's.
  if (lifetime && *lifetime > 0) return set_lifetime(std::chrono::seconds(*lifetime), now);
  fail(Cause::kLost, {.reason = "The TURN server has ended the allocation"});
}

// Until the allocation's time is over there are more attempts, at half the remaining time each.
void Client::refresh_refused(const Refusal& refusal, Timestamp now) {
  if (cause_of(refusal.code) == Cause::kCredentials) return fail(Cause::kLost, refusal);
  refresh_at_ = now + std::max(kMinRefreshInterval, (expires_at_ - now) / 2);
}

void Client::close(Timestamp now) {
  // An Allocate request that may have reached the server is taken back too.
  const bool allocated =
      state_ == ClientState::kAllocated || (state_ == ClientState::kAllocating && allocation_request_.authenticated);
  if (state_ == ClientState::kFailed || state_ == ClientState::kClosing) return;
  finish_closing();
  if (!allocated) return;
  state_ = ClientState::kClosing;
  send_refresh(now);
  update_deadline();
}

void Client::finish_closing() {
  state_ = ClientState::kClosed;
  forget_allocation();
}

void Client::forget_allocation() {
  allocation_request_.close();
  permission_request_.close();
  refresh_at_ = expires_at_ = deadline_ = kNever;
  relayed_.reset();
  relayed_v6_.reset();
  mapped_.reset();
  peers_.clear();
}

}  // namespace tidewire::turn
