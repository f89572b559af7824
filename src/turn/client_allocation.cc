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

// RFC 8656 §8: "about one minute" before the end, which also covers all retransmissions; of a short lifetime, half.
constexpr Duration kRefreshMargin = std::chrono::minutes(1);
// After a refusal that is not the end; never more often.
constexpr Duration kMinRefreshInterval = std::chrono::seconds(1);
// A server may grant what it likes; more than this is not counted on.
constexpr Duration kMaxLifetime = std::chrono::hours(1);

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
    // RFC 8656 §7.1: IPv4 is what a server gives when it is not asked.
    if (config_.request_ipv6) builder.add_u32(AttributeType::kRequestedAddressFamily, kFamilyIpv6);
  });
}

void Client::send_refresh(Timestamp now) {
  const bool closing = state_ == ClientState::kClosing;
  send_request(allocation_request_, Method::kRefresh, now, [&](MessageBuilder& builder) {
    // RFC 8656 §8.1: 0 ends the allocation; without the attribute it gets the server's default again.
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

void Client::allocated(const stun::MessageView& response, Timestamp now) {
  const auto relayed = response.find_xor_address(AttributeType::kXorRelayedAddress);
  const auto mapped = response.mapped_address();
  const auto lifetime = response.find_u32(AttributeType::kLifetime);
  // RFC 8656 §7.3: these three are there, and the family is the one that was asked for.
  if (!relayed || !mapped || !lifetime || *lifetime == 0 || relayed->port == 0 || relayed->ip.is_unspecified() ||
      relayed->ip.is_v6() != config_.request_ipv6) {
    return fail(Cause::kRefused, {.reason = "The TURN server's answer holds no usable relayed address"});
  }
  state_ = ClientState::kAllocated;
  relayed_ = relayed;
  mapped_ = mapped;
  set_lifetime(std::chrono::seconds(*lifetime), now);
  (void)events_.push(
      event::Allocated{.relayed = *relayed, .mapped = *mapped, .lifetime = std::chrono::seconds(*lifetime)});
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
  allocation_request_.close();
  permission_request_.close();
  refresh_at_ = expires_at_ = deadline_ = kNever;
  relayed_.reset();
  mapped_.reset();
  peers_.clear();
}

}  // namespace tidewire::turn
